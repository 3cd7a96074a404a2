//! The projection core: a batch, one transaction.
//!
//! Knows neither where batches come from nor how the stream is read.

mod aside;
mod change;
pub(crate) mod changes;
pub(crate) mod database;
pub(crate) mod decode;
mod edition;
mod facts;
pub(crate) mod forget;
pub(crate) mod lease;
pub(crate) mod plan;
mod project;
pub(crate) mod rows;
mod state;
pub(crate) mod terms;

pub use change::Change;
pub use database::Error;
pub(crate) use edition::Edition;
pub use plan::Plan;
pub use project::{Batch, Progress, Projector, Unapplied};
pub(crate) use project::{LAMBDA_SHARD, project, write};
pub(crate) use state::{State, history};

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
