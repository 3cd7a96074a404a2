//! A stream that does what DynamoDB's may: shards that split, pages that are empty or come twice, iterators that expire,
//! lists that are behind, answers that never come.

use chrono::{DateTime, TimeDelta, Utc};

use super::mutation::Mutation;
use super::world::{KEPT, State, World, now, pause, sequence_number, tell};
use crate::poll::stream::{Error, Page, Shard, Stream, Table};

pub(super) const ARN: &str = "arn:aws:dynamodb:sim:0:table/outbox/stream/0";
/// Items are spread over so many places, which shards share out among them.
const PLACES: u64 = 1024;
/// Most pages in a row that are empty although there are records; see `poll/cursor.rs`.
const MOST_EMPTY: u64 = 5;
/// How long an iterator can be used.
const ITERATOR_LASTS: TimeDelta = TimeDelta::minutes(15);
/// How far a list of shards may be behind.
const LIST_BEHIND_MS: u64 = 3000;

struct ModelShard {
    id: String,
    parent: Option<String>,
    places: std::ops::Range<u64>,
    /// Indexes of events.
    events: Vec<usize>,
    closed_at: Option<DateTime<Utc>>,
    listed_from: DateTime<Utc>,
}

pub(super) struct Shards(Vec<ModelShard>);

impl Shards {
    pub(super) fn new(count: u64) -> Self {
        let mut shards = Self(Vec::new());
        for n in 0..count {
            shards.open(None, PLACES * n / count..PLACES * (n + 1) / count, now());
        }
        shards
    }

    fn open(&mut self, parent: Option<String>, places: std::ops::Range<u64>, listed_from: DateTime<Utc>) {
        let id = format!("shardId-{:04}", self.0.len());
        self.0.push(ModelShard { id, parent, places, events: Vec::new(), closed_at: None, listed_from });
    }

    /// An item's change goes to the shard that has its place; where it is there, and the event before it.
    pub(super) fn append(&mut self, item: &str, event: usize) -> (usize, Option<usize>) {
        let place = item.bytes().fold(7, |hash: u64, byte| hash.wrapping_mul(31) + u64::from(byte)) % PLACES;
        let has = |shard: &&mut ModelShard| shard.closed_at.is_none() && shard.places.contains(&place);
        let shard = self.0.iter_mut().find(has).unwrap();
        shard.events.push(event);
        (shard.events.len() - 1, shard.events.iter().rev().nth(1).copied())
    }

    /// The sequence number that follows one in its shard.
    pub(super) fn after(&self, id: &str, place: &str) -> Option<String> {
        let next = place.parse::<usize>().unwrap() + 1;
        (next < self.of(id)?.events.len()).then(|| sequence_number(next))
    }

    fn of(&self, id: &str) -> Option<&ModelShard> {
        self.0.iter().find(|shard| shard.id == id)
    }
}

impl State {
    /// A shard ends, and one or two follow it.
    pub(super) fn split(&mut self) {
        let open = self.shards.0.iter().filter(|shard| shard.closed_at.is_none());
        let open: Vec<String> = open.map(|shard| shard.id.clone()).collect();
        let index = usize::try_from(self.rng.below(open.len() as u64)).unwrap();
        let behind = i64::try_from(self.rng.below(LIST_BEHIND_MS)).unwrap();
        let listed_from = now() + TimeDelta::milliseconds(behind);
        let shard = self.shards.0.iter_mut().find(|shard| shard.id == open[index]).unwrap();
        shard.closed_at = Some(now());
        // A list is of some moment: it has no child without its parent.
        let listed_from = listed_from.max(shard.listed_from);
        let (id, places) = (shard.id.clone(), shard.places.clone());
        let middle = if self.rng.chance(500) { u64::midpoint(places.start, places.end) } else { places.end };
        tell(format_args!("{id} ends with {:?}", shard.events.last()));
        self.shards.open(Some(id.clone()), places.start..middle, listed_from);
        if middle < places.end {
            self.shards.open(Some(id), middle..places.end, listed_from);
        }
    }

    fn list(&self) -> Vec<Shard> {
        let has = |shard: &&ModelShard| {
            (self.calm || shard.listed_from <= now()) && shard.closed_at.is_none_or(|at| now() - at < KEPT)
        };
        let no_parents = self.has(Mutation::NoParents);
        let listed = |shard: &ModelShard| Shard {
            id: shard.id.clone(),
            parent: shard.parent.clone().filter(|_| !no_parents),
        };
        self.shards.0.iter().filter(has).map(listed).collect()
    }

    /// Index of the oldest event that a shard still has.
    fn horizon(&self, shard: &ModelShard) -> usize {
        shard.events.iter().take_while(|event| self.is_trimmed(**event)).count()
    }

