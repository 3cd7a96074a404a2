//! The DynamoDB Streams API.

use std::collections::HashMap;

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodbstreams::Client;
use aws_sdk_dynamodbstreams::types::{AttributeValue, Record as StreamRecord, ShardIteratorType};
use chrono::{DateTime, Utc};
use serde_dynamo::Item;
use tokio::task::JoinSet;
use tracing::Instrument;

use super::stream::{Error, Page, Shard, Stream, Table};
use crate::core::{Change, Record};
use crate::metrics;

/// Most records of one page (the API's own limit).
const PAGE_RECORDS: i32 = 1000;
/// Most pages of the list of shards, at 100 shards a page.
const MAX_SHARD_PAGES: usize = 100;

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

impl Table for Source {
    type Stream = TableStream;

    async fn stream(&self) -> Result<TableStream, Error> {
        let described =
            self.dynamodb.describe_table().table_name(&self.table).send().await.map_err(Error::of)?;
        let arn = described.table.and_then(|table| table.latest_stream_arn);
        let arn = arn.ok_or_else(|| Error::NoStream(self.table.clone()))?;
        Ok(TableStream { client: self.streams.clone(), arn })
    }
}

/// The stream of a table.
pub(crate) struct TableStream {
    client: Client,
    arn: String,
}

impl Stream for TableStream {
    fn arn(&self) -> &str {
        &self.arn
    }

    async fn shards(&self) -> Result<Vec<Shard>, Error> {
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

    async fn iterator(&self, shard: &str, checkpoint: Option<&str>) -> Result<String, Error> {
        let from = match checkpoint {
            Some(_) => ShardIteratorType::AfterSequenceNumber,
            None => ShardIteratorType::TrimHorizon,
        };
        let request = self.client.get_shard_iterator().stream_arn(&self.arn).shard_id(shard);
        let request = request.shard_iterator_type(from).set_sequence_number(checkpoint.map(str::to_owned));
        let answer = request.send().await.map_err(Error::of)?;
        answer.shard_iterator.ok_or_else(|| Error::Api("no iterator in the answer".to_owned()))
    }

    async fn page(&self, iterator: &str) -> Result<Page, Error> {
        metrics::read();
        let request = self.client.get_records().shard_iterator(iterator).limit(PAGE_RECORDS);
        // On a task of its own: a page is megabytes of JSON, and a task that takes it apart does not go on writing meanwhile.
        let mut reading = JoinSet::new();
        reading.spawn(
            async {
                let page = request.send().await.map_err(Error::of)?;
                let records = page.records.unwrap_or_default().into_iter().map(record).collect();
                Ok(Page { records, next: page.next_shard_iterator })
            }
            .in_current_span(),
        );
        let read = reading.join_next().await.and_then(Result::ok);
        read.unwrap_or_else(|| Err(Error::Api("the page could not be taken apart".to_owned())))
    }
}

/// A record as it came. Whatever it lacks, it must not keep the others from theirs.
fn record(record: StreamRecord) -> Record {
    let change = record.dynamodb();
    let sequence_number = change.and_then(|change| change.sequence_number()).map(str::to_owned);
    let created_at = change
        .and_then(|change| change.approximate_creation_date_time())
        .and_then(|at| DateTime::<Utc>::from_timestamp(at.secs(), at.subsec_nanos()));
    let id = Record::id(record.event_id(), sequence_number.as_deref(), || format!("{record:?}"));
    Record { id, sequence_number, created_at, change: self::change(record) }
}

fn change(record: StreamRecord) -> Change {
    let unreadable =
        |reason: &str, whole: String| Change::Unreadable { reason: reason.to_owned(), record: whole };
    let Some(change) = record.dynamodb else {
        return unreadable("the record does not tell the change", format!("{record:?}"));
    };
    let attributes = change.keys.iter().chain(&change.new_image).flat_map(HashMap::values);
    if !attributes.into_iter().all(is_known) {
        return unreadable("the record has an attribute of a type that is not known", format!("{change:?}"));
    }
    let name = record.event_name.as_ref().map_or("", |name| name.as_str());
    let keys = change.keys.map(Item::from).unwrap_or_default();
    let made_by = record.user_identity.as_ref();
    let kind = made_by.and_then(|identity| identity.r#type()).unwrap_or_default();
    let principal = made_by.and_then(|identity| identity.principal_id()).unwrap_or_default();
    Change::of(name, keys, change.new_image.map(Item::from)).made_by(kind, principal)
}

/// Whether our SDK knows the type of a value, and of all that is in it.
fn is_known(value: &AttributeValue) -> bool {
    match value {
        AttributeValue::L(values) => values.iter().all(is_known),
        AttributeValue::M(values) => values.values().all(is_known),
        other => !other.is_unknown(),
    }
}
