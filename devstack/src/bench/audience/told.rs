//! When the last of all was told of each change.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use tokio::sync::Notify;

/// What everybody notes what they were told in.
#[derive(Debug, Clone)]
pub(super) struct Told(Arc<State>);

#[derive(Debug)]
struct State {
    /// The position before the first change.
    start: u64,
    followers: usize,
    changes: Vec<Change>,
    over: Notify,
}

#[derive(Debug, Default)]
struct Change {
    told: AtomicUsize,
    last: OnceLock<Instant>,
}

impl Told {
    pub(super) fn new(start: u64, changes: u64, followers: usize) -> Self {
        let changes = (0..changes).map(|_| Change::default()).collect();
        Self(Arc::new(State { start, followers, changes, over: Notify::new() }))
    }

    /// One that knew of all up to `before` knows of all up to `now`.
    pub(super) fn note(&self, before: u64, now: u64) {
        let State { start, followers, changes, over } = &*self.0;
        let index = |position: u64| usize::try_from(position.saturating_sub(*start)).unwrap_or(usize::MAX);
        let new = changes.get(index(before)..index(now).min(changes.len())).unwrap_or_default();
        for change in new {
            if change.told.fetch_add(1, Ordering::Relaxed) + 1 == *followers {
                // Nobody else is the last.
                let _ = change.last.set(Instant::now());
            }
        }
        // Each is told in the order of the positions.
        if changes.last().is_some_and(|change| change.last.get().is_some()) {
            over.notify_one();
        }
    }

    /// Returns when everybody was told of everything: when the last was, of each change.
    pub(super) async fn all(&self) -> Vec<Instant> {
        self.0.over.notified().await;
        self.0.changes.iter().filter_map(|change| change.last.get().copied()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_change_is_told_when_the_last_knows_of_it() {
        let told = Told::new(7, 2, 2);
        told.note(7, 8);
        told.note(6, 9);
        assert!(told.0.changes[0].last.get().is_some() && told.0.changes[1].last.get().is_none());
        told.note(8, 9);
        assert_eq!(told.all().await.len(), 2);
    }
}
