//! The Lambda driver: events of DynamoDB Streams, or of Kinesis Data Streams for DynamoDB, in; partial batch failures
//! out.
//!
//! Each record says which of the two it is (`eventSource`), so one function serves either. Records are read one by one:
//! whatever is wrong with one of them must not fail the event that holds the others.

use aws_lambda_events::event::streams::{DynamoDbBatchItemFailure, DynamoDbEventResponse};
use chrono::{DateTime, Utc};
use lambda_runtime::{LambdaEvent, service_fn};
use serde::Deserialize;
use serde_dynamo::Item;
use serde_json::Value;

use crate::core::{Batch, Change, Progress, Projector, Record};
use crate::kinesis;

/// An event of a stream, as Lambda hands it to a function.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Event {
    #[serde(rename = "Records")]
    records: Vec<Value>,
}

impl Event {
    /// ARN of the stream.
    #[must_use]
    pub fn stream(&self) -> &str {
        self.records.iter().find_map(|record| record["eventSourceARN"].as_str()).unwrap_or_default()
    }

    /// The records, each of them: what cannot be read says so.
    #[must_use]
    pub fn records(&self) -> Vec<Record> {
        self.records.iter().map(record).collect()
    }
}

/// Serves the Lambda runtime until it ends the process.
///
/// # Errors
/// When the runtime's API does not answer.
pub async fn run(projector: Projector) -> Result<(), lambda_runtime::Error> {
    let projector = &projector;
    lambda_runtime::run(service_fn(|event: LambdaEvent<Event>| async move {
        Ok::<_, lambda_runtime::Error>(handle(projector, &event.payload).await)
    }))
    .await
}

/// Applies a batch. An empty list of failures says that all of it is applied; else the one named is where Lambda sets
/// its checkpoint: it and everything after it come again (AWS Lambda guide, reporting batch item failures, of DynamoDB
/// and of Kinesis alike). One without a name is a failure of the whole batch, which is right of a record without a place.
pub async fn handle(projector: &Projector, event: &Event) -> DynamoDbEventResponse {
    let records = event.records();
    let batch = Batch { stream: event.stream(), records: &records, progress: Progress::Caller };
    let mut response = DynamoDbEventResponse::default();
    if let Err(unapplied) = projector.project(batch).await {
        tracing::warn!(
            error = platform::dynamodb::cause(&unapplied),
            records = records.len(),
            from = unapplied.from,
            "a batch was not applied whole"
        );
        let mut failure = DynamoDbBatchItemFailure::default();
        failure.item_identifier =
            records.get(unapplied.from).and_then(|record| record.sequence_number.clone());
        response.batch_item_failures.push(failure);
    }
    response
}

/// A record of either kind, as its JSON has it.
pub(crate) fn record(raw: &Value) -> Record {
    match raw["eventSource"].as_str() {
        Some("aws:dynamodb") => of_table(raw, raw["dynamodb"]["SequenceNumber"].as_str(), raw, 1),
        Some("aws:kinesis") => {
            let place = kinesis::sequence_number(raw);
            match kinesis::unwrap(raw) {
                Ok(change) => of_table(raw, place, &change, kinesis::units_a_second(&change)),
                Err(reason) => unreadable(raw, place, reason.to_string()),
            }
        }
        _ => unreadable(raw, None, "the record is neither of DynamoDB Streams nor of Kinesis".to_owned()),
    }
}

/// A record of a change of a table.
fn of_table(raw: &Value, place: Option<&str>, change: &Value, units_a_second: i64) -> Record {
    let body = &change["dynamodb"];
    let Ok(image) = item(&body["NewImage"]) else {
        // What serde says of it quotes it, and it may hold a customer's name.
        return unreadable(raw, place, "the new row is not in DynamoDB's JSON".to_owned());
    };
    let keys = item(&body["Keys"]).ok().flatten().unwrap_or_default();
    let name = change["eventName"].as_str().unwrap_or_default();
    let identity = &change["userIdentity"];
    let [kind, principal] = ["type", "principalId"].map(|name| identity[name].as_str().unwrap_or_default());
    Record {
        id: id(raw, place),
        sequence_number: place.map(str::to_owned),
        created_at: time(&body["ApproximateCreationDateTime"], units_a_second),
        change: Change::of(name, keys, image).made_by(kind, principal),
    }
}

fn unreadable(raw: &Value, place: Option<&str>, reason: String) -> Record {
    Record {
        id: id(raw, place),
        sequence_number: place.map(str::to_owned),
        created_at: None,
        change: Change::Unreadable { reason, record: raw.to_string() },
    }
}

/// The row in DynamoDB's JSON; none where there is nothing: a row has at least its key.
fn item(json: &Value) -> Result<Option<Item>, serde_json::Error> {
    let item = Option::<Item>::deserialize(json)?;
    Ok(item.filter(|item| !item.inner().is_empty()))
}

fn id(raw: &Value, place: Option<&str>) -> String {
    Record::id(raw["eventID"].as_str(), place, || raw.to_string())
}

/// A time in units since the epoch, whole or not. Not worth putting a record aside for.
fn time(value: &Value, units_a_second: i64) -> Option<DateTime<Utc>> {
    let micros = match value.as_i64() {
        Some(units) => units.checked_mul(1_000_000 / units_a_second)?,
        // Saturates; what is out of bounds is no time.
        #[allow(clippy::cast_possible_truncation, clippy::cast_precision_loss)]
        None => (value.as_f64()? * (1_000_000 / units_a_second) as f64) as i64,
    };
    DateTime::from_timestamp_micros(micros)
}
