//! One stream, followed from where its sink has it.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, Utc};
use futures::StreamExt;
use tokio::time::Instant;

use super::cursor::{Asked, Cursor};
use super::shards::{Known, Survey, readable};
use super::stream::{self, Page, Shard, Stream};
use super::{Error, Health};
use crate::core::{Record, database};

/// How often the list of shards is read again.
const DISCOVERY_INTERVAL: Duration = Duration::from_secs(10);
/// How often it is read while a shard has ended whose children are not in it (AWS: ten `DescribeStream` a second).
const CHILDREN_INTERVAL: Duration = Duration::from_secs(1);
/// How long an ended shard's children are waited for: the list is eventually consistent, and only the shards of a stream
/// that was turned off have none.
const CHILDREN_WITHIN: Duration = Duration::from_secs(60);
/// Shards that are read at once: each takes a connection to the database, and a stream has about one for each 1,000
/// writes a second (DynamoDB developer guide, partitions).
pub(super) const MAX_SHARDS_AT_ONCE: usize = 8;

/// Where the records of a stream go, and where the place in each of its shards is kept.
pub(crate) trait Sink {
    /// Every shard of the stream that was ever seen.
    async fn list(&self) -> Result<Vec<Known>, database::Error>;

    /// Ends every source but the shards of this stream, and forgets those that ended long ago; how many shards of other
    /// streams were not read to their end, which is lost.
    async fn retire_others(&self) -> Result<u64, database::Error>;

    /// Writes what a survey found, and which shards ended, in one step: an end without the children, or a part of the
    /// new shards, would let a reader see a time that is ahead of what is taken.
    async fn settle(&self, survey: &Survey, ended: &[String]) -> Result<(), database::Error>;

    /// Everything of the shard from before then is taken.
    async fn stamp(&self, shard: &str, as_of: DateTime<Utc>) -> Result<(), database::Error>;

    /// Records of the shard are lost, and its place with them.
    async fn lose(&self, shard: &str) -> Result<(), database::Error>;

    /// Whether anything is lost that nobody mended yet.
    async fn any_trimmed(&self) -> Result<bool, database::Error>;

    /// Takes records of a shard, and what it still has of those before. The shard's place is behind a record only once that
    /// is taken.
    async fn take(&self, shard: &str, records: Vec<Record>) -> Result<Taken, Error>;
}

/// How much of what it was given a sink took.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Taken {
    /// All of it.
    All,
    /// Some: the rest waits in the sink, which is asked again, and has room for more.
    Some,
    /// Some, and there is no room for more.
    Enough,
}

/// Reads a stream into a sink.
pub(super) struct Poller<S, K> {
    stream: S,
    sink: K,
    health: Health,
    now: fn() -> DateTime<Utc>,
    cursors: BTreeMap<String, Cursor>,
    /// Read to their end, but not yet written down as such, and since when.
    ended: BTreeMap<String, Instant>,
    discovered_at: Option<Instant>,
}

/// What became of a shard in a round.
enum Step {
    /// It goes on here; whether there were records.
    On(Cursor, bool),
    /// Its end is reached.
    End,
}

impl<S: Stream, K: Sink> Poller<S, K> {
    pub(super) fn new(stream: S, sink: K, health: Health, now: fn() -> DateTime<Utc>) -> Self {
        Self {
            stream,
            sink,
            health,
            now,
            cursors: BTreeMap::new(),
            ended: BTreeMap::new(),
            discovered_at: None,
        }
    }

    /// One page of every shard that may be read; whether any had records.
    pub(super) async fn round(&mut self) -> Result<bool, Error> {
        let interval = if self.ended.is_empty() { DISCOVERY_INTERVAL } else { CHILDREN_INTERVAL };
        if self.discovered_at.is_none_or(|at| at.elapsed() >= interval) {
            self.discover().await?;
        }
        let reading = std::mem::take(&mut self.cursors).into_iter();
        let reading = reading.map(|(shard, cursor)| self.read(shard, cursor));
        // Every page to its end, also when one fails: a shard that fails must not keep the others from theirs.
        let steps: Vec<Result<(String, Step), Error>> =
            futures::stream::iter(reading).buffer_unordered(MAX_SHARDS_AT_ONCE).collect().await;
        let mut progressed = false;
        for step in steps {
            match step? {
                (shard, Step::On(cursor, moved)) => {
                    self.cursors.insert(shard, cursor);
                    progressed |= moved;
                }
                (shard, Step::End) => {
                    self.ended.insert(shard, Instant::now());
                    // Its children wait.
                    self.discovered_at = None;
                    progressed = true;
                }
            }
        }
        Ok(progressed)
    }

