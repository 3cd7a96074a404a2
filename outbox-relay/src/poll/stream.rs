//! The stream, as far as the poller needs it.

use crate::core::Record;

/// What can go wrong in reading the stream.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// The iterator is older than 15 minutes: take a new one from the checkpoint.
    #[error("the iterator expired")]
    Expired,
    /// The records after the checkpoint are older than 24 hours, and gone.
    #[error("the stream dropped records before they were read")]
    Trimmed,
    /// The table has no stream.
    #[error("table {0} has no stream: run `migrate dynamodb`")]
    NoStream(String),
    /// The API did not answer, or refused.
    #[error("DynamoDB Streams: {0}")]
    Api(String),
}

/// A part of the stream, in order within itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Shard {
    pub id: String,
    /// The shard whose records come before this one's.
    pub parent: Option<String>,
}

/// Some records of a shard, and how to go on; no way on when the shard is at its end.
#[derive(Debug)]
pub(crate) struct Page {
    pub records: Vec<Record>,
    pub next: Option<String>,
}

/// The table whose stream is read.
pub(crate) trait Table {
    /// Its stream.
    type Stream: Stream;

    /// The stream that the table has now.
    async fn stream(&self) -> Result<Self::Stream, Error>;
}

/// One stream. Dropping any of its calls leaves it as it was.
pub(crate) trait Stream {
    /// What it is called, of all streams there ever were.
    fn arn(&self) -> &str;

    /// Its shards. What is new may be missing for a while.
    async fn shards(&self) -> Result<Vec<Shard>, Error>;

    /// An iterator behind the checkpoint, or at the oldest record there is.
    async fn iterator(&self, shard: &str, checkpoint: Option<&str>) -> Result<String, Error>;

    /// The records at the iterator, or some of them, or none although there are some.
    async fn page(&self, iterator: &str) -> Result<Page, Error>;
}
