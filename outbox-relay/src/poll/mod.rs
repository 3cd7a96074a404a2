//! The poll driver: reads the outbox's stream itself.
//!
//! Every shard from its checkpoint, or from the oldest record there is; never from the newest, or what happened while
//! the relay was down would be lost. Parents before children. A page is left behind only once its rows are committed.

pub(crate) mod checkpoint;
mod cursor;
mod dynamodb;
mod health;
mod idle;
pub(crate) mod leader;
mod poller;
pub(crate) mod shards;
pub(crate) mod stream;

use std::convert::Infallible;
use std::time::Duration;

use chrono::{DateTime, Utc};
use sqlx::MySqlPool;
use tokio::time::sleep;
use uuid::Uuid;

pub use dynamodb::Source;
pub use health::Health;
pub use idle::{IDLE_WAIT_MS, Idle};
pub use leader::watched;
pub(crate) use poller::{Sink, Taken};

use self::checkpoint::{Checkpoints, Places};
use self::leader::{Election, Led};
use self::poller::Poller;
use self::stream::{Stream, Table};
use crate::core::Unapplied;
use crate::core::database::{self, Database, Mysql, Projection};
use crate::metrics;

/// First wait after a failure, doubled with every further one.
const FIRST_BACKOFF: Duration = Duration::from_millis(100);
/// Longest wait after a failure: within it the relay works again once its databases do.
const MAX_BACKOFF: Duration = Duration::from_secs(3);

/// Why reading failed. All of it is tried again.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error(transparent)]
    Stream(#[from] stream::Error),
    #[error(transparent)]
    Database(#[from] database::Error),
    #[error(transparent)]
    Unapplied(#[from] Unapplied),
}

/// Follows the stream of a table, when it is its turn.
pub(crate) struct Driver<T, D> {
    table: T,
    database: Led<D>,
    health: Health,
    idle: Idle,
    /// The time of day.
    now: fn() -> DateTime<Utc>,
}

/// Runs, on a pool of [`watched`] connections, until `stop` comes; then lets the next poller work at once. Dropping it at
/// any await loses nothing: what was not committed is read again; the next poller then waits for the end of the lease.
pub async fn run(
    source: Source,
    pool: MySqlPool,
    health: Health,
    idle: Idle,
    stop: impl Future<Output = ()>,
) {
    let driver = Driver::new(source, Mysql::new(pool), health, idle, Utc::now, Uuid::now_v7().to_string());
    tokio::select! {
        () = driver.run() => {}
        () = stop => {}
    }
    driver.release().await;
}

impl<T, D> Driver<T, D>
where
    T: Table,
    D: Database<Connection: Projection + Places + Election> + Clone,
{
    /// A poller that nobody else is called as.
    pub(crate) fn new(
        table: T,
        database: D,
        health: Health,
        idle: Idle,
        now: fn() -> DateTime<Utc>,
        owner: String,
    ) -> Self {
        Self { table, database: Led::new(database, leader::POLL.to_owned(), owner), health, idle, now }
    }

    /// Runs for ever.
    pub(crate) async fn run(&self) {
        match persist(&self.health, async |failures| self.work(failures).await).await {}
    }

    /// Lets the next poller work at once.
    pub(crate) async fn release(&self) {
        self.database.release().await;
    }

    /// Works while it is our turn, until something fails.
    async fn work(&self, failures: &mut u32) -> Result<Infallible, Error> {
        self.database.wait(&self.health, async |steps| steps.any_trimmed().await).await?;
        self.database.hold(self.follow(failures)).await
    }

    /// Follows the stream that the table has now, until something fails. Starting anew from the checkpoints forgets
    /// iterators that may have expired, and finds the new stream of a table that was made anew.
    async fn follow(&self, failures: &mut u32) -> Result<Infallible, Error> {
        let stream = self.table.stream().await?;
        let checkpoints = Checkpoints::new(self.database.clone(), stream.arn());
        follow(stream, checkpoints, (&self.health, &self.idle), self.now, failures).await
    }
}

/// Reads a stream into a sink until something fails.
pub(crate) async fn follow(
    stream: impl Stream,
    sink: impl Sink,
    (health, idle): (&Health, &Idle),
    now: fn() -> DateTime<Utc>,
    failures: &mut u32,
) -> Result<Infallible, Error> {
    let mut poller = Poller::new(stream, sink, health.clone(), now);
    loop {
        let progressed = poller.round().await?;
        *failures = 0;
        health.round();
        if !progressed {
            idle.wait().await;
        }
    }
}

/// Does some work again and again, whatever becomes of it. It sets the failures to none once it works.
pub(crate) async fn persist(
    health: &Health,
    mut work: impl AsyncFnMut(&mut u32) -> Result<Infallible, Error>,
) -> Infallible {
    let mut failures = 0;
    loop {
        let Err(error) = work(&mut failures).await;
        // With its sources, which lines of JSON leave out: what the server said is one of them.
        tracing::warn!(error = platform::dynamodb::cause(&error), failures, "reading the stream failed");
        metrics::failed();
        health.failing();
        sleep(FIRST_BACKOFF.saturating_mul(1 << failures.min(10)).min(MAX_BACKOFF)).await;
        failures += 1;
    }
}
