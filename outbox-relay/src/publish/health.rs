//! Whether publishing works, for `/readyz`.

use std::collections::BTreeSet;
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
    /// Shards of which no more may be put aside.
    full: BTreeSet<String>,
}

impl Health {
    /// That of reading the stream.
    pub(super) fn reading(&self) -> &poll::Health {
        &self.reading
    }

    pub(super) fn refusing(&self, refusing: bool) {
        self.target.send_modify(|state| state.refusing = refusing);
    }

    /// Whether more of this shard should be put aside than may be.
    pub(super) fn full(&self, shard: &str, full: bool) {
        self.target.send_modify(|state| match full {
            true => drop(state.full.insert(shard.to_owned())),
            false => drop(state.full.remove(shard)),
        });
    }

    /// Work begins anew, or it is another publisher's turn: nothing is known of the target.
    pub(super) fn anew(&self) {
        self.target.send_replace(State::default());
    }
}

impl Ready for Health {
    async fn check(&self) -> Result<(), NotReady> {
        // First: while the target takes nothing, reading stands still as well.
        {
            let state = self.target.borrow();
            if !state.full.is_empty() {
                return Err(NotReady("too many events are put aside; see docs/operations.md"));
            }
            if state.refusing {
                return Err(NotReady("the target takes no events"));
            }
        }
        self.reading.check().await
    }
}
