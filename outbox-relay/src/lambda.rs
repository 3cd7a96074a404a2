//! The Lambda driver: DynamoDB stream events in, partial batch failures out.

use aws_lambda_events::event::dynamodb::{Event, EventRecord};
use aws_lambda_events::event::streams::{DynamoDbBatchItemFailure, DynamoDbEventResponse};
use lambda_runtime::{LambdaEvent, service_fn};

use crate::core::{Batch, Change, Progress, Projector, Record};

/// Serves the Lambda runtime until it ends the process.
///
/// # Errors
/// When the runtime's API does not answer.
pub async fn run(projector: Projector) -> Result<(), lambda_runtime::Error> {
    let projector = &projector;
    lambda_runtime::run(service_fn(|event: LambdaEvent<Event>| async move {
        Ok::<_, lambda_runtime::Error>(handle(projector, event.payload).await)
    }))
    .await
}

/// Applies a batch. An empty list of failures says that all of it is applied; else the one named is where Lambda sets
/// its checkpoint: it and everything after it come again (AWS Lambda guide, reporting batch item failures).
pub async fn handle(projector: &Projector, event: Event) -> DynamoDbEventResponse {
    let stream = event.records.first().and_then(|record| record.event_source_arn.clone()).unwrap_or_default();
    let records: Vec<Record> = event.records.into_iter().map(record).collect();
    let batch = Batch { stream: &stream, records: &records, progress: Progress::Caller };
    let mut response = DynamoDbEventResponse::default();
    if let Err(unapplied) = projector.project(batch).await {
        let error = &unapplied as &dyn std::error::Error;
        tracing::warn!(
            error,
            records = records.len(),
            from = unapplied.from,
            "a batch was not applied whole"
        );
        let mut failure = DynamoDbBatchItemFailure::default();
        failure.item_identifier = records.get(unapplied.from).map(|record| record.sequence_number.clone());
        response.batch_item_failures.push(failure);
    }
    response
}

fn record(record: EventRecord) -> Record {
    let change = record.change;
    // The library reads a missing row as an empty one; a row has at least its key.
    let image = Some(change.new_image).filter(|image| !image.inner().is_empty());
    Record {
        sequence_number: change.sequence_number.unwrap_or_default(),
        created_at: Some(change.approximate_creation_date_time),
        change: Change::of(&record.event_name, change.keys, image),
    }
}