    fn iterator(&self, id: &str, after: Option<&str>) -> Result<String, Error> {
        let shard = self.shards.of(id).ok_or_else(|| Error::Api("no such shard".to_owned()))?;
        let horizon = self.horizon(shard);
        let is_after = |event: &usize| self.events[*event].record.sequence_number.as_deref() == after;
        let index = match after {
            None if self.has(Mutation::Latest) => shard.events.len(),
            None => horizon,
            Some(_) => shard.events.iter().position(is_after).unwrap() + 1,
        };
        if index < horizon || (after.is_some() && index == horizon && horizon > 0) {
            return match self.has(Mutation::SilentLoss) {
                true => self.iterator(id, None),
                false => Err(Error::Trimmed),
            };
        }
        Ok(Iterator { shard: id.to_owned(), index, made_at: now(), empty: 0 }.text())
    }

    fn page(&mut self, iterator: &str) -> Result<Page, Error> {
        let mut at = Iterator::of(iterator);
        if now() - at.made_at > ITERATOR_LASTS || (!self.calm && self.rng.chance(self.weather.faults / 4)) {
            return Err(Error::Expired);
        }
        let shard = self.shards.of(&at.shard).unwrap();
        if at.index < self.horizon(shard) {
            return Err(Error::Trimmed);
        }
        let (horizon, closed) = (self.horizon(shard), shard.closed_at.is_some());
        let (events, parent) = (shard.events.clone(), shard.parent.clone());
        let visible = events.iter().take_while(|event| self.events[**event].visible_at <= now()).count();
        let mut there = events[at.index..visible.max(at.index)].to_vec();
        if !there.is_empty() && at.empty < MOST_EMPTY && !self.calm && self.rng.chance(self.weather.empty) {
            at.empty += 1;
            return Ok(Page { records: Vec::new(), next: Some(Iterator { made_at: now(), ..at }.text()) });
        }
        if !there.is_empty() {
            self.parents_come_first(&at.shard, parent);
            there.truncate(1 + usize::try_from(self.rng.below(6)).unwrap());
        }
        let from = at.index;
        at.index += there.len();
        if !self.calm && !there.is_empty() && self.rng.chance(100) {
            // What came before comes again.
            let again = from.saturating_sub(usize::try_from(self.rng.below(4)).unwrap()).max(horizon);
            there.splice(..0, events[again..from].iter().copied());
        }
        let records = there.iter().map(|event| self.events[*event].record.clone()).collect();
        tell(format_args!("page of {}: {there:?}", at.shard));
        let next = Iterator { made_at: now(), empty: 0, ..at };
        Ok(Page { records, next: (!closed || next.index < events.len()).then(|| next.text()) })
    }

    fn parents_come_first(&mut self, shard: &str, parent: Option<String>) {
        let Some(parent) = parent.and_then(|id| self.shards.of(&id)) else { return };
        let is_unread = |event: &&usize| !self.events[**event].applied && !self.is_trimmed(**event);
        if let Some(event) = parent.events.iter().find(is_unread) {
            let why = format!("{shard} is read before {} of its parent", self.events[*event].history_key);
            self.breaks(why);
        }
    }
}

/// A place in a shard.
struct Iterator {
    shard: String,
    index: usize,
    made_at: DateTime<Utc>,
    /// Empty pages before it.
    empty: u64,
}

impl Iterator {
    fn text(&self) -> String {
        format!("{} {} {} {}", self.shard, self.index, self.made_at.timestamp_millis(), self.empty)
    }

    fn of(text: &str) -> Self {
        let mut parts = text.split(' ');
        let mut part = || parts.next().unwrap();
        Self {
            shard: part().to_owned(),
            index: part().parse().unwrap(),
            made_at: DateTime::from_timestamp_millis(part().parse().unwrap()).unwrap(),
            empty: part().parse().unwrap(),
        }
    }
}

/// The model as the relay sees it.
#[derive(Clone)]
pub(super) struct ModelStream(pub World);

impl ModelStream {
    /// A call: it may fail before it is done, or after, when its answer is lost.
    async fn call<T>(&self, done: impl FnOnce(&mut State) -> Result<T, Error>) -> Result<T, Error> {
        let refused = || Err(Error::Api("no answer".to_owned()));
        pause(&self.0).await;
        if self.0.borrow_mut().fails() {
            return refused();
        }
        let done = done(&mut self.0.borrow_mut());
        pause(&self.0).await;
        if self.0.borrow_mut().fails() { refused() } else { done }
    }
}

impl Table for ModelStream {
    type Stream = Self;

    async fn stream(&self) -> Result<Self, Error> {
        self.call(|_| Ok(self.clone())).await
    }
}

impl Stream for ModelStream {
    fn arn(&self) -> &str {
        ARN
    }

    async fn shards(&self) -> Result<Vec<Shard>, Error> {
        self.call(|state| Ok(state.list())).await
    }

    async fn iterator(&self, shard: &str, checkpoint: Option<&str>) -> Result<String, Error> {
        self.call(|state| state.iterator(shard, checkpoint)).await
    }

    async fn page(&self, iterator: &str) -> Result<Page, Error> {
        self.call(|state| state.page(iterator)).await
    }
}
