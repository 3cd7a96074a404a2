//! The projection core: a batch, one transaction.
//!
//! Knows neither where batches come from nor how the stream is read.

mod change;
pub(crate) mod decode;
mod facts;
pub(crate) mod lease;
mod plan;
mod project;
mod rows;

pub use change::Change;
pub use plan::Plan;
pub(crate) use project::LAMBDA_SHARD;
pub use project::{Batch, Error, Progress, Projector, Unapplied};

use chrono::{DateTime, Utc};

/// One change of the outbox table.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// Its place in its shard.
    pub sequence_number: String,
    /// When the change was made, to the second or so; `None` when the stream does not say.
    pub created_at: Option<DateTime<Utc>>,
    /// The change.
    pub change: Change,
}
