//! What is on its way of a shard, in the shard's order, from its place on.
//!
//! Pure. Never two events of one aggregate go out together, and none while an earlier one of its aggregate waits: so each
//! aggregate's events come in theirs, whatever fails and is sent again. Other aggregates do not wait for it.

use std::collections::{HashSet, VecDeque};

use contracts::json::CloudEvent;
use tokio::time::Instant;

use crate::core::{Change, Record, decode};

/// Most bytes that go out together: SQS and EventBridge take 256 KiB in a request (and by now more), and this leaves room
/// for what stands around the events. A larger event goes alone, and the target says what it thinks of it.
const MAX_BYTES: usize = 200 * 1024;

/// The records of a shard from the first that is not done with.
#[derive(Debug, Default)]
pub(super) struct Queue {
    entries: VecDeque<Entry>,
    /// Deliveries in a row of which nothing was taken.
    pub failures: u32,
    /// When to ask the target again.
    pub rests_until: Option<Instant>,
}

/// What a target made of events that came to it for the first time.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Tries {
    pub taken: u64,
    pub failed: u64,
}

impl Tries {
    /// Whether it took most of them.
    pub(super) fn is_well_since(self, before: Self) -> bool {
        self.taken - before.taken > self.failed - before.failed
    }
}

/// A record on its way.
#[derive(Debug)]
pub(super) struct Entry {
    pub record: Record,
    /// The event in it, or why it is none that we know; nothing when it is done with.
    pub content: Option<Result<CloudEvent, String>>,
    /// How often it was sent in vain.
    pub tries: u32,
    /// How often that was the event's own fault.
    pub refusals: u32,
    /// What the target had made of others when this one last failed.
    pub seen_before: Option<Tries>,
    /// There was no room to put it aside.
    pub is_stuck: bool,
    /// When it is its turn again.
    pub rests_until: Option<Instant>,
}

impl Queue {
    /// What was read. What is here already, is read again.
    pub(super) fn add(&mut self, records: Vec<Record>) {
        for record in records {
            if self.entries.iter().all(|known| known.record.id != record.id) {
                self.entries.push_back(Entry {
                    content: read(&record.change),
                    record,
                    tries: 0,
                    refusals: 0,
                    seen_before: None,
                    is_stuck: false,
                    rests_until: None,
                });
            }
        }
    }

    /// Leaves what is done with behind, up to the first that is not; the last of it that has a place.
    pub(super) fn pass(&mut self) -> Option<Record> {
        let mut last = None;
        while let Some(entry) = self.entries.pop_front_if(|entry| entry.content.is_none()) {
            last = Some(entry.record).filter(|record| record.sequence_number.is_some()).or(last);
        }
        last
    }

    /// How many are not done with.
    pub(super) fn waiting(&self) -> usize {
        self.entries.iter().filter(|entry| entry.content.is_some()).count()
    }

    /// How many are kept: those, and what was done with behind them.
    pub(super) fn kept(&self) -> usize {
        self.entries.len()
    }

    /// Whether any of them should have been put aside, and could not.
    pub(super) fn is_stuck(&self) -> bool {
        self.entries.iter().any(|entry| entry.content.is_some() && entry.is_stuck)
    }

    /// The first that is no event, if it is its turn.
    pub(super) fn strange(&mut self, now: Instant) -> Option<&mut Entry> {
        self.entries.iter_mut().find(|entry| matches!(entry.content, Some(Err(_))) && entry.is_due(now))
    }

    /// The events to send together, at most so many. While the target takes nothing, those first that were tried least:
    /// which of them it takes, if any, tells an event that fails from a target that is down.
    pub(super) fn next(&mut self, most: usize, now: Instant) -> Vec<&mut Entry> {
        let mut aggregates = HashSet::new();
        let mut is_first = |entry: &Entry| match &entry.content {
            Some(Ok(event)) => aggregates.insert(event.subject.clone()),
            _ => false,
        };
        let mut next: Vec<&mut Entry> =
            self.entries.iter_mut().filter(|entry| is_first(entry) && entry.is_due(now)).collect();
        if self.failures > 0 {
            next.sort_by_key(|entry| entry.tries);
        }
        let mut bytes = 0;
        let fitting = next.iter().take(most).take_while(|entry| {
            let alone = bytes == 0;
            bytes += entry.bytes();
            alone || bytes <= MAX_BYTES
        });
        let fitting = fitting.count();
        next.truncate(fitting);
        next
    }
}

impl Entry {
    fn is_due(&self, now: Instant) -> bool {
        self.rests_until.is_none_or(|until| until <= now)
    }

    fn bytes(&self) -> usize {
        let event = self.content.as_ref().and_then(|content| content.as_ref().ok());
        event.map_or(0, |event| event.data.to_string().len())
    }
}

/// The event in a change; nothing where there is none to publish.
fn read(change: &Change) -> Option<Result<CloudEvent, String>> {
    match change {
        Change::Inserted(row) => Some(match decode::envelope(row) {
            Ok(envelope) => CloudEvent::of(&envelope).map_err(|error| error.to_string()),
            Err(error) => Err(error.to_string()),
        }),
        Change::Expired | Change::Removed => None,
        Change::Unexpected { reason, .. } | Change::Unreadable { reason, .. } => Some(Err(reason.clone())),
    }
}

#[cfg(test)]
mod tests;
