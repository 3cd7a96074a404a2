//! Users: who signs in, with what, and in which role. A user has no right but by its role.
//!
//! Owns what a password may be. It must never print one, nor have one in an error or a log, and never touches an account that is
//! not in a role of this database.

use std::fmt;

use rand::Rng;
use rand::distr::Alphanumeric;
use sqlx::mysql::MySqlConnectOptions;
use sqlx::{AssertSqlSafe, Connection, MySqlConnection};

use super::file::File;
use super::grant::Account;
use super::names::UserName;
use super::state::{Actual, Membership, Schema};
use super::{Error, connect};

/// Shortest password that is taken, in characters: one that is guessed over a network within a day is no password.
const MIN_PASSWORD: usize = 12;
/// Longest password that is taken, in characters.
const MAX_PASSWORD: usize = 128;
/// Letters and digits in a group of a password that is made: four groups cannot be guessed.
const GROUP: usize = 8;

/// Why a user cannot be added or removed.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// The file has no such role.
    #[error("access.toml has no role `{0}`; it has {1}")]
    NoRole(String, String),
    /// There is an account of that name, and it is not in a role of this database alone.
    #[error(
        "{0} is an account that did not come by this command: it has other rights, or no role of this database"
    )]
    NotOurs(String),
    /// There is none to be removed.
    #[error("there is no user {0}")]
    Unknown(String),
}

/// A password. Never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(String);

/// That is no password that is taken.
#[derive(Debug, thiserror::Error)]
#[error(
    "a password has {MIN_PASSWORD} to {MAX_PASSWORD} printable ASCII characters, without blanks, ', \" and \\"
)]
pub struct WrongPassword;

impl Password {
    /// One that somebody gave.
    ///
    /// # Errors
    /// When it is too short or too long, or would have to be escaped in a statement.
    pub fn given(text: &str) -> Result<Self, WrongPassword> {
        let allowed = |b: u8| b.is_ascii_graphic() && !matches!(b, b'\'' | b'"' | b'\\');
        if (MIN_PASSWORD..=MAX_PASSWORD).contains(&text.len()) && text.bytes().all(allowed) {
            Ok(Self(text.to_owned()))
        } else {
            Err(WrongPassword)
        }
    }

    /// One that nobody knows yet. With letters, digits and dashes, as rules for passwords want it.
    #[must_use]
    pub fn generated() -> Self {
        let group = || rand::rng().sample_iter(Alphanumeric).take(GROUP).map(char::from).collect::<String>();
        Self([group(), group(), group(), group()].join("-"))
    }

    /// To be told once, to whoever asked for it.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(..)")
    }
}

/// What a user signs in with.
#[derive(Debug, Clone)]
pub enum Credential {
    /// A password.
    Password(Password),
    /// A token of AWS, on Aurora and RDS (Aurora user guide, IAM database authentication). It takes TLS.
    Iam,
}

impl Credential {
    fn clause(&self) -> String {
        match self {
            Self::Password(password) => format!("IDENTIFIED BY '{}'", password.0),
            Self::Iam => "IDENTIFIED WITH AWSAuthenticationPlugin AS 'RDS' REQUIRE SSL".to_owned(),
        }
    }
}

