//! The relay: from the outbox's change stream to the projection.
//!
//! `core` turns a batch of stream records into one MySQL transaction; `poll` and `lambda` bring it batches. `publish` brings
//! the same events to other services, by itself. Records
//! come at least once and in any order between aggregates; the versions they carry make that exactly once in effect.
//! It must never move past a record that is neither applied nor in quarantine. `rebuild` and `reconcile` mend the
//! projection from command state, which `command_state` reads.

pub mod command_state;
pub mod core;
mod kinesis;
pub mod lag;
pub mod lambda;
pub mod metrics;
pub mod poll;
mod progress;
pub mod publish;
pub mod quarantine;
pub mod rebuild;
pub mod reconcile;
mod staging;
pub mod status;
mod unfinished;

/// Beside the other tests, and with a view of the inside.
#[cfg(test)]
#[path = "../tests/sim/mod.rs"]
mod sim;
