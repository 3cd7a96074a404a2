//! Why something could not be done about quarantined records.

use crate::core;

/// Why it was not done.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The server refused or did not answer. What a redrive had applied by then stays applied.
    #[error("MySQL did not do as asked")]
    Mysql(#[from] sqlx::Error),
    /// The same, of a redrive.
    #[error(transparent)]
    Redrive(#[from] core::Error),
    /// No such record.
    #[error("no record {0} is in quarantine")]
    Missing(u64),
    /// Some of what was to be redriven is still not understood.
    #[error("{0} records stay in quarantine")]
    Stay(usize),
}
