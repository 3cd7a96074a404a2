//! The tables of the next projection: made, swapped in, and thrown away.
//!
//! Every step leaves a database in which the relay goes on, whenever the process is killed: `next_projection` has a row
//! only while all tables of the next projection are there, and the swap empties it in the same statement.

use std::time::Duration;

use chrono::{DateTime, Utc};
use sqlx::{AssertSqlSafe, Executor, MySqlConnection};
use tokio::time::{sleep, timeout};

use super::{Error, LONGEST};
use crate::core::Edition;
use crate::core::rows::{Line, Product, Reservation, Row, Sku, Stock, Store};
use crate::core::terms::Term;
use crate::staging::{execute, is_busy, lost_since};

/// Says that there is a next projection. It is swapped with it, for an empty one.
const MARK: &str = "next_projection";
/// What is swapped in.
const TABLES: [&str; 8] = [
    MARK,
    Product::TABLE,
    Line::TABLE,
    Reservation::TABLE,
    Sku::TABLE,
    Stock::TABLE,
    Store::TABLE,
    Term::TABLE,
];
/// What stands behind the names of what was swapped out.
const OLD: &str = "_old";
/// Longest that a statement waits for all others to leave its tables, in seconds. Whoever comes later waits behind it, so
/// it is well below the 3 s that a query may take.
const TABLE_WAIT_SECS: u32 = 1;
/// Tries of such a statement: a batch of the relay takes 10 s at most.
const TRIES: u32 = 60;
/// Pause between two tries: the others go first.
const PAUSE: Duration = Duration::from_millis(500);
/// Longest that one statement on tables may take. Dropping a large table is the longest of them.
const STATEMENT_TIMEOUT: Duration = Duration::from_secs(300);
/// Longest that the connection may be idle while tables are read, in seconds: a day, the length of a whole rebuild.
const IDLE_SECS: u32 = 86_400;

async fn run(connection: &mut MySqlConnection, sql: String) -> Result<u64, Error> {
    let ran = timeout(STATEMENT_TIMEOUT, execute(connection, sql)).await;
    Ok(ran.map_err(|_| sqlx::Error::Io(std::io::ErrorKind::TimedOut.into()))??)
}

/// A statement for which all others have to leave its tables.
async fn run_alone(connection: &mut MySqlConnection, sql: &str) -> Result<(), Error> {
    for _ in 1..TRIES {
        match run(connection, sql.to_owned()).await {
            Err(Error::Mysql(error)) if is_busy(&error) => sleep(PAUSE).await,
            other => return other.map(drop),
        }
    }
    run(connection, sql.to_owned()).await.map(drop)
}

/// Keeps other rebuilds and migrations away until the connection is closed: a table that was made before a migration
/// must not be swapped in after it.
pub(super) async fn lock(connection: &mut MySqlConnection) -> Result<(), Error> {
    run(connection, format!("SET SESSION lock_wait_timeout = {TABLE_WAIT_SECS}, wait_timeout = {IDLE_SECS}"))
        .await?;
    let lock = format!("SELECT CAST(GET_LOCK({}, 0) AS SIGNED)", contracts::SCHEMA_LOCK);
    let held: Option<i64> = sqlx::query_scalar(AssertSqlSafe(lock)).fetch_one(connection).await?;
    if held == Some(1) { Ok(()) } else { Err(Error::Locked) }
}

/// Since when there is a next projection that a rebuild left which was broken off, and that can still become the live one:
/// one from before a loss would miss what was lost.
pub(super) async fn begun(connection: &mut MySqlConnection) -> Result<Option<DateTime<Utc>>, Error> {
    let begun = format!(
        "SELECT started_at FROM {MARK} WHERE started_at > UTC_TIMESTAMP(6) - INTERVAL {} SECOND",
        LONGEST.as_secs()
    );
    let begun: Option<DateTime<Utc>> =
        sqlx::query_scalar(AssertSqlSafe(begun)).fetch_optional(&mut *connection).await?;
    match begun {
        Some(begun) if lost_since(connection, begun).await? => Ok(None),
        begun => Ok(begun),
    }
}

/// Throws away what a rebuild left that was broken off.
pub(super) async fn discard(connection: &mut MySqlConnection) -> Result<(), Error> {
    // Unlike DELETE it also waits for the transactions that still write to the next projection.
    run_alone(connection, &format!("TRUNCATE TABLE {MARK}")).await?;
    drop_all(connection, Edition::Next.suffix()).await?;
    drop_all(connection, OLD).await
}

/// Throws away what was swapped out.
pub(super) async fn drop_old(connection: &mut MySqlConnection) -> Result<(), Error> {
    drop_all(connection, OLD).await
}

async fn drop_all(connection: &mut MySqlConnection, suffix: &str) -> Result<(), Error> {
    for table in TABLES {
        run_alone(connection, &format!("DROP TABLE IF EXISTS {table}{suffix}")).await?;
    }
    Ok(())
}

/// Makes the next projection, empty; from now on every event is written to it too. When that was.
pub(super) async fn begin(connection: &mut MySqlConnection) -> Result<DateTime<Utc>, Error> {
    let next = Edition::Next.suffix();
    for table in TABLES {
        run(connection, format!("CREATE TABLE {table}{next} LIKE {table}")).await?;
    }
    run(connection, format!("INSERT INTO {MARK} (started_at) VALUES (UTC_TIMESTAMP(6))")).await?;
    let started_at = format!("SELECT started_at FROM {MARK}");
    Ok(sqlx::query_scalar(AssertSqlSafe(started_at)).fetch_one(connection).await?)
}

/// Puts the next projection in the place of the live one, in one step.
pub(super) async fn swap(connection: &mut MySqlConnection) -> Result<(), Error> {
    let next = Edition::Next.suffix();
    let all_next = TABLES.map(|table| format!("{table}{next}")).join(", ");
    // Without its statistics the optimiser would guess how to read a table, for as long as nobody counts it.
    let analyse = connection.fetch_all(AssertSqlSafe(format!("ANALYZE TABLE {all_next}")));
    timeout(STATEMENT_TIMEOUT, analyse)
        .await
        .map_err(|_| sqlx::Error::Io(std::io::ErrorKind::TimedOut.into()))??;
    let renamed = TABLES.map(|table| format!("{table} TO {table}{OLD}, {table}{next} TO {table}"));
    run_alone(connection, &format!("RENAME TABLE {}", renamed.join(", "))).await
}
