//! The tables of the write side.

use std::time::{Duration, Instant};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::client::Waiters;
use aws_sdk_dynamodb::error::{DisplayErrorContext, SdkError};
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, CreateGlobalSecondaryIndexAction, GlobalSecondaryIndex,
    GlobalSecondaryIndexUpdate, IndexStatus, KeySchemaElement, KeyType, Projection, ProjectionType,
    ScalarAttributeType, StreamSpecification, StreamViewType, TimeToLiveSpecification, TimeToLiveStatus,
};
use contracts::{Table, TablePrefix, due, outbox};

/// How long a new table, or a new index of a table that is not large, may take until it can be used.
const ACTIVE_WAIT: Duration = Duration::from_secs(120);
/// How often it is looked whether an index can be used.
const ACTIVE_POLL: Duration = Duration::from_millis(500);

/// Why a table could not be brought up to date.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// DynamoDB refused or did not answer.
    #[error("table {table}: {cause}")]
    Dynamodb {
        /// The table's whole name.
        table: String,
        /// What DynamoDB or the network said.
        cause: String,
    },
    /// The outbox exists without the stream that the relay reads, and a stream cannot be made up for.
    #[error("table {0} has no NEW_IMAGE stream: enable it, then run `outbox-relay` from its start")]
    NoStream(String),
    /// A new index takes long to be filled.
    #[error("index {index} of table {table} is still being made: run this again later")]
    NoIndex {
        /// The table's whole name.
        table: String,
        /// The index.
        index: &'static str,
    },
}

impl Error {
    fn of(table: &str, cause: impl std::error::Error) -> Self {
        Self::Dynamodb { table: table.to_owned(), cause: DisplayErrorContext(cause).to_string() }
    }
}

struct Definition {
    table: Table,
    sort_key: Option<&'static str>,
    stream: bool,
    ttl: bool,
    due_index: bool,
}

const fn plain(table: Table) -> Definition {
    Definition { table, sort_key: None, stream: false, ttl: false, due_index: false }
}

/// On demand (the load of a shop has a day and a night), keyed by `pk`.
const DEFINITIONS: [Definition; Table::ALL.len()] = [
    plain(Table::Stock),
    Definition { ttl: true, ..plain(Table::Customers) },
    plain(Table::Masters),
    Definition { due_index: true, ..plain(Table::Reservations) },
    Definition { sort_key: Some(outbox::VERSION), stream: true, ttl: true, ..plain(Table::Outbox) },
    Definition { ttl: true, ..plain(Table::Idempotency) },
];

/// Makes what is missing, and waits until all can be used.
///
/// # Errors
/// See [`Error`]. After any of them, running it again is safe.
pub async fn migrate(client: &Client, prefix: &TablePrefix) -> Result<(), Error> {
    for definition in &DEFINITIONS {
        let name = prefix.name(definition.table);
        create(client, &name, definition).await?;
        client
            .wait_until_table_exists()
            .table_name(&name)
            .wait(ACTIVE_WAIT)
            .await
            .map_err(|cause| Error::of(&name, cause))?;
        if definition.stream {
            check_stream(client, &name).await?;
        }
        if definition.ttl {
            enable_ttl(client, &name).await?;
        }
        if definition.due_index {
            add_due_index(client, &name).await?;
        }
    }
    Ok(())
}

async fn create(client: &Client, name: &str, definition: &Definition) -> Result<(), Error> {
    let mut request = client.create_table().table_name(name).billing_mode(BillingMode::PayPerRequest);
    let partition_key = Some((outbox::AGGREGATE, KeyType::Hash, ScalarAttributeType::S));
    let sort_key = definition.sort_key.map(|sort| (sort, KeyType::Range, ScalarAttributeType::N));
    for (attribute, role, kind) in partition_key.into_iter().chain(sort_key) {
        request = request
            .key_schema(key(name, attribute, role)?)
            .attribute_definitions(attribute_of(name, attribute, kind)?);
    }
    if definition.due_index {
        let index = GlobalSecondaryIndex::builder()
            .index_name(due::INDEX)
            .set_key_schema(Some(due_keys(name)?))
            .projection(keys_only())
            .build()
            .map_err(|cause| Error::of(name, cause))?;
        request = request.global_secondary_indexes(index);
        for attribute in due_attributes(name)? {
            request = request.attribute_definitions(attribute);
        }
    }
    if definition.stream {
        let stream = StreamSpecification::builder()
            .stream_enabled(true)
            .stream_view_type(StreamViewType::NewImage)
            .build()
            .map_err(|cause| Error::of(name, cause))?;
        request = request.stream_specification(stream);
    }
    match request.send().await {
        Ok(_) => {
            tracing::info!(table = name, "created");
            Ok(())
        }
        // It is there, or another process is making it.
        Err(SdkError::ServiceError(error)) if error.err().is_resource_in_use_exception() => Ok(()),
        Err(cause) => Err(Error::of(name, cause)),
    }
}

