//! What can go wrong between us and DynamoDB, told apart by what to do about it.

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};

use super::{CommandId, Reply, State};

/// Why a group of commands was not written.
#[derive(Debug)]
pub struct Lost {
    /// Why.
    pub cause: Error,
    /// The commands whose own items it was lost at, by their places in the group; empty when it was lost at what all of
    /// them write, or nobody can tell.
    pub at: Vec<usize>,
}

impl Lost {
    /// What a command of the group, or a copy of one, was answered before: it came back instead of being written again.
    #[must_use]
    pub fn reply(&self, command: &CommandId) -> Option<&Reply> {
        match &self.cause {
            Error::Stale(newer) => newer.reply(command),
            Error::Busy(_) | Error::Unavailable(_) | Error::Defect(_) => None,
        }
    }
}

/// Why nothing was read or written.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Error {
    /// An item is newer than the one decided on, or a command was carried out before; here is what is there now. Decide
    /// again.
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
    /// An item that cannot be understood. What serde quotes of it may be a customer's name, and this ends in the log.
    pub(super) fn corrupt(item: &str, cause: impl std::fmt::Display) -> Self {
        let cause = cause.to_string();
        let cause = match (cause.find('"'), cause.rfind('"')) {
            (Some(first), Some(last)) if first < last => format!("{}…{}", &cause[..=first], &cause[last..]),
            _ => cause,
        };
        Self::Defect(format!("{item}: {cause}"))
    }

    /// What an SDK call failed of.
    pub(super) fn of<E>(error: SdkError<E>) -> Self
    where
        E: std::error::Error + ProvideErrorMetadata + Send + Sync + 'static,
    {
        let code = error.code().unwrap_or_default().to_owned();
        let cause = platform::dynamodb::cause(&error);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_corrupt_item_is_not_quoted() {
        let cause = "invalid type: string \"Hanako \"Hana\" Yamada\", expected struct Customer";
        let text = Error::corrupt("an id", cause).to_string();
        assert_eq!(text, "a defect: an id: invalid type: string \"…\", expected struct Customer");
    }
}
