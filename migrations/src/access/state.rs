//! What a server has, or should have, of roles, rights and views; and how it is read.

use std::collections::{BTreeMap, BTreeSet};

use sqlx::{AssertSqlSafe, MySqlConnection};

use super::grant::{Account, Grant, On};
use super::names::Names;
use super::server::Server;

/// Roles, rights and views: as they should be, or as they are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct State {
    /// The roles of the database.
    pub(super) roles: BTreeSet<Account>,
    /// What these may do anywhere; and as it is, what others may do in the database.
    pub(super) grants: BTreeSet<Grant>,
    /// What each view selects, by its name.
    pub(super) views: BTreeMap<String, String>,
}

/// The database and its tables: what the wanted state is made for.
#[derive(Debug, Clone)]
pub(super) struct Schema {
    pub(super) database: String,
    pub(super) server: Server,
    pub(super) names: Names,
    /// The columns of each table, in their order.
    pub(super) tables: BTreeMap<String, Vec<String>>,
}

/// Somebody who has a role, or a role that has one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Membership {
    pub(super) role: String,
    pub(super) member: Account,
    /// Whether the member's sessions begin with it.
    pub(super) by_default: bool,
    /// Whether the member may give it to others.
    pub(super) passes_on: bool,
}

/// As a server is.
#[derive(Debug, Clone)]
pub(super) struct Actual {
    pub(super) state: State,
    /// Roles that somebody could sign in as.
    pub(super) unlocked: BTreeSet<Account>,
    pub(super) members: Vec<Membership>,
    /// Procedures and functions of the database.
    pub(super) routines: Vec<String>,
    /// Who asks: whoever migrates has rights of their own.
    pub(super) ourselves: Account,
    /// Who may make users, and so give anybody any role.
    pub(super) administrators: BTreeSet<Account>,
}

const TABLES: &str = "SELECT CAST(tables.TABLE_NAME AS CHAR), CAST(columns.COLUMN_NAME AS CHAR) \
    FROM information_schema.TABLES AS tables JOIN information_schema.COLUMNS AS columns \
    ON columns.TABLE_SCHEMA = tables.TABLE_SCHEMA AND columns.TABLE_NAME = tables.TABLE_NAME \
    WHERE tables.TABLE_SCHEMA = DATABASE() AND tables.TABLE_TYPE = 'BASE TABLE' \
    ORDER BY tables.TABLE_NAME, columns.ORDINAL_POSITION";

/// A view that would run with the rights of whoever made it is not one of ours, whatever it selects.
const VIEWS: &str = "SELECT CAST(TABLE_NAME AS CHAR), \
    CAST(IF(SECURITY_TYPE = 'INVOKER', VIEW_DEFINITION, '') AS CHAR) \
    FROM information_schema.VIEWS WHERE TABLE_SCHEMA = DATABASE()";

const ROUTINES: &str = "SELECT CAST(ROUTINE_NAME AS CHAR) FROM information_schema.ROUTINES \
    WHERE ROUTINE_SCHEMA = DATABASE() ORDER BY ROUTINE_NAME";

const ADMINISTRATORS: &str = "SELECT CAST(GRANTEE AS CHAR) FROM information_schema.USER_PRIVILEGES \
    WHERE PRIVILEGE_TYPE = 'CREATE USER'";

/// On the server, on databases by a pattern, on tables, on columns. The bound text is how the accounts of our roles begin here.
const GRANTS: &str = "SELECT CAST(GRANTEE AS CHAR), CAST('' AS CHAR), CAST('' AS CHAR), CAST('' AS CHAR), \
    CAST(PRIVILEGE_TYPE AS CHAR), CAST(IS_GRANTABLE AS CHAR) FROM information_schema.USER_PRIVILEGES \
    WHERE LEFT(GRANTEE, CHAR_LENGTH(?)) = ? \
    UNION ALL SELECT CAST(GRANTEE AS CHAR), CAST(TABLE_SCHEMA AS CHAR), '', '', CAST(PRIVILEGE_TYPE AS CHAR), \
    CAST(IS_GRANTABLE AS CHAR) FROM information_schema.SCHEMA_PRIVILEGES \
    WHERE DATABASE() LIKE TABLE_SCHEMA OR LEFT(GRANTEE, CHAR_LENGTH(?)) = ? \
    UNION ALL SELECT CAST(GRANTEE AS CHAR), CAST(TABLE_SCHEMA AS CHAR), CAST(TABLE_NAME AS CHAR), '', \
    CAST(PRIVILEGE_TYPE AS CHAR), CAST(IS_GRANTABLE AS CHAR) FROM information_schema.TABLE_PRIVILEGES \
    WHERE TABLE_SCHEMA = DATABASE() OR LEFT(GRANTEE, CHAR_LENGTH(?)) = ? \
    UNION ALL SELECT CAST(GRANTEE AS CHAR), CAST(TABLE_SCHEMA AS CHAR), CAST(TABLE_NAME AS CHAR), \
    CAST(COLUMN_NAME AS CHAR), CAST(PRIVILEGE_TYPE AS CHAR), CAST(IS_GRANTABLE AS CHAR) \
    FROM information_schema.COLUMN_PRIVILEGES \
    WHERE TABLE_SCHEMA = DATABASE() OR LEFT(GRANTEE, CHAR_LENGTH(?)) = ?";

