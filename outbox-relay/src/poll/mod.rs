//! The poll driver: reads the outbox's stream itself.
//!
//! Every shard from its checkpoint, or from the oldest record there is; never from the newest, or what happened while
//! the relay was down would be lost. Parents before children. A page is left behind only once its rows are committed.

mod checkpoint;
pub(crate) mod cursor;
mod health;
pub(crate) mod shards;
pub(crate) mod stream;

use std::collections::HashMap;
use std::convert::Infallible;
use std::time::Duration;

use chrono::Utc;
use sqlx::MySqlPool;
use tokio::time::{Instant, sleep};

pub use health::Health;
pub use stream::Source;

use self::checkpoint::Checkpoints;
use self::cursor::Cursor;
use self::shards::{Known, Survey, readable};
use self::stream::{Page, Stream};
use crate::core::{Batch, Progress, Projector, Unapplied};
use crate::metrics;

/// Wait after a round in which no shard had anything: five idle `GetRecords` a second and shard.
const IDLE_WAIT: Duration = Duration::from_millis(200);
/// How often the list of shards is read again; a shard that ends makes it be read at once.
const DISCOVERY_INTERVAL: Duration = Duration::from_secs(10);
/// First wait after a failure, doubled with every further one.
const FIRST_BACKOFF: Duration = Duration::from_millis(100);
/// Longest wait after a failure: within it the relay works again once its databases do.
const MAX_BACKOFF: Duration = Duration::from_secs(3);

