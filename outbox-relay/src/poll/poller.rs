//! One stream, followed from the checkpoints on.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::time::Instant;

use super::checkpoint::{Checkpoints, Places};
use super::cursor::Cursor;
use super::shards::{Known, Survey, readable};
use super::stream::{self, Page, Stream};
use super::{Error, Health};
use crate::core::database::{Database, Projection};
use crate::core::{Batch, Progress, project};

/// How often the list of shards is read again; a shard that ends makes it be read at once.
const DISCOVERY_INTERVAL: Duration = Duration::from_secs(10);

/// Reads a stream and projects it.
pub(super) struct Poller<S, D> {
    stream: S,
    database: D,
    checkpoints: Checkpoints<D>,
    health: Health,
    now: fn() -> DateTime<Utc>,
    cursors: BTreeMap<String, Cursor>,
    discovered_at: Option<Instant>,
}

impl<S, D> Poller<S, D>
where
    S: Stream,
    D: Database<Connection: Projection + Places> + Clone,
{
    pub(super) fn new(stream: S, database: D, health: Health, now: fn() -> DateTime<Utc>) -> Self {
        Self {
            checkpoints: Checkpoints::new(database.clone(), stream.arn()),
            stream,
            database,
            health,
            now,
            cursors: BTreeMap::new(),
            discovered_at: None,
        }
    }

    /// One page of every shard that may be read; whether any had records.
    pub(super) async fn round(&mut self) -> Result<bool, Error> {
        if self.discovered_at.is_none_or(|at| at.elapsed() >= DISCOVERY_INTERVAL) {
            self.discover(&[]).await?;
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
    async fn discover(&mut self, ended: &[String]) -> Result<(), Error> {
        let listed = self.stream.shards().await?;
        self.checkpoints.retire_others().await?;
        let mut known = self.checkpoints.list().await?;
        for known in known.iter_mut().filter(|known| ended.contains(&known.shard)) {
            known.finished = true;
        }
        let mut survey = Survey::of(&listed, &known, (self.now)());
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
        let is_whole = |known: &Known| known.is_untouched() || known.is_kept((self.now)());
        if !known.as_ref().is_none_or(is_whole) {
            report_lost(shard);
            self.checkpoints.lose(shard).await?;
            self.health.shards(true, false);
        }
        Ok(self.stream.iterator(shard, None).await?)
    }

    async fn read(&mut self, shard: &str) -> Result<bool, Error> {
        let Some(cursor) = self.cursors.get(shard) else { return Ok(false) };
        let asked_at = (self.now)();
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
            let batch = Batch { stream: self.stream.arn(), records: &records, progress };
            project(&self.database, batch).await?;
            tracing::debug!(stream.shard = shard, records = records.len(), "applied");
        }
        let Some(next) = next else {
            self.discover(&[shard.to_owned()]).await?;
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
