//! Roles and secret columns: what `access.toml` declares, and how a server is brought to it (docs/adr/0026).
//!
//! `file` is what is declared, `wanted` what that means for the tables there are, `state` what the server has, and `change` the
//! difference; the last three know no server but by `server`. Nothing here reads a row, or changes one.

mod change;
mod file;
mod grant;
mod names;
mod server;
mod state;
mod user;
mod wanted;

use sqlx::mysql::MySqlConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, MySqlConnection};

use file::File;
use state::{Actual, Schema};

pub use change::{Change, Kind};
pub use file::Error as FileError;
pub use names::{NotAUserName, UserName};
pub use user::{Credential, Password, Refused, WrongPassword, add, remove};

use crate::lock;

/// Why a server could not be brought to the file, or compared with it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file has a fault.
    #[error(transparent)]
    File(#[from] FileError),
    /// The server refused or did not answer.
    #[error("MySQL did not tell its roles and rights: this takes a user who may read the tables of `mysql`")]
    Mysql(#[from] sqlx::Error),
    /// The server refused a statement.
    #[error(
        "MySQL refused `{statement}`: this takes a user who may create roles, and grant what they are given"
    )]
    Statement {
        /// The statement; none that holds a password.
        statement: String,
        /// Why.
        source: sqlx::Error,
    },
    /// A user cannot be added or removed.
    #[error(transparent)]
    User(#[from] Refused),
    /// Another process has been changing the schema for too long.
    #[error("another process changes the schema for more than {} s", lock::LOCK_WAIT_SECS)]
    Locked,
}

/// Everything in which the server differs from the file, in the order in which it would be changed.
///
/// # Errors
/// See [`Error`].
pub async fn plan(options: &MySqlConnectOptions) -> Result<Vec<Change>, Error> {
    let mut connection = connect(options).await?;
    let changes = compare(&mut connection).await;
    connection.close().await?;
    changes
}

/// Brings the server to the file. What was changed, and what somebody has to look at.
///
/// # Errors
/// See [`Error`]. After any of them, running it again is safe.
pub async fn apply(options: &MySqlConnectOptions) -> Result<Vec<Change>, Error> {
    let mut connection = connect(options).await?;
    if !lock::take(&mut connection).await? {
        return Err(Error::Locked);
    }
    let applied = bring(&mut connection, |_| true).await;
    // Closing the connection frees the lock, whatever happened.
    connection.close().await?;
    applied
}

/// Brings the server to the file after a migration, on the connection that holds the lock. What others have of rights of their
/// own is left to `apply`: services of the release before may be at work with it.
pub(crate) async fn after_migration(connection: &mut MySqlConnection) -> Result<(), Error> {
    let changes = bring(connection, |kind| kind != Kind::RemoveDirect).await?;
    let theirs = changes.iter().filter(|change| matches!(change.kind, Kind::RemoveDirect | Kind::Tell));
    for change in theirs {
        tracing::warn!(drift = change.why, "see `migrate access audit`");
    }
    Ok(())
}

async fn connect(options: &MySqlConnectOptions) -> Result<MySqlConnection, sqlx::Error> {
    options.clone().disable_statement_logging().connect().await
}

async fn compare(connection: &mut MySqlConnection) -> Result<Vec<Change>, Error> {
    let file = File::built_in()?;
    let schema = Schema::read(connection).await?;
    let actual = Actual::read(connection, &schema).await?;
    Ok(change::changes(&file, &schema, &actual))
}

/// Changes what may be changed. All that there was to be changed.
async fn bring(
    connection: &mut MySqlConnection,
    may_change: impl Fn(Kind) -> bool,
) -> Result<Vec<Change>, Error> {
    let mut changes = compare(connection).await?;
    execute(connection, &changes, &may_change).await?;
    if changes.iter().any(|change| change.kind == Kind::Detach) {
        let hidden = compare(connection).await?;
        execute(connection, &hidden, &may_change).await?;
        changes.extend(
            hidden.into_iter().filter(|change| !matches!(change.kind, Kind::RemoveDirect | Kind::Tell)),
        );
    }
    Ok(changes)
}

async fn execute(
    connection: &mut MySqlConnection,
    changes: &[Change],
    may_change: impl Fn(Kind) -> bool,
) -> Result<(), Error> {
    let changes = changes.iter().filter(|change| may_change(change.kind));
    for statement in changes.filter_map(|change| change.statement.as_ref()) {
        // Not prepared: servers prepare few of these.
        let run = sqlx::raw_sql(AssertSqlSafe(statement.clone())).execute(&mut *connection).await;
        run.map_err(|source| Error::Statement { statement: statement.clone(), source })?;
    }
    Ok(())
}