/// Why reading failed. All of it is tried again.
#[derive(Debug, thiserror::Error)]
enum Error {
    #[error(transparent)]
    Stream(#[from] stream::Error),
    #[error("MySQL did not do as asked")]
    Mysql(#[from] sqlx::Error),
    #[error(transparent)]
    Unapplied(#[from] Unapplied),
}

/// Reads a stream and projects it.
struct Poller {
    stream: Stream,
    projector: Projector,
    checkpoints: Checkpoints,
    health: Health,
    cursors: HashMap<String, Cursor>,
    discovered_at: Option<Instant>,
}

/// Runs for ever. Dropping it at any await loses nothing: what was not committed is read again.
pub async fn run(source: Source, pool: MySqlPool, health: Health) {
    let mut failures = 0;
    loop {
        let Err(error) = follow(&source, &pool, &health, &mut failures).await;
        tracing::warn!(error = &error as &dyn std::error::Error, failures, "reading the stream failed");
        metrics::failed();
        health.failing();
        sleep(FIRST_BACKOFF.saturating_mul(1 << failures.min(10)).min(MAX_BACKOFF)).await;
        failures += 1;
    }
}

/// Follows the stream that the table has now, until something fails. Starting anew from the checkpoints forgets
/// iterators that may have expired, and finds the new stream of a table that was made anew.
async fn follow(
    source: &Source,
    pool: &MySqlPool,
    health: &Health,
    failures: &mut u32,
) -> Result<Infallible, Error> {
    let stream = source.stream().await?;
    let mut poller = Poller {
        projector: Projector::new(pool.clone()),
        checkpoints: Checkpoints::new(pool.clone(), stream.arn()),
        stream,
        health: health.clone(),
        cursors: HashMap::new(),
        discovered_at: None,
    };
    loop {
        let progressed = poller.round().await?;
        *failures = 0;
        health.round();
        if !progressed {
            sleep(IDLE_WAIT).await;
        }
    }
}

impl Poller {
    /// One page of every shard that may be read; whether any had records.
    async fn round(&mut self) -> Result<bool, Error> {
        if self.discovered_at.is_none_or(|at| at.elapsed() >= DISCOVERY_INTERVAL) {
            self.discover(None).await?;
        }
        let mut progressed = false;
        let shards: Vec<String> = self.cursors.keys().cloned().collect();
        for shard in shards {
            progressed |= self.read(&shard).await?;
            self.health.step();
        }
        Ok(progressed)
    }

    /// Learns which shards there are, writes down those that are new and the one that ended, and starts on those whose
    /// parents are done.
    async fn discover(&mut self, ended: Option<&str>) -> Result<(), Error> {
        let listed = self.stream.shards().await?;
        self.checkpoints.retire_others().await?;
        let mut known = self.checkpoints.list().await?;
        for known in known.iter_mut().filter(|known| Some(known.shard.as_str()) == ended) {
            known.finished = true;
        }
        let mut survey = Survey::of(&listed, &known, Utc::now());
        // A shard that is being read is not missing, whatever the list says.
        survey.missing.retain(|shard| !self.cursors.contains_key(shard));
        for shard in survey.lost() {
            report_lost(shard);
        }
        if !survey.missing.is_empty() {
            tracing::warn!(stream.shards = ?survey.missing, "open shards are not in the stream's list");
        }
        self.checkpoints.settle(&survey, ended).await?;
        let finished = known.iter().filter(|known| known.finished).map(|known| known.shard.as_str());
        let finished: Vec<&str> = finished.collect();
        for shard in readable(&listed, &finished) {
            if !self.cursors.contains_key(&shard.id) {
                let iterator = self.iterator(&shard.id).await?;
                self.cursors.insert(shard.id.clone(), Cursor::at(iterator));
                self.health.step();
            }
        }
        self.health.shards(self.checkpoints.any_trimmed().await?, !survey.missing.is_empty());
        self.discovered_at = Some(Instant::now());
        Ok(())
    }

    async fn iterator(&self, shard: &str) -> Result<String, Error> {
        let known = self.checkpoints.read(shard).await?;
        let place = known.as_ref().and_then(|known| known.sequence_number.as_deref());
        match self.stream.iterator(shard, place).await {
            Err(stream::Error::Trimmed) => self.restart(shard).await,
            other => Ok(other?),
        }
    }

    /// Our place is gone: the oldest record there is, is where we go on. Nothing is lost with it where nothing was ever
    /// applied, or where all that is not applied is younger than what the stream drops: the last record of a shard that
    /// was idle for a day is dropped as well. Else the loss stays visible until it is mended.
    async fn restart(&self, shard: &str) -> Result<String, Error> {
        let known = self.checkpoints.read(shard).await?;
        let is_whole = |known: &Known| known.is_untouched() || known.is_kept(Utc::now());
        if !known.as_ref().is_none_or(is_whole) {
            report_lost(shard);
            self.checkpoints.lose(shard).await?;
            self.health.shards(true, false);
        }
        Ok(self.stream.iterator(shard, None).await?)
    }

    async fn read(&mut self, shard: &str) -> Result<bool, Error> {
        let Some(cursor) = self.cursors.get(shard) else { return Ok(false) };
        let asked_at = Utc::now();
        let Page { records, next } = match self.stream.page(&cursor.iterator).await {
            Ok(page) => page,
            Err(error @ (stream::Error::Expired | stream::Error::Trimmed)) => {
                // Nothing was read, so nothing is known: the new cursor has no quiet run.
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
        if progressed {
            let progress = Progress::Shard(shard);
            self.projector.project(Batch { stream: self.stream.arn(), records: &records, progress }).await?;
        }
        let Some(next) = next else {
            self.discover(Some(shard)).await?;
            self.cursors.remove(shard);
            return Ok(true);
        };
        let Some(cursor) = self.cursors.get_mut(shard) else { return Ok(progressed) };
        if progressed {
            cursor.moved(next);
        } else if let Some(as_of) = cursor.idled(next, asked_at) {
            self.checkpoints.stamp(shard, as_of).await?;
            cursor.stamped(asked_at);
        }
        Ok(progressed)
    }
}

fn report_lost(shard: &str) {
    tracing::error!(
        problem = "stream_trimmed",
        stream.shard = shard,
        "the stream dropped records before they were read: the projection may miss changes",
    );
}
