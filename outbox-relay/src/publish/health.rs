//! Whether publishing works, for `/readyz`.

use std::sync::Arc;

use platform::health::{NotReady, Ready};
use tokio::sync::watch;

use crate::poll;

/// The publisher's state, shared with the HTTP server.
#[derive(Debug, Clone, Default)]
pub struct Health {
    reading: poll::Health,
    target: Arc<watch::Sender<State>>,
}

#[derive(Debug, Default)]
struct State {
    /// The target takes nothing.
    refusing: bool,
    /// No more may be put aside.
    full: bool,
}

impl Health {
    /// That of reading the stream.
    pub(super) fn reading(&self) -> &poll::Health {
        &self.reading
    }

    pub(super) fn refusing(&self, refusing: bool) {
        self.target.send_modify(|state| state.refusing = refusing);
    }

    pub(super) fn full(&self, full: bool) {
        self.target.send_modify(|state| state.full = full);
    }
}

impl Ready for Health {
    async fn check(&self) -> Result<(), NotReady> {
        // First: while the target takes nothing, reading stands still as well.
        match *self.target.borrow() {
            State { full: true, .. } => {
                return Err(NotReady("too many events are put aside; see docs/operations.md"));
            }
            State { refusing: true, .. } => return Err(NotReady("the target takes no events")),
            State { .. } => {}
        }
        self.reading.check().await
    }
}
