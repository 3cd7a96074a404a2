//! The relay: from the outbox's change stream to the projection.
//!
//! `core` turns a batch of stream records into one MySQL transaction; `poll` and `lambda` bring it batches. `publish` brings
//! the same events to other services, by itself. Records
//! come at least once and in any order between aggregates; the versions they carry make that exactly once in effect.
//! It must never move past a record that is neither applied nor in quarantine.

pub mod core;
pub mod lag;
pub mod lambda;
pub mod metrics;
pub mod poll;
pub mod publish;
pub mod status;
