//! The tables of the write side.

use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::client::Waiters;
use aws_sdk_dynamodb::error::{DisplayErrorContext, SdkError};
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType, StreamSpecification,
    StreamViewType, TimeToLiveSpecification, TimeToLiveStatus,
};
use contracts::{Table, TablePrefix, outbox};

/// How long a new table may take until it can be used.
const ACTIVE_WAIT: Duration = Duration::from_secs(120);

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
}

const fn plain(table: Table) -> Definition {
    Definition { table, sort_key: None, stream: false, ttl: false }
}

/// On demand (the load of a shop has a day and a night), keyed by `pk`.
const DEFINITIONS: [Definition; Table::ALL.len()] = [
    plain(Table::Stock),
    plain(Table::Reservations),
    plain(Table::Masters),
    Definition { table: Table::Outbox, sort_key: Some(outbox::VERSION), stream: true, ttl: true },
    Definition { table: Table::Idempotency, sort_key: None, stream: false, ttl: true },
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
    }
    Ok(())
}

async fn create(client: &Client, name: &str, definition: &Definition) -> Result<(), Error> {
    let mut request = client.create_table().table_name(name).billing_mode(BillingMode::PayPerRequest);
    let partition_key = Some((outbox::AGGREGATE, KeyType::Hash, ScalarAttributeType::S));
    let sort_key = definition.sort_key.map(|sort| (sort, KeyType::Range, ScalarAttributeType::N));
    for (attribute, role, kind) in partition_key.into_iter().chain(sort_key) {
        let element = KeySchemaElement::builder().attribute_name(attribute).key_type(role).build();
        let typed = AttributeDefinition::builder().attribute_name(attribute).attribute_type(kind).build();
        request = request
            .key_schema(element.map_err(|cause| Error::of(name, cause))?)
            .attribute_definitions(typed.map_err(|cause| Error::of(name, cause))?);
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
