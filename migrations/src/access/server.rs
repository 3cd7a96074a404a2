//! Where MySQL and MariaDB differ: a role is a locked account of any host there, and has no host here; who is in a role, and
//! with which roles a session begins, is written down in different tables.

use sqlx::MySqlConnection;

use super::grant::Account;

/// Which of the two a server is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Server {
    /// Oracle's, from 8.0 on, and Aurora.
    MySql,
    /// MariaDB, from 10.11 on.
    MariaDb,
}

impl Server {
    pub(super) async fn of(connection: &mut MySqlConnection) -> Result<Self, sqlx::Error> {
        let version: String = sqlx::query_scalar("SELECT VERSION()").fetch_one(connection).await?;
        Ok(if version.contains("MariaDB") { Self::MariaDb } else { Self::MySql })
    }

    /// The account that a role is.
    pub(super) fn role(self, name: String) -> Account {
        let host = match self {
            Self::MySql => "%",
            Self::MariaDb => "",
        };
        Account { name, host: host.to_owned() }
    }

    /// Roles whose names begin with the bound text: name, host, and 1 where one can sign in as it.
    pub(super) fn roles(self) -> &'static str {
        match self {
            Self::MySql => {
                "SELECT CAST(User AS CHAR), CAST(Host AS CHAR), CAST(account_locked = 'N' AS SIGNED) \
                 FROM mysql.user WHERE LEFT(User, CHAR_LENGTH(?)) = ?"
            }
            Self::MariaDb => {
                "SELECT CAST(User AS CHAR), CAST(Host AS CHAR), 0 \
                 FROM mysql.user WHERE is_role = 'Y' AND LEFT(User, CHAR_LENGTH(?)) = ?"
            }
        }
    }

    /// Who is in a role whose name begins with the bound text, and in what such a role is: the role, the member's name and host,
    /// 1 where its sessions begin with that role, and 1 where it may pass the role on, as on MariaDB whoever makes one may.
    pub(super) fn members(self) -> &'static str {
        match self {
            Self::MySql => {
                "SELECT CAST(edges.FROM_USER AS CHAR), CAST(edges.TO_USER AS CHAR), CAST(edges.TO_HOST AS CHAR), \
                 CAST(defaults.USER IS NOT NULL AS SIGNED), CAST(edges.WITH_ADMIN_OPTION = 'Y' AS SIGNED) \
                 FROM mysql.role_edges AS edges \
                 LEFT JOIN mysql.default_roles AS defaults ON defaults.USER = edges.TO_USER \
                 AND defaults.HOST = edges.TO_HOST AND defaults.DEFAULT_ROLE_USER = edges.FROM_USER \
                 WHERE LEFT(edges.FROM_USER, CHAR_LENGTH(?)) = ? OR LEFT(edges.TO_USER, CHAR_LENGTH(?)) = ?"
            }
            Self::MariaDb => {
                "SELECT CAST(mapping.Role AS CHAR), CAST(mapping.User AS CHAR), CAST(mapping.Host AS CHAR), \
                 CAST(COALESCE(users.default_role = mapping.Role, 0) AS SIGNED), \
                 CAST(mapping.Admin_option = 'Y' AS SIGNED) FROM mysql.roles_mapping AS mapping \
                 LEFT JOIN mysql.user AS users ON users.User = mapping.User AND users.Host = mapping.Host \
                 WHERE LEFT(mapping.Role, CHAR_LENGTH(?)) = ? OR LEFT(mapping.User, CHAR_LENGTH(?)) = ?"
            }
        }
    }

    /// Roles whose names begin with the bound text and that have rights on the whole server. MySQL lists those by name, in
    /// `information_schema.USER_PRIVILEGES`; MariaDB lists users there, and no role.
    pub(super) fn mighty_roles(self) -> Option<&'static str> {
        let rights = "SELECT CAST(User AS CHAR) FROM mysql.global_priv WHERE JSON_VALUE(Priv, '$.is_role') \
                      AND JSON_VALUE(Priv, '$.access') > 0 AND LEFT(User, CHAR_LENGTH(?)) = ?";
        (self == Self::MariaDb).then_some(rights)
    }

    /// Has the sessions of a member begin with that role.
    pub(super) fn set_default(self, role: &Account, member: &Account) -> String {
        match self {
            Self::MySql => format!("ALTER USER {member} DEFAULT ROLE {role}"),
            Self::MariaDb => format!("SET DEFAULT ROLE {role} FOR {member}"),
        }
    }
}
