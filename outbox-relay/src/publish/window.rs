//! Which records go out together.
//!
//! Pure. Never two of one aggregate: whatever part of a window is taken, and in whatever order it is tried again, each
//! aggregate's events come in theirs.

use std::collections::HashSet;

use contracts::json::CloudEvent;

use crate::core::{Change, Record, decode};

/// Most bytes of one window: SQS and EventBridge take 256 KiB in a request (and by now more), and this leaves room for
/// what stands around the events. A larger event goes alone, and the target says what it thinks of it.
const MAX_BYTES: usize = 200 * 1024;

/// Some records in a row, of different aggregates.
#[derive(Debug)]
pub(super) struct Window<'r> {
    pub events: Vec<(&'r Record, CloudEvent)>,
    /// What is no event that we know, and why.
    pub strange: Vec<(&'r Record, String)>,
    /// Where the window ends.
    pub last: &'r Record,
}

/// The records as windows of at most so many events.
pub(super) fn windows(records: &[Record], most: usize) -> Vec<Window<'_>> {
    let mut windows: Vec<Window<'_>> = Vec::new();
    let (mut aggregates, mut bytes) = (HashSet::new(), 0);
    for record in records {
        let event = read(&record.change);
        let (key, size) = match &event {
            Some(Ok(event)) => (Some(event.subject.clone()), event.data.to_string().len()),
            _ => (None, 0),
        };
        let fits = key.as_ref().is_none_or(|key| {
            !aggregates.contains(key) && aggregates.len() < most && (bytes == 0 || bytes + size <= MAX_BYTES)
        });
        if !fits || windows.is_empty() {
            (aggregates, bytes) = (HashSet::new(), 0);
            windows.push(Window { events: Vec::new(), strange: Vec::new(), last: record });
        }
        aggregates.extend(key);
        bytes += size;
        if let Some(window) = windows.last_mut() {
            window.last = record;
            match event {
                Some(Ok(event)) => window.events.push((record, event)),
                Some(Err(reason)) => window.strange.push((record, reason)),
                None => {}
            }
        }
    }
    windows
}

/// The event in a change; nothing where there is none to publish.
pub(super) fn read(change: &Change) -> Option<Result<CloudEvent, String>> {
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
