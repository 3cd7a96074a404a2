//! The poll driver: reads the outbox's stream itself.
//!
//! Every shard from its checkpoint, or from the oldest record there is; never from the newest, or what happened while
//! the relay was down would be lost. Parents before children. A page is left behind only once its rows are committed.

mod checkpoint;
mod health;
mod stream;

use std::collections::HashMap;
use std::convert::Infallible;
use std::time::Duration;

use chrono::{DateTime, Utc};
use sqlx::MySqlPool;
use tokio::time::{Instant, sleep};

pub use health::Health;
pub use stream::Source;

use self::checkpoint::Checkpoints;
use self::stream::{Page, Shard, Stream};
use crate::core::{Batch, Progress, Projector, Unapplied};

/// Wait after a round in which no shard had anything: five idle `GetRecords` a second and shard.
const IDLE_WAIT: Duration = Duration::from_millis(200);
/// How often the list of shards is read again; a shard that ends makes it be read at once.
const DISCOVERY_INTERVAL: Duration = Duration::from_secs(10);
/// How often an idle shard's `as_of` is written.
const IDLE_STAMP: Duration = Duration::from_secs(1);
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

/// Where we are in a shard.
struct Cursor {
    iterator: String,
    stamped_at: Option<Instant>,
}

/// Runs for ever. Dropping it at any await loses nothing: what was not committed is read again.
pub async fn run(source: Source, pool: MySqlPool, health: Health) {
    let mut failures = 0;
    loop {
        let Err(error) = follow(&source, &pool, &health, &mut failures).await;
        tracing::warn!(error = &error as &dyn std::error::Error, failures, "reading the stream failed");
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
    let mut poller = Poller {
        stream: source.stream().await?,
        projector: Projector::new(pool.clone()),
        checkpoints: Checkpoints::new(pool.clone()),
        health: health.clone(),
        cursors: HashMap::new(),
        discovered_at: None,
    };
    loop {
        let progressed = poller.round().await?;
        *failures = 0;
        health.working();
        if !progressed {
            sleep(IDLE_WAIT).await;
        }
    }
}

impl Poller {
    /// One page of every shard that may be read; whether any had records.
    async fn round(&mut self) -> Result<bool, Error> {
        if self.discovered_at.is_none_or(|at| at.elapsed() >= DISCOVERY_INTERVAL) {
            self.discover().await?;
            self.discovered_at = Some(Instant::now());
        }
        let mut progressed = false;
        let shards: Vec<String> = self.cursors.keys().cloned().collect();
        for shard in shards {
            progressed |= self.read(&shard).await?;
        }
        Ok(progressed)
    }

    /// Learns which shards there are, and starts on those whose parents are done.
    async fn discover(&mut self) -> Result<(), Error> {
        let shards = self.stream.shards().await?;
        let arn = self.stream.arn();
        let finished = self.checkpoints.retire_others_and_list_finished(arn).await?;
        for shard in readable(&shards, &finished) {
            if !self.cursors.contains_key(&shard.id) {
                let iterator = self.iterator(&shard.id).await?;
                self.cursors.insert(shard.id.clone(), Cursor { iterator, stamped_at: None });
            }
        }
        self.health.trimmed(self.checkpoints.any_trimmed(arn).await?);
        Ok(())
    }

    async fn iterator(&self, shard: &str) -> Result<String, Error> {
        let checkpoint = self.checkpoints.read(self.stream.arn(), shard).await?;
        match self.stream.iterator(shard, checkpoint.as_deref()).await {
            Err(stream::Error::Trimmed) => self.restart(shard).await,
            other => Ok(other?),
        }
    }

    /// Records may have been dropped before we read them. What is left is read, and the loss stays visible until it is
    /// mended. Where we have no place yet there is nothing to miss: the oldest record there is, is where we begin.
    async fn restart(&self, shard: &str) -> Result<String, Error> {
        if self.checkpoints.read(self.stream.arn(), shard).await?.is_none() {
            return Ok(self.stream.iterator(shard, None).await?);
        }
        tracing::error!(
            problem = "stream_trimmed",
            stream.shard = shard,
            "the stream dropped records before they were read: the projection may miss changes; rebuild it",
        );
        self.checkpoints.mark_trimmed(self.stream.arn(), shard).await?;
        self.health.trimmed(true);
        Ok(self.stream.iterator(shard, None).await?)
    }

    async fn read(&mut self, shard: &str) -> Result<bool, Error> {
        let Some(cursor) = self.cursors.get(shard) else { return Ok(false) };
        let asked_at = Utc::now();
        let Page { records, next } = match self.stream.page(&cursor.iterator).await {
            Ok(page) => page,
            Err(stream::Error::Expired) => {
                Page { records: Vec::new(), next: Some(self.iterator(shard).await?) }
            }
            Err(stream::Error::Trimmed) => {
                Page { records: Vec::new(), next: Some(self.restart(shard).await?) }
            }
            Err(error) => return Err(error.into()),
        };
        let arn = self.stream.arn();
        let progressed = !records.is_empty();
        if progressed {
            let batch = Batch { stream: arn, records: &records, progress: Progress::Shard(shard) };
            self.projector.project(batch).await?;
            tracing::debug!(stream.shard = shard, records = records.len(), "applied");
        }
        let Some(next) = next else {
            self.checkpoints.finish(arn, shard).await?;
            self.cursors.remove(shard);
            self.discovered_at = None;
            return Ok(true);
        };
        if let Some(cursor) = self.cursors.get_mut(shard) {
            cursor.iterator = next;
            let due = cursor.stamped_at.is_none_or(|at| at.elapsed() >= IDLE_STAMP);
            if !progressed && due {
                stamp(&self.checkpoints, arn, shard, asked_at, cursor).await?;
            }
        }
        Ok(progressed)
    }
}

/// Nothing was there: everything that happened before we asked is in the projection.
async fn stamp(
    checkpoints: &Checkpoints,
    arn: &str,
    shard: &str,
    asked_at: DateTime<Utc>,
    cursor: &mut Cursor,
) -> Result<(), Error> {
    checkpoints.stamp(arn, shard, asked_at).await?;
    cursor.stamped_at = Some(Instant::now());
    Ok(())
}

/// The shards to read now: not read to their end, and no parent that still has records before theirs.
fn readable<'s>(shards: &'s [Shard], finished: &[String]) -> Vec<&'s Shard> {
    let unread = |id: &String| shards.iter().any(|shard| shard.id == *id) && !finished.contains(id);
    shards
        .iter()
        .filter(|shard| !finished.contains(&shard.id) && !shard.parent.as_ref().is_some_and(unread))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shard(id: &str, parent: Option<&str>) -> Shard {
        Shard { id: id.into(), parent: parent.map(str::to_owned) }
    }

    #[test]
    fn parents_are_read_before_their_children() {
        let shards =
            [shard("p", Some("gone")), shard("a", Some("p")), shard("b", Some("p")), shard("c", Some("a"))];
        let ids = |finished: &[&str]| {
            let finished: Vec<String> = finished.iter().map(|id| (*id).to_owned()).collect();
            readable(&shards, &finished).iter().map(|shard| shard.id.clone()).collect::<Vec<_>>()
        };
        assert_eq!(ids(&[]), ["p"]);
        assert_eq!(ids(&["p"]), ["a", "b"]);
        assert_eq!(ids(&["p", "a"]), ["b", "c"]);
        assert!(ids(&["p", "a", "b", "c"]).is_empty());
    }
}