impl Schema {
    /// Of the connection's database.
    pub(super) async fn read(connection: &mut MySqlConnection) -> Result<Self, sqlx::Error> {
        let server = Server::of(connection).await?;
        let database = "SELECT CAST(DATABASE() AS CHAR)";
        let database: String = sqlx::query_scalar(database).fetch_one(&mut *connection).await?;
        let mut tables: BTreeMap<String, Vec<String>> = BTreeMap::new();
        let columns: Vec<(String, String)> = sqlx::query_as(TABLES).fetch_all(connection).await?;
        for (table, column) in columns {
            tables.entry(table).or_default().push(column);
        }
        Ok(Self { names: Names::of(&database), database, server, tables })
    }
}

impl Actual {
    /// Of the connection's server, as far as it is about this database. Needs to read the tables of `mysql`.
    pub(super) async fn read(connection: &mut MySqlConnection, schema: &Schema) -> Result<Self, sqlx::Error> {
        let ourselves = "SELECT CAST(CURRENT_USER() AS CHAR)";
        let ourselves: String = sqlx::query_scalar(ourselves).fetch_one(&mut *connection).await?;
        let views: Vec<(String, String)> = sqlx::query_as(VIEWS).fetch_all(&mut *connection).await?;
        let (roles, unlocked) = roles(connection, schema).await?;
        let state =
            State { roles, grants: grants(connection, schema).await?, views: views.into_iter().collect() };
        let members = members(connection, schema).await?;
        let routines = sqlx::query_scalar(ROUTINES).fetch_all(&mut *connection).await?;
        let administrators: Vec<String> = sqlx::query_scalar(ADMINISTRATORS).fetch_all(connection).await?;
        let administrators = administrators.iter().map(|account| Account::parse(account)).collect();
        Ok(Self { state, unlocked, members, routines, ourselves: Account::parse(&ourselves), administrators })
    }
}

async fn roles(
    connection: &mut MySqlConnection,
    schema: &Schema,
) -> Result<(BTreeSet<Account>, BTreeSet<Account>), sqlx::Error> {
    let prefix = &schema.names.prefix;
    let roles = sqlx::query_as(schema.server.roles()).bind(prefix).bind(prefix);
    let roles: Vec<(String, String, i64)> = roles.fetch_all(connection).await?;
    let account =
        |(name, host, _): &(String, String, i64)| Account { name: name.clone(), host: host.clone() };
    let unlocked = roles.iter().filter(|(_, _, unlocked)| *unlocked != 0).map(account).collect();
    Ok((roles.iter().map(account).collect(), unlocked))
}

async fn members(connection: &mut MySqlConnection, schema: &Schema) -> Result<Vec<Membership>, sqlx::Error> {
    let prefix = &schema.names.prefix;
    let members = sqlx::query_as(schema.server.members()).bind(prefix).bind(prefix).bind(prefix).bind(prefix);
    let members: Vec<(String, String, String, i64, i64)> = members.fetch_all(connection).await?;
    let member = |(role, name, host, by_default, passes_on): (String, String, String, i64, i64)| Membership {
        role,
        member: Account { name, host },
        by_default: by_default != 0,
        passes_on: passes_on != 0,
    };
    Ok(members.into_iter().map(member).collect())
}

async fn grants(connection: &mut MySqlConnection, schema: &Schema) -> Result<BTreeSet<Grant>, sqlx::Error> {
    // As information_schema quotes an account.
    let begins = format!("'{}", schema.names.prefix);
    let mut query = sqlx::query_as(GRANTS);
    for _ in 0..GRANTS.matches('?').count() {
        query = query.bind(&begins);
    }
    let rows: Vec<[String; 6]> = query
        .fetch_all(&mut *connection)
        .await?
        .into_iter()
        .map(|(a, b, c, d, e, f): (String, String, String, String, String, String)| [a, b, c, d, e, f])
        .collect();
    let mut grants = BTreeSet::new();
    for [grantee, database, table, column, privilege, grantable] in rows {
        let on = match (database.as_str(), table.as_str()) {
            ("", _) => On::Server,
            (_, "") => On::Databases(database),
            _ => On::Table { database, name: table },
        };
        let column = Some(column).filter(|column| !column.is_empty());
        let grant = Grant { account: Account::parse(&grantee), on, privilege, column };
        if grantable == "YES" {
            let privilege = "GRANT OPTION".to_owned();
            grants.insert(Grant { privilege, column: None, ..grant.clone() });
        }
        // What an account without any right is listed with.
        if grant.privilege != "USAGE" {
            grants.insert(grant);
        }
    }
    if let Some(mighty) = schema.server.mighty_roles() {
        let prefix = &schema.names.prefix;
        let mighty = sqlx::query_scalar(AssertSqlSafe(mighty)).bind(prefix).bind(prefix);
        let mighty: Vec<String> = mighty.fetch_all(connection).await?;
        grants.extend(mighty.into_iter().map(|name| Grant {
            account: schema.server.role(name),
            on: On::Server,
            privilege: "ALL PRIVILEGES".to_owned(),
            column: None,
        }));
    }
    Ok(grants)
}
