//! What a system's outbox would come to in the events of a Lambda function.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

use crate::System;

/// The outbox rows of a system, as the records that a stream would have of them, oldest key first.
///
/// # Panics
/// When the outbox cannot be read.
pub async fn stream_records(system: &System) -> Vec<Value> {
    let table = system.tables.prefix.name(contracts::Table::Outbox);
    let rows = system.tables.client.scan().table_name(table).send().await.unwrap().items.unwrap();
    let record = |(n, row): (usize, HashMap<String, AttributeValue>)| {
        let text = |name: &str| row[name].as_s().cloned().or_else(|_| row[name].as_n().cloned()).unwrap();
        let keys = json!({"pk": {"S": text("pk")}, "version": {"N": text("version")}});
        let envelope = BASE64_STANDARD.encode(row["envelope"].as_b().unwrap().as_ref());
        json!({
            "eventID": format!("{n:032x}"),
            "eventName": "INSERT",
            "eventVersion": "1.1",
            "eventSource": "aws:dynamodb",
            "awsRegion": "ap-northeast-1",
            "dynamodb": {
                "ApproximateCreationDateTime": 1_700_000_000 + n,
                "Keys": keys,
                "NewImage": {
                    "pk": {"S": text("pk")},
                    "version": {"N": text("version")},
                    "event_type": {"S": text("event_type")},
                    "envelope": {"B": envelope},
                    "ttl": {"N": text("ttl")},
                },
                "SequenceNumber": format!("{}", 1000 + n),
                "SizeBytes": 300,
                "StreamViewType": "NEW_IMAGE",
            },
            "eventSourceARN": "arn:aws:dynamodb:ap-northeast-1:123456789012:table/outbox/stream/2026-01-01T00:00:00.000",
        })
    };
    rows.into_iter().enumerate().map(record).collect()
}

/// The same record as Kinesis Data Streams for DynamoDB would bring it, at this place.
#[must_use]
pub fn kinesis_record(record: &Value, place: usize) -> Value {
    let mut change = record.clone();
    let seconds = change["dynamodb"]["ApproximateCreationDateTime"].as_u64().unwrap_or_default();
    change["dynamodb"]["ApproximateCreationDateTime"] = json!(seconds * 1000);
    change["dynamodb"]["ApproximateCreationDateTimePrecision"] = json!("MILLISECOND");
    change["dynamodb"].as_object_mut().into_iter().for_each(|body| drop(body.remove("SequenceNumber")));
    change["recordFormat"] = json!("application/json");
    change["tableName"] = json!("outbox");
    // As long as Kinesis makes them.
    let place = format!("49590338271490256608559692538361571095921575989{place:09}");
    json!({
        "kinesis": {
            "kinesisSchemaVersion": "1.0", "partitionKey": "1", "sequenceNumber": place,
            "data": BASE64_STANDARD.encode(change.to_string()), "approximateArrivalTimestamp": 1_700_000_000.987,
        },
        "eventSource": "aws:kinesis", "eventVersion": "1.0", "eventID": format!("shardId-000000000006:{place}"),
        "eventName": "aws:kinesis:record", "invokeIdentityArn": "arn:aws:iam::123456789012:role/lambda-role",
        "awsRegion": "ap-northeast-1",
        "eventSourceARN": "arn:aws:kinesis:ap-northeast-1:123456789012:stream/outbox",
    })
}
