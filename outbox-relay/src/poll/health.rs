//! Whether the poller works, for `/readyz`.

use std::sync::Arc;
use std::time::Duration;

use platform::health::{NotReady, Ready};
use tokio::sync::watch;
use tokio::time::Instant;

/// Longest that the poller may take from one step to the next. Its longest step is a page: a call of the stream (5 s
/// with all its tries), a transaction (10 s) and the time that is written after it (3 s). What takes longer hangs.
const STANDSTILL: Duration = Duration::from_secs(30);

/// The poller's state, shared with the HTTP server.
#[derive(Debug, Clone, Default)]
pub struct Health(Arc<watch::Sender<State>>);

#[derive(Debug, Default)]
struct State {
    /// The last step, if nothing failed since.
    stepped_at: Option<Instant>,
    round_done: bool,
    trimmed: bool,
    missing: bool,
    behind: bool,
}

impl Health {
    /// A step of a round is done.
    pub(super) fn step(&self) {
        self.0.send_modify(|state| state.stepped_at = Some(Instant::now()));
    }

    /// Every shard was asked, or one was and has so much that it takes a while.
    pub(crate) fn round(&self) {
        self.0.send_modify(|state| {
            state.stepped_at = Some(Instant::now());
            state.round_done = true;
        });
    }

    pub(super) fn failing(&self) {
        self.0.send_modify(|state| state.round_done = false);
    }

    /// Whether records are lost, and whether a shard that still has some is not in the list.
    pub(super) fn shards(&self, trimmed: bool, missing: bool) {
        self.0.send_modify(|state| (state.trimmed, state.missing) = (trimmed, missing));
    }

    /// Whether the projection is further behind than it may be.
    pub(crate) fn behind(&self, behind: bool) {
        self.0.send_modify(|state| state.behind = behind);
    }
}

impl State {
    fn check(&self, now: Instant) -> Result<(), NotReady> {
        if self.trimmed {
            return Err(NotReady("stream_trimmed: the projection may miss changes; see docs/operations.md"));
        }
        if !self.round_done {
            return Err(NotReady("the stream or the projection's database does not answer"));
        }
        if self.stepped_at.is_none_or(|at| now.duration_since(at) > STANDSTILL) {
            return Err(NotReady("reading the stream stands still"));
        }
        if self.missing {
            return Err(NotReady("a shard that is not read to its end is not in the stream's list"));
        }
        if self.behind {
            return Err(NotReady("the projection is further behind than MAX_LAG_SECONDS"));
        }
        Ok(())
    }
}

impl Ready for Health {
    async fn check(&self) -> Result<(), NotReady> {
        self.0.borrow().check(Instant::now())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_poller_that_stands_still_is_not_ready() {
        let health = Health::default();
        let after = |longer: Duration| health.0.borrow().check(Instant::now() + longer).is_ok();
        health.step();
        assert!(!after(Duration::ZERO), "no round is done yet");
        health.round();
        assert!(after(Duration::ZERO) && after(STANDSTILL - Duration::from_secs(1)));
        assert!(!after(STANDSTILL + Duration::from_secs(1)));
        health.failing();
        health.step();
        assert!(!after(Duration::ZERO), "steps alone say nothing");
        health.round();
        assert!(after(Duration::ZERO));
    }
}