/// Lets a user sign in with this, from anywhere, in this role alone. One that is there already gets the role and the
/// credential in place of those it had.
///
/// # Errors
/// See [`Error`]; [`Refused`] when there is no such role, or an account of that name is not ours.
pub async fn add(
    options: &MySqlConnectOptions,
    user: &UserName,
    role: &str,
    credential: &Credential,
) -> Result<(), Error> {
    let file = File::built_in()?;
    if !file.roles.contains_key(role) {
        let known: Vec<&str> = file.roles.keys().map(String::as_str).collect();
        return Err(Refused::NoRole(role.to_owned(), known.join(", ")).into());
    }
    let mut connection = connect(options).await?;
    let schema = Schema::read(&mut connection).await?;
    let (account, role) = (account(user), schema.server.role(schema.names.role(role)));
    let had = roles_of(&mut connection, &schema, &account).await?;
    let verb = if had.is_some() { "ALTER" } else { "CREATE" };
    let with_credential = format!("{verb} USER {account} {}", credential.clause());
    let told = format!("{verb} USER {account} IDENTIFIED …");
    run_untold(&mut connection, with_credential, told).await?;
    run(&mut connection, format!("GRANT {role} TO {account}")).await?;
    run(&mut connection, schema.server.set_default(&role, &account)).await?;
    // Last, so that the account is one of ours all the time.
    for other in had.into_iter().flatten().filter(|other| *other != role.name) {
        let other = schema.server.role(other);
        run(&mut connection, format!("REVOKE {other} FROM {account}")).await?;
    }
    Ok(connection.close().await?)
}

/// Takes a user away. Connections that it has stay open until they are closed.
///
/// # Errors
/// See [`Error`]; [`Refused`] when there is none, or the account is not ours.
pub async fn remove(options: &MySqlConnectOptions, user: &UserName) -> Result<(), Error> {
    let mut connection = connect(options).await?;
    let schema = Schema::read(&mut connection).await?;
    let account = account(user);
    if roles_of(&mut connection, &schema, &account).await?.is_none() {
        return Err(Refused::Unknown(user.to_string()).into());
    }
    run(&mut connection, format!("DROP USER {account}")).await?;
    Ok(connection.close().await?)
}

fn account(user: &UserName) -> Account {
    Account { name: user.to_string(), host: "%".to_owned() }
}

/// The roles of an account of ours; none where there is no such account.
async fn roles_of(
    connection: &mut MySqlConnection,
    schema: &Schema,
    account: &Account,
) -> Result<Option<Vec<String>>, Error> {
    let there = sqlx::query("SELECT 1 FROM mysql.user WHERE User = ? AND Host = ?");
    if there.bind(&account.name).bind(&account.host).fetch_optional(&mut *connection).await?.is_none() {
        return Ok(None);
    }
    let rights =
        "SELECT 1 FROM information_schema.USER_PRIVILEGES WHERE GRANTEE = ? AND PRIVILEGE_TYPE <> 'USAGE'";
    let rights = sqlx::query(rights).bind(account.to_string()).fetch_optional(&mut *connection).await?;
    let members = Actual::read(connection, schema).await?.members;
    let roles: Vec<String> = members
        .into_iter()
        .filter(|Membership { member, .. }| member == account)
        .map(|membership| membership.role)
        .collect();
    if rights.is_some() || roles.is_empty() {
        return Err(Refused::NotOurs(account.to_string()).into());
    }
    Ok(Some(roles))
}

async fn run(connection: &mut MySqlConnection, statement: String) -> Result<(), Error> {
    run_untold(connection, statement.clone(), statement).await
}

/// Runs a statement that an error may not show, but for so much.
async fn run_untold(connection: &mut MySqlConnection, statement: String, told: String) -> Result<(), Error> {
    let run = sqlx::raw_sql(AssertSqlSafe(statement)).execute(connection).await;
    run.map(drop).map_err(|source| Error::Statement { statement: told, source })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_cannot_end_its_statement_and_is_never_shown() {
        for wrong in
            ["short", "with'quote'in", "with\\in-it-too", "with blank in", "パスワードです", &"p".repeat(129)]
        {
            assert!(Password::given(wrong).is_err(), "{wrong}");
        }
        let (one, other) = (Password::generated(), Password::generated());
        assert!(Password::given(one.reveal()).is_ok() && one != other);
        assert_eq!(format!("{:?}", Credential::Password(one)), "Password(Password(..))");
    }

    #[test]
    fn a_token_of_aws_needs_tls() {
        assert_eq!(Credential::Iam.clause(), "IDENTIFIED WITH AWSAuthenticationPlugin AS 'RDS' REQUIRE SSL");
    }
}
