//! `publish`: the same events to other services, as CloudEvents.
//!
//! Reads the outbox's stream by itself, and keeps its own place: the projection waits for no target, and no target for
//! the projection. A record is left behind only once the target took its event, or it is put aside in `undelivered`.
//! At least once, and each aggregate's events in their order.

mod deliver;
mod eventbridge;
mod health;
mod ledger;
mod sqs;
mod target;
mod webhook;
mod window;

use std::collections::HashMap;
use std::convert::Infallible;
use std::time::Duration;

use chrono::Utc;
use sqlx::MySqlPool;
use tokio::time::{Instant, sleep};

pub use health::Health;
pub use target::{Error as TargetError, Options};

use self::ledger::Ledger;
use self::target::Target;
use crate::core::Record;
use crate::poll::cursor::Cursor;
use crate::poll::shards::{Known, Survey, readable};
use crate::poll::stream::{self, Page, Stream, Table};
use crate::poll::{Source, TableStream};

/// Wait after a round in which no shard had anything. With it and the relay's own, a shard is asked ten times a second.
const IDLE_WAIT: Duration = Duration::from_millis(200);
/// How often the list of shards is read again; a shard that ends makes it be read at once.
const DISCOVERY_INTERVAL: Duration = Duration::from_secs(10);
/// First wait after the stream or MySQL failed, doubled with every further failure.
const FIRST_BACKOFF: Duration = Duration::from_millis(100);
/// Longest wait after they failed: within it publishing goes on once they do.
const MAX_BACKOFF: Duration = Duration::from_secs(3);

/// Why reading failed. All of it is tried again.
#[derive(Debug, thiserror::Error)]
enum Error {
    #[error(transparent)]
    Stream(#[from] stream::Error),
    #[error("MySQL did not do as asked")]
    Mysql(#[from] sqlx::Error),
}

/// Reads a stream and publishes it.
struct Publisher<'t> {
    stream: TableStream,
    ledger: Ledger,
    target: &'t Target,
    health: Health,
    cursors: HashMap<String, Cursor>,
    discovered_at: Option<Instant>,
}

/// Runs for ever. Dropping it at any await loses nothing: what was not written as delivered is delivered again.
///
/// # Errors
/// When the target cannot be what the options say.
pub async fn run(
    source: Source,
    pool: MySqlPool,
    options: &Options,
    health: Health,
) -> Result<Infallible, TargetError> {
    let target = Target::new(options).await?;
    let mut failures = 0;
    loop {
        let Err(error) = follow(&source, &pool, options, &target, &health, &mut failures).await;
        tracing::warn!(error = &error as &dyn std::error::Error, failures, "publishing failed");
        health.reading(false);
        sleep(FIRST_BACKOFF.saturating_mul(1 << failures.min(10)).min(MAX_BACKOFF)).await;
        failures += 1;
    }
}

/// Follows the stream that the table has now, until something fails.
async fn follow(
    source: &Source,
    pool: &MySqlPool,
    options: &Options,
    target: &Target,
    health: &Health,
    failures: &mut u32,
) -> Result<Infallible, Error> {
    let stream = source.stream().await?;
    let mut publisher = Publisher {
        ledger: Ledger::new(pool.clone(), options.name(), stream.arn()),
        stream,
        target,
        health: health.clone(),
        cursors: HashMap::new(),
        discovered_at: None,
    };
    loop {
        let progressed = publisher.round().await?;
        *failures = 0;
        health.reading(true);
        if !progressed {
            sleep(IDLE_WAIT).await;
        }
    }
}

impl Publisher<'_> {
    /// One page of every shard that may be read; whether any had records.
    async fn round(&mut self) -> Result<bool, Error> {
        if self.discovered_at.is_none_or(|at| at.elapsed() >= DISCOVERY_INTERVAL) {
            self.discover(None).await?;
        }
        let mut progressed = false;
        let shards: Vec<String> = self.cursors.keys().cloned().collect();
        for shard in shards {
            progressed |= self.read(&shard).await?;
        }
        Ok(progressed)
    }

