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
mod forms;
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
use sha2::{Digest, Sha256};

/// One change of the outbox table.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// What tells it from every other record of its stream: the same each time it comes. Its place does not, as AWS
    /// promises that of one shard only.
    pub id: String,
    /// Its place in its shard; `None` when the record does not tell it.
    pub sequence_number: Option<String>,
    /// When the change was made, to the second or so; `None` when the stream does not say.
    pub created_at: Option<DateTime<Utc>>,
    /// The change.
    pub change: Change,
}

impl Record {
    /// The id of a record, by what the stream calls it (`eventID`), its place, and, where it has neither, by what it is.
    pub(crate) fn id(
        event_id: Option<&str>,
        sequence_number: Option<&str>,
        whole: impl FnOnce() -> String,
    ) -> String {
        let parts = match (event_id, sequence_number) {
            (None, None) => [whole(), String::new()],
            parts => [parts.0, parts.1].map(|part| part.unwrap_or_default().to_owned()),
        };
        hex::encode(Sha256::digest(parts.join("\n")))
    }
}
