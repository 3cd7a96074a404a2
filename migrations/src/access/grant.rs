//! Rights, one by one, and the statements that give and take them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// Who is granted something: a user or a role.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Account {
    pub(super) name: String,
    /// Empty for a role of MariaDB, which has none.
    pub(super) host: String,
}

impl Account {
    /// From the form `'name'@'host'`, in which information_schema has it, or `name@host`, that of `CURRENT_USER()`. Neither
    /// escapes anything.
    pub(super) fn parse(text: &str) -> Self {
        let (name, host) = text.rsplit_once('@').unwrap_or((text, ""));
        let bare = |part: &str| {
            let inner = part.strip_prefix('\'').and_then(|part| part.strip_suffix('\''));
            inner.unwrap_or(part).to_owned()
        };
        Self { name: bare(name), host: bare(host) }
    }
}

/// As statements name it.
impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let quoted = |text: &str| format!("'{}'", text.replace('\\', "\\\\").replace('\'', "''"));
        f.write_str(&quoted(&self.name))?;
        if self.host.is_empty() { Ok(()) } else { write!(f, "@{}", quoted(&self.host)) }
    }
}

/// What a right is on.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum On {
    Server,
    /// The databases whose names are like this pattern.
    Databases(String),
    Table {
        database: String,
        name: String,
    },
}

impl On {
    /// Exactly that database: `_` and `%` in its name stand for themselves.
    pub(super) fn database(name: &str) -> Self {
        Self::Databases(name.replace('_', "\\_").replace('%', "\\%"))
    }
}

/// As statements name it.
impl fmt::Display for On {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Server => f.write_str("*.*"),
            Self::Databases(pattern) => write!(f, "{}.*", identifier(pattern)),
            Self::Table { database, name } => write!(f, "{}.{}", identifier(database), identifier(name)),
        }
    }
}

/// A name as an identifier.
pub(super) fn identifier(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}

/// One privilege of one account on one thing.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Grant {
    pub(super) account: Account,
    pub(super) on: On,
    /// As information_schema names it.
    pub(super) privilege: String,
    /// The column, where it is on one alone.
    pub(super) column: Option<String>,
}

/// A statement for each account and thing, with all that it is about: `GRANT … ON … TO …`.
pub(super) fn grant(grants: &BTreeSet<Grant>) -> Vec<(Account, String)> {
    statements(grants, "GRANT", "TO")
}

/// The same, to take it: `REVOKE … ON … FROM …`.
pub(super) fn revoke(grants: &BTreeSet<Grant>) -> Vec<(Account, String)> {
    statements(grants, "REVOKE", "FROM")
}

fn statements(grants: &BTreeSet<Grant>, verb: &str, whom: &str) -> Vec<(Account, String)> {
    let mut groups: BTreeMap<(&Account, &On), BTreeMap<&str, Vec<String>>> = BTreeMap::new();
    for grant in grants {
        let privileges = groups.entry((&grant.account, &grant.on)).or_default();
        let columns = privileges.entry(grant.privilege.as_str()).or_default();
        columns.extend(grant.column.as_deref().map(identifier));
    }
    let statement = |((account, on), privileges): ((&Account, &On), BTreeMap<&str, Vec<String>>)| {
        let privileges: Vec<String> = privileges
            .into_iter()
            .map(|(privilege, columns)| match columns.as_slice() {
                [] => privilege.to_owned(),
                columns => format!("{privilege} ({})", columns.join(", ")),
            })
            .collect();
        (account.clone(), format!("{verb} {} ON {on} {whom} {account}", privileges.join(", ")))
    };
    groups.into_iter().map(statement).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rights_on_one_thing_are_one_statement() {
        let account = Account::parse("'t.app_query'@'%'");
        let on = On::Table { database: "t".to_owned(), name: "stock".to_owned() };
        let right = |privilege: &str, column: Option<&str>| Grant {
            account: account.clone(),
            on: on.clone(),
            privilege: privilege.to_owned(),
            column: column.map(str::to_owned),
        };
        let rights = [right("SELECT", Some("b")), right("SELECT", Some("a")), right("INSERT", None)].into();
        assert_eq!(
            grant(&rights)[0].1,
            "GRANT INSERT, SELECT (`a`, `b`) ON `t`.`stock` TO 't.app_query'@'%'"
        );
        let schema = Grant { on: On::database("t_1"), ..right("EVENT", None) };
        assert_eq!(revoke(&[schema].into())[0].1, "REVOKE EVENT ON `t\\_1`.* FROM 't.app_query'@'%'");
    }

    #[test]
    fn accounts_are_named_as_statements_take_them() {
        for (text, named) in [
            ("'root'@'localhost'", "'root'@'localhost'"),
            ("root@localhost", "'root'@'localhost'"),
            ("'t.support'@''", "'t.support'"),
            ("'o'b@x'@'%'", "'o''b@x'@'%'"),
        ] {
            assert_eq!(Account::parse(text).to_string(), named);
        }
    }
}