    /// Learns which shards there are, and starts on those whose parents are done.
    async fn discover(&mut self, ended: Option<&str>) -> Result<(), Error> {
        let listed = self.stream.shards().await?;
        let mut known = self.ledger.list().await?;
        for known in known.iter_mut().filter(|known| Some(known.shard.as_str()) == ended) {
            known.finished = true;
        }
        let survey = Survey::of(&listed, &known, Utc::now());
        for shard in survey.lost() {
            report_lost(shard);
        }
        self.ledger.settle(&survey, ended).await?;
        let finished = known.iter().filter(|known| known.finished).map(|known| known.shard.as_str());
        let finished: Vec<&str> = finished.collect();
        for shard in readable(&listed, &finished) {
            if !self.cursors.contains_key(&shard.id) {
                let iterator = self.iterator(&shard.id).await?;
                self.cursors.insert(shard.id.clone(), Cursor::at(iterator));
            }
        }
        self.health.trimmed(self.ledger.any_trimmed().await?);
        self.discovered_at = Some(Instant::now());
        Ok(())
    }

    async fn iterator(&self, shard: &str) -> Result<String, Error> {
        let known = self.ledger.read(shard).await?;
        let place = known.as_ref().and_then(|known| known.sequence_number.as_deref());
        match self.stream.iterator(shard, place).await {
            Err(stream::Error::Trimmed) => self.restart(shard).await,
            other => Ok(other?),
        }
    }

    /// Our place is gone: the oldest record there is, is where we go on. What that loses, and what it does not, is the same
    /// as for the projection.
    async fn restart(&self, shard: &str) -> Result<String, Error> {
        let known = self.ledger.read(shard).await?;
        let is_whole = |known: &Known| known.is_untouched() || known.is_kept(Utc::now());
        if !known.as_ref().is_none_or(is_whole) {
            report_lost(shard);
            self.ledger.lose(shard).await?;
            self.health.trimmed(true);
        }
        Ok(self.stream.iterator(shard, None).await?)
    }

    async fn read(&mut self, shard: &str) -> Result<bool, Error> {
        let Some(cursor) = self.cursors.get(shard) else { return Ok(false) };
        let asked_at = Utc::now();
        let Page { records, next } = match self.stream.page(&cursor.iterator).await {
            Ok(page) => page,
            Err(error @ (stream::Error::Expired | stream::Error::Trimmed)) => {
                // An iterator expires while a target is down for longer than it lives.
                let iterator = match error {
                    stream::Error::Trimmed => self.restart(shard).await?,
                    _ => self.iterator(shard).await?,
                };
                self.cursors.insert(shard.to_owned(), Cursor::at(iterator));
                return Ok(false);
            }
            Err(error) => return Err(error.into()),
        };
        let progressed = !records.is_empty();
        self.publish(shard, &records).await?;
        let Some(next) = next else {
            self.discover(Some(shard)).await?;
            self.cursors.remove(shard);
            return Ok(true);
        };
        let Some(cursor) = self.cursors.get_mut(shard) else { return Ok(progressed) };
        if progressed {
            cursor.moved(next);
        } else if let Some(as_of) = cursor.idled(next, asked_at) {
            self.ledger.stamp(shard, as_of).await?;
            cursor.stamped(asked_at);
        }
        Ok(progressed)
    }

    async fn publish(&self, shard: &str, records: &[Record]) -> Result<(), Error> {
        for window in window::windows(records, self.target.most()) {
            deliver::deliver(&window, self.target, &self.ledger, &self.health).await?;
            self.ledger.advance(shard, window.last).await?;
            tracing::debug!(stream.shard = shard, events = window.events.len(), "delivered");
        }
        Ok(())
    }
}

fn report_lost(shard: &str) {
    tracing::error!(
        problem = "stream_trimmed",
        stream.shard = shard,
        "the stream dropped records before they were read: the target may miss events",
    );
}
