//! Events and outbox rows to make records of.

#![allow(dead_code, reason = "each suite uses some of it")]

use std::collections::HashMap;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use contracts::events::{self, Envelope, actor, envelope};
use outbox_relay::core::{Batch, Plan, Progress, Record};
use outbox_relay::lambda::Event;
use prost::Message;
use serde_dynamo::{AttributeValue, Item};
use serde_json::{Value, json};

/// An event that counts a stock.
pub(crate) fn counted(version: u64, on_hand: u32) -> Envelope {
    let stock = events::Stock {
        store_id: "hinata.s".into(),
        sku: "hinata.k".into(),
        version,
        on_hand,
        held: 0,
        safety: 0,
    };
    Envelope {
        event_id: uuid::Uuid::from_u128(u128::from(version)).to_string(),
        aggregate: "stock#hinata.s#hinata.k".into(),
        version,
        brand: "hinata".into(),
        occurred_at: Some(prost_types::Timestamp { seconds: 1_700_000_000, nanos: 0 }),
        actor: Some(events::Actor { kind: actor::Kind::Guest.into(), id: String::new() }),
        reason: String::new(),
        causation_id: "c".repeat(64),
        traceparent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".into(),
        event: Some(envelope::Event::StockCounted(events::StockCounted {
            stock: Some(stock),
            ..Default::default()
        })),
    }
}

/// The outbox row of an event.
pub(crate) fn row(envelope: &Envelope) -> HashMap<String, AttributeValue> {
    HashMap::from([
        ("pk".to_owned(), AttributeValue::S(envelope.aggregate.clone())),
        ("version".to_owned(), AttributeValue::N(envelope.version.to_string())),
        ("envelope".to_owned(), AttributeValue::B(envelope.encode_to_vec())),
    ])
}

/// The same, as DynamoDB's JSON.
pub(crate) fn row_json(envelope: &Envelope) -> Value {
    serde_json::to_value(Item::from(row(envelope))).unwrap()
}

/// A record of DynamoDB Streams, as Lambda hands it over.
pub(crate) fn of_dynamodb(number: u32, image: Value) -> Value {
    json!({
        "eventID": format!("{number:032x}"), "eventName": "INSERT", "eventVersion": "1.1",
        "eventSource": "aws:dynamodb", "awsRegion": "ap-northeast-1",
        "dynamodb": {
            "ApproximateCreationDateTime": 1_700_000_000, "Keys": {"pk": image["pk"], "version": image["version"]},
            "NewImage": image, "SequenceNumber": number.to_string(), "SizeBytes": 300, "StreamViewType": "NEW_IMAGE",
        },
        "eventSourceARN": "arn:aws:dynamodb:ap-northeast-1:123456789012:table/outbox/stream/2026-01-01T00:00:00.000",
    })
}

/// A record of Kinesis Data Streams for DynamoDB, as Lambda hands it over.
pub(crate) fn of_kinesis(number: u32, image: Value) -> Value {
    let change = json!({
        "awsRegion": "ap-northeast-1", "eventID": format!("{number:032x}"), "eventName": "INSERT",
        "userIdentity": null, "recordFormat": "application/json", "tableName": "outbox",
        "dynamodb": {
            "ApproximateCreationDateTime": 1_700_000_000_123_i64, "Keys": {"pk": image["pk"], "version": image["version"]},
            "NewImage": image, "SizeBytes": 300, "ApproximateCreationDateTimePrecision": "MILLISECOND",
        },
        "eventSource": "aws:dynamodb",
    });
    wrapped(number, &change.to_string())
}

/// A record of Kinesis that carries this.
pub(crate) fn wrapped(number: u32, data: &str) -> Value {
    // As long as Kinesis makes them.
    let number = format!("49590338271490256608559692538361571095921575989{number:09}");
    json!({
        "kinesis": {
            "kinesisSchemaVersion": "1.0", "partitionKey": "1", "sequenceNumber": number,
            "data": BASE64_STANDARD.encode(data), "approximateArrivalTimestamp": 1_700_000_000.987,
        },
        "eventSource": "aws:kinesis", "eventVersion": "1.0", "eventID": format!("shardId-000000000006:{number}"),
        "eventName": "aws:kinesis:record", "invokeIdentityArn": "arn:aws:iam::123456789012:role/lambda-role",
        "awsRegion": "ap-northeast-1",
        "eventSourceARN": "arn:aws:kinesis:ap-northeast-1:123456789012:stream/outbox",
    })
}

/// The records of an event that Lambda hands over.
pub(crate) fn records(raw: &[Value]) -> Vec<Record> {
    serde_json::from_value::<Event>(json!({"Records": raw})).unwrap().records()
}

/// What records come to.
pub(crate) fn plan(records: &[Record]) -> Plan {
    Plan::of(&Batch { stream: "s", records, progress: Progress::Caller })
}
