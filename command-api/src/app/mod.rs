//! Use cases: read, decide, write once.
//!
//! Owns the loop that makes a command happen exactly once among others. It must never answer before the commit, nor
//! refuse without looking whether the same command was carried out already.

mod events;
mod masters;
mod reservations;
mod run;
mod stock;

use contracts::trace::Traceparent;
use sha2::{Digest, Sha256};

pub use run::Error;

use crate::store::{CommandId, Tables};

/// The use cases, over the tables.
#[derive(Debug, Clone)]
pub struct App {
    tables: Tables,
}

/// What comes with every command.
#[derive(Debug, Clone)]
pub struct Context {
    /// Who sent it under which key.
    pub command: CommandId,
    /// SHA-256, in hex, of what was asked.
    pub request_hash: String,
    /// Its place in a trace.
    pub traceparent: Traceparent,
}

impl Context {
    /// The context of a request that was sent without credentials. Keys of different principals never meet.
    #[must_use]
    pub fn anonymous(idempotency_key: &str, request: &[&[u8]], traceparent: Traceparent) -> Self {
        let command = CommandId(digest(&[b"anonymous", idempotency_key.as_bytes()]));
        Self { command, request_hash: digest(request), traceparent }
    }
}

/// SHA-256, in hex, of the parts, each with its length, so that no two lists of parts run together to the same.
fn digest(parts: &[&[u8]]) -> String {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update((part.len() as u64).to_be_bytes());
        hasher.update(part);
    }
    hex::encode(hasher.finalize())
}

/// What a command was answered, and whether it had been carried out before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Where the thing made is, if one was made.
    pub location: Option<String>,
    /// JSON.
    pub body: String,
    /// Whether this is the answer to an earlier sending of the same command.
    pub replayed: bool,
}

impl App {
    /// The use cases over these tables.
    #[must_use]
    pub fn new(tables: Tables) -> Self {
        Self { tables }
    }

    /// Whether the tables are there and answer.
    ///
    /// # Errors
    /// When one does not.
    pub async fn check(&self) -> Result<(), crate::store::Error> {
        self.tables.check().await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_do_not_run_together() {
        assert_ne!(digest(&[b"ab", b"c"]), digest(&[b"a", b"bc"]));
    }
}