    /// Learns which shards there are, writes down those that are new and those that ended, and starts on those whose
    /// parents are done.
    async fn discover(&mut self) -> Result<(), Error> {
        if self.sink.retire_others().await? > 0 {
            report_lost("all that were open of the stream before this one");
        }
        // Before the list: what another poller writes down after it, would look gone.
        let mut known = self.sink.list().await?;
        let listed = self.stream.shards().await?;
        let ended: Vec<String> =
            self.ended.iter().filter(|of| has_children(of, &listed)).map(|of| of.0.clone()).collect();
        for known in known.iter_mut().filter(|known| ended.contains(&known.shard)) {
            known.finished = true;
        }
        let mut survey = Survey::of(&listed, &known, (self.now)());
        for known in known.iter_mut().filter(|known| survey.gone.contains(&known.shard)) {
            known.finished = true;
        }
        // A shard that is being read is not missing, whatever the list says.
        survey.missing.retain(|shard| !self.cursors.contains_key(shard) && !self.ended.contains_key(shard));
        for shard in survey.lost() {
            report_lost(shard);
        }
        if !survey.missing.is_empty() {
            tracing::warn!(stream.shards = ?survey.missing, "open shards are not in the stream's list");
        }
        self.sink.settle(&survey, &ended).await?;
        self.ended.retain(|shard, _| !ended.contains(shard));
        for shard in readable(&listed, &known) {
            if !self.cursors.contains_key(&shard.id) && !self.ended.contains_key(&shard.id) {
                let iterator = self.iterator(&shard.id).await?;
                self.cursors.insert(shard.id.clone(), Cursor::at(iterator));
                self.health.step();
            }
        }
        self.health.shards(self.sink.any_trimmed().await?, !survey.missing.is_empty());
        self.discovered_at = Some(Instant::now());
        Ok(())
    }

    async fn iterator(&self, shard: &str) -> Result<String, Error> {
        let known = self.known(shard).await?;
        let place = known.as_ref().and_then(|known| known.sequence_number.as_deref());
        match self.stream.iterator(shard, place).await {
            Err(stream::Error::Trimmed) => self.restart(shard).await,
            other => Ok(other?),
        }
    }

    async fn known(&self, shard: &str) -> Result<Option<Known>, Error> {
        Ok(self.sink.list().await?.into_iter().find(|known| known.shard == shard))
    }

    /// Our place is gone: the oldest record there is, is where we go on. Nothing is lost with it where nothing was ever
    /// applied, or where all that is not applied is younger than what the stream drops: the last record of a shard that
    /// was idle for a day is dropped as well. Else the loss stays visible until it is mended.
    async fn restart(&self, shard: &str) -> Result<String, Error> {
        let known = self.known(shard).await?;
        let is_whole = |known: &Known| known.is_untouched() || known.is_kept((self.now)());
        if !known.as_ref().is_none_or(is_whole) {
            report_lost(shard);
            self.sink.lose(shard).await?;
            self.health.shards(true, false);
        }
        Ok(self.stream.iterator(shard, None).await?)
    }

    /// A page of a shard, taken.
    async fn read(&self, shard: String, cursor: Cursor) -> Result<(String, Step), Error> {
        let step = self.page(&shard, cursor).await?;
        self.health.step();
        Ok((shard, step))
    }

    async fn page(&self, shard: &str, mut cursor: Cursor) -> Result<Step, Error> {
        let is_ahead = cursor.is_ahead();
        let Asked { page: Page { records, next }, at } = match self.next(&mut cursor).await {
            Ok(asked) => asked,
            // Nothing was read, so nothing is known: the new cursor has no quiet run.
            Err(stream::Error::Expired) => {
                return Ok(Step::On(cursor.anew(self.iterator(shard).await?), false));
            }
            Err(stream::Error::Trimmed) => {
                return Ok(Step::On(cursor.anew(self.restart(shard).await?), false));
            }
            Err(error) => return Err(error.into()),
        };
        let moved = !records.is_empty();
        if moved || cursor.taken != Taken::All {
            let reading = self.ahead(next.as_deref().filter(|_| moved));
            let (taken, ahead) = futures::future::join(self.sink.take(shard, records), reading).await;
            cursor.moved(next, taken?);
            cursor.ahead = cursor.ahead.or(ahead);
        } else if let Some(as_of) = cursor.idled(next, at) {
            self.sink.stamp(shard, as_of).await?;
            cursor.stamped(at);
        }
        // What was read ahead says what there was then, and not that there is nothing now.
        Ok(if cursor.is_done() { Step::End } else { Step::On(cursor, moved || is_ahead) })
    }

    /// The next page; nothing where none is left, or the sink has no room for it.
    async fn next(&self, cursor: &mut Cursor) -> Result<Asked, stream::Error> {
        let at = (self.now)();
        let has_room = cursor.taken != Taken::Enough;
        if let Some(ahead) = cursor.ahead.take_if(|_| has_room) {
            return Ok(ahead);
        }
        let page = match &cursor.iterator {
            Some(iterator) if has_room => self.stream.page(iterator).await?,
            iterator => Page { records: Vec::new(), next: iterator.clone() },
        };
        Ok(Asked { page, at })
    }

    /// The page behind one that is being taken: one, so that what is held is bounded. Where that fails, it is asked for again
    /// in its turn, and what it fails of is dealt with there.
    async fn ahead(&self, iterator: Option<&str>) -> Option<Asked> {
        let at = (self.now)();
        let page = self.stream.page(iterator?).await.ok()?;
        Some(Asked { page, at })
    }
}

/// Whether the children of a shard that ended are in the list, or there will be none. Until then its end must not be
/// written down: readers would see the time of the other shards, and nothing of what is in the children.
fn has_children((shard, ended_at): &(&String, &Instant), listed: &[Shard]) -> bool {
    listed.iter().any(|listed| listed.parent.as_ref() == Some(shard)) || ended_at.elapsed() >= CHILDREN_WITHIN
}

fn report_lost(shard: &str) {
    tracing::error!(
        problem = "stream_trimmed",
        stream.shard = shard,
        "the stream dropped records before they were read: whoever is told of them may miss changes",
    );
}

#[cfg(test)]
mod tests;
