//! Whether publishing works, for `/readyz`.

use std::sync::Arc;

use platform::health::{NotReady, Ready};
use tokio::sync::watch;

/// The publisher's state, shared with the HTTP server.
#[derive(Debug, Clone, Default)]
pub struct Health(Arc<watch::Sender<State>>);

#[derive(Debug, Default)]
struct State {
    /// Every shard was asked since something last failed.
    reading: bool,
    trimmed: bool,
    /// The target takes nothing.
    refusing: bool,
    /// No more may be put aside.
    full: bool,
}

impl Health {
    pub(super) fn reading(&self, reading: bool) {
        self.0.send_modify(|state| state.reading = reading);
    }

    pub(super) fn trimmed(&self, trimmed: bool) {
        self.0.send_modify(|state| state.trimmed = trimmed);
    }

    pub(super) fn refusing(&self, refusing: bool) {
        self.0.send_modify(|state| state.refusing = refusing);
    }

    pub(super) fn full(&self, full: bool) {
        self.0.send_modify(|state| state.full = full);
    }
}

impl Ready for Health {
    async fn check(&self) -> Result<(), NotReady> {
        let state = self.0.borrow();
        match *state {
            State { full: true, .. } => {
                Err(NotReady("too many events are put aside; see docs/operations.md"))
            }
            State { refusing: true, .. } => Err(NotReady("the target takes no events")),
            State { trimmed: true, .. } => {
                Err(NotReady("stream_trimmed: the target may miss events; see docs/operations.md"))
            }
            State { reading: false, .. } => {
                Err(NotReady("the stream or the checkpoints' database does not answer"))
            }
            State { .. } => Ok(()),
        }
    }
}
