//! Rows of command state, staged in temporary tables of a connection: there they have the types that the projection
//! has, and the server itself compares them with it.

use std::time::Duration;

use chrono::{DateTime, Utc};
use sqlx::mysql::MySqlDatabaseError;
use sqlx::{AssertSqlSafe, Executor, MySqlConnection, MySqlPool};
use tokio::time::{Instant, sleep};

use crate::core::rows::{self, Row, upsert};
use crate::core::{Edition, forget, lease};

/// Longest that a piece of work may take: a page leads to ten thousand rows at most, in a tenth of it.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Tries of a piece of work when the relay writes the same rows.
const TRIES: u32 = 10;
/// Pause between two tries: the relay goes first.
const PAUSE: Duration = Duration::from_millis(100);
/// How long a server that is away, or demoted, is waited for: a failover takes about a minute at most.
pub(crate) const AWAY_WITHIN: Duration = Duration::from_secs(90);
/// Pause between two tries of one that is away.
pub(crate) const AWAY_PAUSE: Duration = Duration::from_secs(1);

/// Name of the column that only events know.
pub(crate) const UPDATED_AT: &str = "updated_at";

/// Does a piece of work that may be done twice, again where the relay was in its way or the server away.
pub(crate) async fn patiently<T>(
    pool: &MySqlPool,
    work: impl AsyncFn(&mut MySqlConnection) -> Result<T, sqlx::Error>,
) -> Result<T, sqlx::Error> {
    let (mut tries, mut away_since) = (1, None);
    loop {
        match lease::run(pool, TIMEOUT, &work).await {
            Err(error) if is_busy(&error) && tries < TRIES => {
                tries += 1;
                sleep(PAUSE).await;
            }
            Err(error)
                if is_away(&error) && away_since.get_or_insert_with(Instant::now).elapsed() < AWAY_WITHIN =>
            {
                tracing::warn!(error = &error as &dyn std::error::Error, "the database is away");
                sleep(AWAY_PAUSE).await;
            }
            other => return other,
        }
    }
}

/// Takes whose they were out of the history of all anonymous reservations: one that became so by state alone has no event
/// that would do it.
pub(crate) async fn forget_customers(pool: &MySqlPool) -> Result<(), sqlx::Error> {
    let mut after = String::new();
    loop {
        let next =
            patiently(pool, async |connection: &mut MySqlConnection| forget::page(connection, &after).await);
        match next.await? {
            Some(last) => after = last,
            None => return Ok(()),
        }
    }
}

/// The time of the database.
pub(crate) async fn now(connection: &mut MySqlConnection) -> Result<DateTime<Utc>, sqlx::Error> {
    sqlx::query_scalar("SELECT UTC_TIMESTAMP(6)").fetch_one(connection).await
}

/// All that was lost until then is mended; how many losses were told later.
pub(crate) async fn mend(
    connection: &mut MySqlConnection,
    before: DateTime<Utc>,
) -> Result<i64, sqlx::Error> {
    let mend = "UPDATE checkpoints SET trimmed_at = NULL WHERE trimmed_at <= ?";
    sqlx::query(mend).bind(before).execute(&mut *connection).await?;
    let left = "SELECT COUNT(*) FROM checkpoints WHERE trimmed_at IS NOT NULL";
    sqlx::query_scalar(left).fetch_one(connection).await
}

/// Whether the relay told of a loss after then.
pub(crate) async fn lost_since(
    connection: &mut MySqlConnection,
    since: DateTime<Utc>,
) -> Result<bool, sqlx::Error> {
    let lost = sqlx::query("SELECT 1 FROM checkpoints WHERE trimmed_at > ? LIMIT 1").bind(since);
    Ok(lost.fetch_optional(connection).await?.is_some())
}

/// Whether the statement waited for others in vain, or was the one to give way (1205, 1213).
pub(crate) fn is_busy(error: &sqlx::Error) -> bool {
    matches!(number(error), Some(1205 | 1213))
}

/// Whether the server is away, stopping (1053), or a replica that takes no writes (1290, 1792, 1836).
pub(crate) fn is_away(error: &sqlx::Error) -> bool {
    use sqlx::Error::{Io, PoolTimedOut, Protocol};
    matches!(error, Io(_) | PoolTimedOut | Protocol(_))
        || matches!(number(error), Some(1053 | 1290 | 1792 | 1836))
}

fn number(error: &sqlx::Error) -> Option<u16> {
    let error = error.as_database_error()?;
    error.try_downcast_ref::<MySqlDatabaseError>().map(MySqlDatabaseError::number)
}

/// Runs a statement made of names that are all our own.
pub(crate) async fn execute(connection: &mut MySqlConnection, sql: String) -> Result<u64, sqlx::Error> {
    Ok(connection.execute(AssertSqlSafe(sql)).await?.rows_affected())
}

/// Same values of all columns of the key, in `left` and `right`.
pub(crate) fn same_key<R: Row>(left: &str, right: &str) -> String {
    let same = |column: &&str| format!("{left}.{column} = {right}.{column}");
    R::KEY.iter().map(same).collect::<Vec<_>>().join(" AND ")
}

/// Stages rows. A row that is in the projection in the same version keeps its `updated_at`, which state does not have.
///
/// At `READ COMMITTED`, so that what is only looked up is not locked against the relay.
pub(crate) async fn stage<'r, R: Row + 'r>(
    connection: &mut MySqlConnection,
    rows: impl Iterator<Item = &'r R>,
) -> Result<(), sqlx::Error> {
    let (live, staged) = (Edition::Live.table::<R>(), Edition::Staged.table::<R>());
    execute(connection, "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED".to_owned()).await?;
    execute(connection, format!("CREATE TEMPORARY TABLE {staged} LIKE {live}")).await?;
    upsert(connection, Edition::Staged, rows).await?;
    if R::COLUMNS.contains(&UPDATED_AT) {
        let same = same_key::<R>(&staged, &live);
        let keep = format!(
            "UPDATE {staged} JOIN {live} ON {same} AND {staged}.version = {live}.version \
             SET {staged}.{UPDATED_AT} = {live}.{UPDATED_AT}"
        );
        execute(connection, keep).await?;
    }
    Ok(())
}

/// Writes what is staged, where its version is higher than what is there.
pub(crate) async fn raise<R: Row>(
    connection: &mut MySqlConnection,
    edition: Edition,
) -> Result<(), sqlx::Error> {
    let (table, columns, key) = (edition.table::<R>(), rows::columns::<R>(), R::KEY.join(", "));
    let staged = Edition::Staged.table::<R>();
    // A table of its own, or names of columns would be of either.
    let from = format!("SELECT * FROM (SELECT {columns} FROM {staged}) AS staged ORDER BY {key}");
    let insert = format!("INSERT INTO {table} ({columns}) {from}{}", rows::guard::<R>(&table));
    execute(connection, insert).await.map(drop)
}

/// Forgets what is staged. After an error the connection is closed, and its temporary tables with it.
pub(crate) async fn forget<R: Row>(connection: &mut MySqlConnection) -> Result<(), sqlx::Error> {
    let staged = Edition::Staged.table::<R>();
    execute(connection, format!("DROP TEMPORARY TABLE {staged}")).await.map(drop)
}
