//! The lock that whoever changes the schema holds: migrations, rebuilds, and what brings roles up to date.

use contracts::SCHEMA_LOCK;
use sqlx::MySqlConnection;

/// How long one process waits for another that changes the schema of the same database, in seconds.
pub(crate) const LOCK_WAIT_SECS: u32 = 120;

/// Takes the lock, until the connection is closed; whether it could be had in time.
pub(crate) async fn take(connection: &mut MySqlConnection) -> Result<bool, sqlx::Error> {
    let lock = format!("SELECT CAST(GET_LOCK({SCHEMA_LOCK}, ?) AS SIGNED)");
    let held: Option<i64> =
        sqlx::query_scalar(sqlx::AssertSqlSafe(lock)).bind(LOCK_WAIT_SECS).fetch_one(connection).await?;
    Ok(held == Some(1))
}
