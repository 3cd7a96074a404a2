//! The poll driver: reads the outbox's stream itself.
//!
//! Every shard from its checkpoint, or from the oldest record there is; never from the newest, or what happened while
//! the relay was down would be lost. Parents before children. A page is left behind only once its rows are committed.

pub(crate) mod checkpoint;
mod cursor;
mod dynamodb;
mod health;
mod poller;
pub(crate) mod shards;
pub(crate) mod stream;

use std::convert::Infallible;
use std::time::Duration;

use chrono::{DateTime, Utc};
use sqlx::MySqlPool;
use tokio::time::sleep;

pub use dynamodb::Source;
pub use health::Health;

use self::checkpoint::Places;
use self::poller::Poller;
use self::stream::Table;
use crate::core::Unapplied;
use crate::core::database::{self, Database, Mysql, Projection};

/// Wait after a round in which no shard had anything: five idle `GetRecords` a second and shard.
const IDLE_WAIT: Duration = Duration::from_millis(200);
/// First wait after a failure, doubled with every further one.
const FIRST_BACKOFF: Duration = Duration::from_millis(100);
/// Longest wait after a failure: within it the relay works again once its databases do.
const MAX_BACKOFF: Duration = Duration::from_secs(3);

/// Why reading failed. All of it is tried again.
#[derive(Debug, thiserror::Error)]
enum Error {
    #[error(transparent)]
    Stream(#[from] stream::Error),
    #[error(transparent)]
    Database(#[from] database::Error),
    #[error(transparent)]
    Unapplied(#[from] Unapplied),
}

/// Follows the stream of a table.
pub(crate) struct Driver<T, D> {
    pub table: T,
    pub database: D,
    pub health: Health,
    /// The time of day.
    pub now: fn() -> DateTime<Utc>,
}

/// Runs for ever. Dropping it at any await loses nothing: what was not committed is read again.
pub async fn run(source: Source, pool: MySqlPool, health: Health) {
    Driver { table: source, database: Mysql::new(pool), health, now: Utc::now }.run().await;
}

impl<T, D> Driver<T, D>
where
    T: Table,
    D: Database<Connection: Projection + Places> + Clone,
{
    /// Runs for ever.
    pub(crate) async fn run(&self) {
        let mut failures = 0;
        loop {
            let Err(error) = self.follow(&mut failures).await;
            tracing::warn!(error = &error as &dyn std::error::Error, failures, "reading the stream failed");
            self.health.failing();
            sleep(FIRST_BACKOFF.saturating_mul(1 << failures.min(10)).min(MAX_BACKOFF)).await;
            failures += 1;
        }
    }

    /// Follows the stream that the table has now, until something fails. Starting anew from the checkpoints forgets
    /// iterators that may have expired, and finds the new stream of a table that was made anew.
    async fn follow(&self, failures: &mut u32) -> Result<Infallible, Error> {
        let stream = self.table.stream().await?;
        let mut poller = Poller::new(stream, self.database.clone(), self.health.clone(), self.now);
        loop {
            let progressed = poller.round().await?;
            *failures = 0;
            self.health.round();
            if !progressed {
                sleep(IDLE_WAIT).await;
            }
        }
    }
}
