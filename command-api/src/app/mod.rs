//! Use cases: see who asks, read, decide, write once; many commands for one count together.
//!
//! Owns the loop that makes a command happen exactly once among others. It must never answer before the commit, nor
//! refuse without looking whether the same command was carried out already.

mod access;
mod caller;
mod events;
mod group;
mod known;
mod lanes;
mod masters;
mod member;
mod metrics;
mod out;
mod plan;
mod purge;
mod reservations;
mod run;
mod secrets;
mod stock;
mod sweep;

use contracts::trace::Traceparent;
use sha2::{Digest, Sha256};

pub use access::Action;
pub use caller::Caller;
pub(crate) use out::{PlacedOut, ProductOut, ReservationOut, StockOut, StoreOut};
pub use purge::Purged;
pub use reservations::{Hold, Move};
pub use run::Error;
pub use secrets::{SecretKey, Secrets};
pub use sweep::Swept;

use known::Known;
use lanes::Lanes;
use member::Member;

use crate::bell::Bell;
use crate::domain::Refusal;
use crate::store::{CommandId, Tables};

/// The use cases, over the tables.
#[derive(Debug, Clone)]
pub struct App {
    tables: Tables,
    secrets: Secrets,
    /// `None` where commands for one count race each other.
    lanes: Option<Lanes<Member>>,
    known: Known,
    bell: Bell,
}

/// What comes with every command.
#[derive(Debug, Clone)]
pub struct Context {
    /// Who gives it.
    pub caller: Caller,
    /// Who sent it under which key.
    pub command: CommandId,
    /// SHA-256, in hex, of what was asked.
    pub request_hash: String,
    /// Its place in a trace.
    pub traceparent: Traceparent,
    /// Why, in the caller's words.
    pub reason: Option<String>,
    /// The version that the caller has seen of what is to be changed.
    pub expected_version: Option<u64>,
}

impl Context {
    /// The context of a command that was sent under a key. Keys of different callers never meet.
    #[must_use]
    pub fn new(caller: Caller, idempotency_key: &str, request: &[&[u8]], traceparent: Traceparent) -> Self {
        let command = CommandId(digest(&[caller.scope().as_bytes(), idempotency_key.as_bytes()]));
        let request_hash = digest(request);
        Self { caller, command, request_hash, traceparent, reason: None, expected_version: None }
    }

    /// Refuses to change what is not at the version that the caller has seen. What is not there has version 0.
    fn check_version(&self, current: u64) -> Result<(), Refusal> {
        match self.expected_version {
            Some(expected) if expected != current => Err(Refusal::VersionMismatch { current }),
            _ => Ok(()),
        }
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
    /// The version of what was changed.
    pub version: Option<u64>,
    /// The consistency token of what the command wrote, if it wrote anything.
    pub token: Option<String>,
    /// JSON.
    pub body: String,
    /// Whether this is the answer to an earlier sending of the same command.
    pub replayed: bool,
}

impl App {
    /// The use cases over these tables.
    #[must_use]
    pub fn new(tables: Tables, secrets: Secrets) -> Self {
        metrics::describe();
        let known = Known::default();
        Self { tables, secrets, lanes: Some(Lanes::default()), known, bell: Bell::default() }
    }

    /// What is rung after each commit.
    #[must_use]
    pub fn bell(&self) -> Bell {
        self.bell.clone()
    }

    /// The same, where each command goes alone: what combining them is measured against. What was seen is known all the same.
    #[must_use]
    pub fn without_combining(self) -> Self {
        Self { lanes: None, ..self }
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
