//! `outbox-relay rebuild`: a new projection beside the live one, made from command state and swapped in.
//!
//! The relay catches up for us: while there is a next projection, it writes every event to both (`core/edition.rs`). So
//! what was applied before the next projection was there is in command state when it is read, and what is applied later
//! is in both; the version of a row decides between the two. docs/adr says why that is enough.

mod fill;
mod tables;

use std::time::Duration;

use platform::dynamodb::cause;
use platform::mysql::Mysql;
use sqlx::{MySqlConnection, MySqlPool};
use tokio::time::{Instant, sleep};

use crate::command_state::{self, CommandState};
use crate::core::{changes, lease};
use crate::staging::{AWAY_PAUSE, AWAY_WITHIN, forget_customers, is_away, mend};
use crate::unfinished::{REBUILD, RECONCILE, REPAIR, Work};

/// Connections: one for each segment, and the one that holds the lock.
const CONNECTIONS: u32 = fill::SEGMENTS.unsigned_abs() + 1;
/// Longest that a rebuild may take. What the stream drops meanwhile is not mended by it, and it drops nothing that is
/// younger than a day.
const LONGEST: Duration = Duration::from_hours(20);

/// Why there is no new projection. The live one is as it was, unless the error says otherwise.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The command side could not be read.
    #[error(transparent)]
    CommandState(#[from] command_state::Error),
    /// An item is not what the command side writes. Without it the new projection would have less than the live one.
    #[error("item {key}: {cause}")]
    Item {
        /// Its partition key.
        key: String,
        /// What is wrong with it.
        cause: String,
    },
    /// The database did not do as asked.
    #[error("MySQL did not do as asked")]
    Mysql(#[from] sqlx::Error),
    /// Only one can change tables.
    #[error("another rebuild or migration is under way")]
    Locked,
}

/// What became of it.
#[derive(Debug, PartialEq, Eq)]
pub struct Rebuilt {
    /// Items read from the command side.
    pub items: u64,
    /// Losses that the relay told of while the rebuild was under way. It cannot have mended them: rebuild again.
    pub losses_left: i64,
}

/// Makes the projection anew and swaps it in. Killed at any time, it leaves a database in which all goes on as before;
/// the next rebuild goes on where it was.
///
/// # Errors
/// See [`Error`].
pub async fn run(state: &CommandState, mysql: &Mysql) -> Result<Rebuilt, Error> {
    let started_at = Instant::now();
    let mut away_since = None;
    loop {
        let (pool, began_at) = (mysql.pool(CONNECTIONS), Instant::now());
        let rebuilt = attempt(state, &pool).await;
        // Closes the connection that holds the lock.
        pool.close().await;
        match rebuilt {
            // The lock went with its connection, and nothing else: what is read is saved.
            Err(Error::Mysql(error)) if is_away(&error) && started_at.elapsed() < LONGEST => {
                if began_at.elapsed() > AWAY_WITHIN {
                    away_since = None;
                }
                if away_since.get_or_insert_with(Instant::now).elapsed() > AWAY_WITHIN {
                    return Err(Error::Mysql(error));
                }
                tracing::warn!(error = cause(&error), "the database was away");
                sleep(AWAY_PAUSE).await;
            }
            other => return other,
        }
    }
}

async fn attempt(state: &CommandState, pool: &MySqlPool) -> Result<Rebuilt, Error> {
    let work = Work::new(pool, REBUILD);
    let rebuild = async |guard: &mut MySqlConnection| {
        tables::lock(guard).await?;
        let started_at = match tables::begun(guard).await? {
            Some(started_at) => {
                tracing::info!(%started_at, "going on with a rebuild that was broken off");
                started_at
            }
            None => {
                tables::discard(guard).await?;
                work.forget().await?;
                tables::begin(guard).await?
            }
        };
        tracing::info!("every event is written to both projections");
        let work = Work { begun: Some(started_at), ..work };
        let items = match fill::fill(state, work).await {
            Err(error @ Error::Item { .. }) => {
                // Nobody knows when that item is mended, and every event would be written twice until then.
                tables::discard(guard).await?;
                return Err(error);
            }
            filled => filled?,
        };
        // On the connection that holds the lock: where it was lost, nothing is swapped.
        tables::swap(guard).await?;
        tracing::info!(items, "swapped");
        changes::all(guard).await?;
        forget_customers(pool).await?;
        let losses_left = mend(guard, started_at).await?;
        tables::drop_old(guard).await?;
        work.forget().await?;
        // What a reconciliation found that was broken off, it found in tables that are gone.
        for name in [RECONCILE, REPAIR] {
            Work::new(pool, name).forget().await?;
        }
        Ok(Rebuilt { items, losses_left })
    };
    lease::run(pool, LONGEST, rebuild).await
}
