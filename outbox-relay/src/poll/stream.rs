//! The DynamoDB Streams API, as far as the poller needs it.

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodbstreams::Client;
use aws_sdk_dynamodbstreams::types::{Record as StreamRecord, ShardIteratorType};
use chrono::{DateTime, Utc};
use serde_dynamo::Item;

use crate::core::{Change, Record};

/// Most records of one page (the API's own limit).
const PAGE_RECORDS: i32 = 1000;
/// Most pages of the list of shards, at 100 shards a page.
const MAX_SHARD_PAGES: usize = 100;

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

impl Error {
    fn of<E>(error: SdkError<E>) -> Self
    where
        E: std::error::Error + ProvideErrorMetadata + Send + Sync + 'static,
    {
        match error.code() {
            Some("ExpiredIteratorException") => Self::Expired,
            Some("TrimmedDataAccessException") => Self::Trimmed,
            _ => Self::Api(platform::dynamodb::cause(&error)),
        }
    }
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
#[derive(Debug, Clone)]
pub struct Source {
    /// Where the table is.
    pub dynamodb: aws_sdk_dynamodb::Client,
    /// Where its stream is.
    pub streams: Client,
    /// Its whole name.
    pub table: String,
}

impl Source {
    /// The stream that the table has now.
    pub(crate) async fn stream(&self) -> Result<Stream, Error> {
        let described =
            self.dynamodb.describe_table().table_name(&self.table).send().await.map_err(Error::of)?;
        let arn = described.table.and_then(|table| table.latest_stream_arn);
        let arn = arn.ok_or_else(|| Error::NoStream(self.table.clone()))?;
        Ok(Stream { client: self.streams.clone(), arn })
    }
}

/// One stream.
pub(crate) struct Stream {
    client: Client,
    arn: String,
}

impl Stream {
    pub(crate) fn arn(&self) -> &str {
        &self.arn
    }

    pub(crate) async fn shards(&self) -> Result<Vec<Shard>, Error> {
        let mut shards = Vec::new();
        let mut after = None;
        // A list that is not whole would make shards of ours look gone.
        for _ in 0..MAX_SHARD_PAGES {
            let request = self.client.describe_stream().stream_arn(&self.arn);
            let page = request.set_exclusive_start_shard_id(after).send().await.map_err(Error::of)?;
            let described = page.stream_description;
            let description =
                described.ok_or_else(|| Error::Api("no description in the answer".to_owned()))?;
            shards.extend(
                description
                    .shards
                    .unwrap_or_default()
                    .into_iter()
                    .filter_map(|shard| Some(Shard { id: shard.shard_id?, parent: shard.parent_shard_id })),
            );
            after = description.last_evaluated_shard_id;
            if after.is_none() {
                return Ok(shards);
            }
        }
        Err(Error::Api(format!("more than {MAX_SHARD_PAGES} pages of shards")))
    }

    /// An iterator behind the checkpoint, or at the oldest record there is.
    pub(crate) async fn iterator(&self, shard: &str, checkpoint: Option<&str>) -> Result<String, Error> {
        let from = match checkpoint {
            Some(_) => ShardIteratorType::AfterSequenceNumber,
            None => ShardIteratorType::TrimHorizon,
        };
        let request = self.client.get_shard_iterator().stream_arn(&self.arn).shard_id(shard);
        let request = request.shard_iterator_type(from).set_sequence_number(checkpoint.map(str::to_owned));
        let answer = request.send().await.map_err(Error::of)?;
        answer.shard_iterator.ok_or_else(|| Error::Api("no iterator in the answer".to_owned()))
    }

    pub(crate) async fn page(&self, iterator: &str) -> Result<Page, Error> {
        let request = self.client.get_records().shard_iterator(iterator).limit(PAGE_RECORDS);
        let page = request.send().await.map_err(Error::of)?;
        let records = page.records.unwrap_or_default().into_iter().map(record).collect::<Result<_, _>>()?;
        Ok(Page { records, next: page.next_shard_iterator })
    }
}

fn record(record: StreamRecord) -> Result<Record, Error> {
    let name = record.event_name.as_ref().map_or("", |name| name.as_str()).to_owned();
    let change = record.dynamodb.ok_or_else(|| Error::Api("a record without its change".to_owned()))?;
    let sequence_number =
        change.sequence_number.ok_or_else(|| Error::Api("a record without its number".to_owned()))?;
    let created_at = change
        .approximate_creation_date_time
        .and_then(|at| DateTime::<Utc>::from_timestamp(at.secs(), at.subsec_nanos()));
    let keys = change.keys.map(Item::from).unwrap_or_default();
    let change = Change::of(&name, keys, change.new_image.map(Item::from));
    Ok(Record { sequence_number, created_at, change })
}
