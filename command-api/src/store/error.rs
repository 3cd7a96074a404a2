//! What can go wrong between us and DynamoDB, told apart by what to do about it.

use aws_sdk_dynamodb::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};

use super::{Reply, State};

/// Why nothing was read or written.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The command was carried out before, with this reply.
    #[error("the command was carried out before")]
    Done(Box<Reply>),
    /// An item is newer than the one decided on; here is what it is now. Decide again.
    #[error("an item changed since it was read")]
    Stale(Box<State>),
    /// Other transactions were at the same items, or DynamoDB is busy. The same write may go through later. Said of
    /// the last try: one before, whose answer was lost, may have gone through.
    #[error("DynamoDB could not take the write now: {0}")]
    Busy(String),
    /// DynamoDB did not answer, or said that it cannot. What became of a write is not known.
    #[error("DynamoDB does not answer: {0}")]
    Unavailable(String),
    /// DynamoDB refuses the request as such, or an item cannot be understood: a defect.
    #[error("a defect: {0}")]
    Defect(String),
}

impl Error {
    /// An item that cannot be understood.
    pub(super) fn corrupt(item: &str, cause: impl std::fmt::Display) -> Self {
        Self::Defect(format!("{item}: {cause}"))
    }

    /// What an SDK call failed of.
    pub(super) fn of<E>(error: SdkError<E>) -> Self
    where
        E: std::error::Error + ProvideErrorMetadata + Send + Sync + 'static,
    {
        let code = error.code().unwrap_or_default().to_owned();
        let cause = DisplayErrorContext(error).to_string();
        match code.as_str() {
            "ProvisionedThroughputExceededException" | "ThrottlingException" | "RequestLimitExceeded" => {
                Self::Busy(cause)
            }
            // Missing tables are for an operator to mend, and mend themselves once `migrate` ran.
            "ResourceNotFoundException" => Self::Unavailable(cause),
            "ValidationException" | "IdempotentParameterMismatchException" | "AccessDeniedException" => {
                Self::Defect(cause)
            }
            // Lost connections, time-outs, a transaction still in progress, internal errors (a commit may have come
            // before one), and whatever else may be over the next time.
            _ => Self::Unavailable(cause),
        }
    }
}