fn key(table: &str, attribute: &str, role: KeyType) -> Result<KeySchemaElement, Error> {
    let key = KeySchemaElement::builder().attribute_name(attribute).key_type(role).build();
    key.map_err(|cause| Error::of(table, cause))
}

fn attribute_of(
    table: &str,
    attribute: &str,
    kind: ScalarAttributeType,
) -> Result<AttributeDefinition, Error> {
    let typed = AttributeDefinition::builder().attribute_name(attribute).attribute_type(kind).build();
    typed.map_err(|cause| Error::of(table, cause))
}

fn due_keys(table: &str) -> Result<Vec<KeySchemaElement>, Error> {
    Ok(vec![key(table, due::SHARD, KeyType::Hash)?, key(table, due::EXPIRES_AT, KeyType::Range)?])
}

fn due_attributes(table: &str) -> Result<Vec<AttributeDefinition>, Error> {
    [due::SHARD, due::EXPIRES_AT]
        .into_iter()
        .map(|attribute| attribute_of(table, attribute, ScalarAttributeType::N))
        .collect()
}

/// Whoever finds a hold there reads it again anyway.
fn keys_only() -> Projection {
    Projection::builder().projection_type(ProjectionType::KeysOnly).build()
}

/// Adds the index to a table that was made before there was one, and waits until it can be used.
async fn add_due_index(client: &Client, name: &str) -> Result<(), Error> {
    let deadline = Instant::now() + ACTIVE_WAIT;
    let mut asked = false;
    while Instant::now() < deadline {
        match due_index_status(client, name).await? {
            Some(IndexStatus::Active) => return Ok(()),
            None if !asked => {
                let index = CreateGlobalSecondaryIndexAction::builder()
                    .index_name(due::INDEX)
                    .set_key_schema(Some(due_keys(name)?))
                    .projection(keys_only())
                    .build()
                    .map_err(|cause| Error::of(name, cause))?;
                let made = client
                    .update_table()
                    .table_name(name)
                    .set_attribute_definitions(Some(due_attributes(name)?))
                    .global_secondary_index_updates(
                        GlobalSecondaryIndexUpdate::builder().create(index).build(),
                    )
                    .send()
                    .await;
                match made {
                    Ok(_) => tracing::info!(table = name, index = due::INDEX, "created"),
                    // Another process was quicker.
                    Err(SdkError::ServiceError(error))
                        if error.err().is_resource_in_use_exception()
                            || error.err().meta().code() == Some("ValidationException") => {}
                    Err(cause) => return Err(Error::of(name, cause)),
                }
                asked = true;
            }
            _ => tokio::time::sleep(ACTIVE_POLL).await,
        }
    }
    Err(Error::NoIndex { table: name.to_owned(), index: due::INDEX })
}

async fn due_index_status(client: &Client, name: &str) -> Result<Option<IndexStatus>, Error> {
    let described =
        client.describe_table().table_name(name).send().await.map_err(|cause| Error::of(name, cause))?;
    let indexes = described.table().map(|table| table.global_secondary_indexes()).unwrap_or_default();
    let index = indexes.iter().find(|index| index.index_name() == Some(due::INDEX));
    Ok(index.map(|index| index.index_status().cloned().unwrap_or(IndexStatus::Active)))
}

async fn check_stream(client: &Client, name: &str) -> Result<(), Error> {
    let described =
        client.describe_table().table_name(name).send().await.map_err(|cause| Error::of(name, cause))?;
    let has_stream = described.table().and_then(|table| table.stream_specification()).is_some_and(|stream| {
        stream.stream_enabled() && stream.stream_view_type() == Some(&StreamViewType::NewImage)
    });
    if has_stream { Ok(()) } else { Err(Error::NoStream(name.to_owned())) }
}

/// Asks first: DynamoDB answers a second request with a validation error.
async fn enable_ttl(client: &Client, name: &str) -> Result<(), Error> {
    let described = client
        .describe_time_to_live()
        .table_name(name)
        .send()
        .await
        .map_err(|cause| Error::of(name, cause))?;
    let status = described.time_to_live_description().and_then(|ttl| ttl.time_to_live_status());
    if matches!(status, Some(TimeToLiveStatus::Enabled | TimeToLiveStatus::Enabling)) {
        return Ok(());
    }
    let ttl = TimeToLiveSpecification::builder()
        .attribute_name(outbox::TTL)
        .enabled(true)
        .build()
        .map_err(|cause| Error::of(name, cause))?;
    let asked = client.update_time_to_live().table_name(name).time_to_live_specification(ttl).send().await;
    match asked {
        Ok(_) => Ok(()),
        // Another process was quicker.
        Err(SdkError::ServiceError(error)) if error.err().meta().code() == Some("ValidationException") => {
            Ok(())
        }
        Err(cause) => Err(Error::of(name, cause)),
    }
}
