//! Whether the poller works, for `/readyz`.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use platform::health::{NotReady, Ready};

/// The poller's state, shared with the HTTP server.
#[derive(Debug, Clone, Default)]
pub struct Health(Arc<Flags>);

#[derive(Debug, Default)]
struct Flags {
    working: AtomicBool,
    trimmed: AtomicBool,
}

impl Health {
    pub(super) fn working(&self) {
        self.0.working.store(true, Ordering::Relaxed);
    }

    pub(super) fn failing(&self) {
        self.0.working.store(false, Ordering::Relaxed);
    }

    pub(super) fn trimmed(&self, trimmed: bool) {
        self.0.trimmed.store(trimmed, Ordering::Relaxed);
    }
}

impl Ready for Health {
    async fn check(&self) -> Result<(), NotReady> {
        if self.0.trimmed.load(Ordering::Relaxed) {
            Err(NotReady("stream_trimmed: the projection may miss changes; rebuild it"))
        } else if self.0.working.load(Ordering::Relaxed) {
            Ok(())
        } else {
            Err(NotReady("the stream or the projection's database does not answer"))
        }
    }
}
