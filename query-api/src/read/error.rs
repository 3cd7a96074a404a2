//! Why the projection could not be read.

use std::error::Error as _;

use sqlx::mysql::MySqlDatabaseError;

/// No such database (`ER_BAD_DB_ERROR`), column (`ER_BAD_FIELD_ERROR`), table (`ER_NO_SUCH_TABLE`).
const NO_SCHEMA: [u16; 3] = [1049, 1054, 1146];
/// A statement that MySQL cannot parse (`ER_PARSE_ERROR`), or with a wrong number of parameters
/// (`ER_WRONG_ARGUMENTS`).
const WRONG_STATEMENT: [u16; 2] = [1064, 1210];

/// What went wrong. The cause is for the log; callers learn only whether to try again.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// The server is away, stopping, overloaded, demoted to a replica (1290, 1792, 1836), or refuses us.
    #[error("the database cannot be used")]
    Unavailable(#[source] sqlx::Error),
    /// The connection leads to a server that was the writer before a failover.
    #[error("the server is no writer any more")]
    Demoted,
    /// The server took longer than an answer may take.
    #[error("the database did not answer in time")]
    TimedOut,
    /// The database, a table or a column is not there: migrations have not run yet.
    #[error("the schema is not there")]
    NoSchema(#[source] sqlx::Error),
    /// What was asked for is not applied yet.
    #[error("the projection is behind")]
    Behind,
    /// Our statement is wrong, or a value is not of the type it should have.
    #[error("the database was asked, or answered, what it should not")]
    Defect(#[source] sqlx::Error),
}

impl Error {
    /// Whether the same request can succeed later, with nothing changed here.
    pub(crate) fn retryable(&self) -> bool {
        match self {
            Self::Unavailable(_) | Self::Demoted | Self::TimedOut | Self::NoSchema(_) | Self::Behind => true,
            Self::Defect(_) => false,
        }
    }

    /// The error with its sources, for the log.
    pub(crate) fn cause(&self) -> String {
        let mut text = self.to_string();
        let mut source = self.source();
        while let Some(error) = source {
            text = format!("{text}: {error}");
            source = error.source();
        }
        text
    }

    fn of_number(number: u16) -> fn(sqlx::Error) -> Self {
        if NO_SCHEMA.contains(&number) {
            Self::NoSchema
        } else if WRONG_STATEMENT.contains(&number) {
            Self::Defect
        } else {
            // The statements are fixed and tested, so any other complaint is about the server's state.
            Self::Unavailable
        }
    }
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::Database(cause) => {
                let number = cause.try_downcast_ref::<MySqlDatabaseError>().map(MySqlDatabaseError::number);
                Self::of_number(number.unwrap_or_default())(error)
            }
            sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::Protocol(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed => Self::Unavailable(error),
            _ => Self::Defect(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_mistakes_are_not_worth_a_retry() {
        let retryable = |number| Error::of_number(number)(sqlx::Error::PoolClosed).retryable();
        for number in [0, 1040, 1045, 1049, 1053, 1146, 1205, 1213, 1290, 1792, 1836, 3024, 4031] {
            assert!(retryable(number), "{number}");
        }
        assert!(!retryable(1064));
        assert!(!Error::from(sqlx::Error::ColumnNotFound("version".into())).retryable());
        assert!(Error::from(sqlx::Error::PoolTimedOut).retryable());
    }

    #[test]
    fn the_log_learns_the_whole_cause() {
        let error = Error::from(sqlx::Error::Io(std::io::Error::other("cable cut")));
        assert!(error.cause().contains("cable cut"), "{}", error.cause());
    }
}
