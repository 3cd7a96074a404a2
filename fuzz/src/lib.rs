//! What both targets share: valid records to begin with, and what must hold of every plan.

pub mod lambda_events;
pub mod outbox_rows;

use std::collections::HashMap;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use contracts::events::envelope::Event as Happened;
use contracts::events::{self, Envelope, actor};
use outbox_relay::core::{Batch, Change, Plan, Progress, Record};
use prost::Message;
use serde_dynamo::{AttributeValue, Item};
use serde_json::{Value, json};

/// How many types of events there are here.
pub const KINDS: u8 = 5;

const STORE: &str = "hinata.s";
const SKU: &str = "hinata.k";
const RESERVATION: &str = "0192f0c1-2d3e-7a4b-8c5d-6e7f80910213";

fn stock(version: u64) -> events::Stock {
    events::Stock { store_id: STORE.into(), sku: SKU.into(), version, on_hand: 5, held: 1, safety: 0 }
}

fn reservation() -> events::Reservation {
    events::Reservation {
        reservation_id: RESERVATION.into(),
        store_id: STORE.into(),
        status: events::ReservationStatus::Held.into(),
        lines: vec![events::ReservationLine { sku: SKU.into(), quantity: 1 }],
        customer: Some(events::Customer { name: "花子".into(), phone: "090".into(), email: "a@b".into() }),
        placed_at: Some(time()),
        expires_at: Some(time()),
        extensions: 1,
        customer_id: "c".into(),
        capability_hash: "a".repeat(64),
    }
}

fn time() -> prost_types::Timestamp {
    prost_types::Timestamp { seconds: 1_700_000_000, nanos: 5 }
}

fn text(text: &str) -> Option<events::Text> {
    Some(events::Text { ja: text.into(), en: text.into() })
}

/// A valid envelope of one of the [`KINDS`].
pub fn envelope(kind: u8, version: u64) -> Envelope {
    let (aggregate, event) = match kind % KINDS {
        0 => (
            format!("stock#{STORE}#{SKU}"),
            Happened::StockCounted(events::StockCounted {
                stock: Some(stock(version)),
                found: 3,
                observed_at: Some(time()),
                source: "rfid".into(),
            }),
        ),
        1 => (
            format!("reservation#{RESERVATION}"),
            Happened::ReservationHeld(events::ReservationHeld {
                reservation: Some(reservation()),
                stocks: vec![stock(version)],
            }),
        ),
        2 => (
            format!("store#{STORE}"),
            Happened::StoreDefined(events::StoreDefined {
                store: Some(events::Store {
                    store_id: STORE.into(),
                    name: text("渋谷店"),
                    address: text("渋谷"),
                    latitude: Some(35.6),
                    longitude: Some(139.7),
                    time_zone: "Asia/Tokyo".into(),
                    hold_policy: Some((&contracts::HoldPolicy::default()).into()),
                    opening_hours: Some((&contracts::OpeningHours::default()).into()),
                }),
            }),
        ),
        3 => (
            "product#hinata.p".to_owned(),
            Happened::ProductDefined(events::ProductDefined {
                product: Some(events::Product {
                    product_code: "hinata.p".into(),
                    name: text("Knit"),
                    skus: vec![events::SkuInfo {
                        sku: SKU.into(),
                        colour: text("black"),
                        size: "M".into(),
                        gtin: "4901234567894".into(),
                    }],
                }),
            }),
        ),
        _ => (
            format!("reservation#{RESERVATION}"),
            Happened::ReservationAnonymised(events::ReservationAnonymised {
                reservation: Some(events::Reservation {
                    customer: Some(events::Customer::default()),
                    status: events::ReservationStatus::Collected.into(),
                    ..reservation()
                }),
            }),
        ),
    };
    Envelope {
        event_id: RESERVATION.into(),
        aggregate,
        version,
        brand: "hinata".into(),
        occurred_at: Some(time()),
        actor: Some(events::Actor { kind: actor::Kind::Staff.into(), id: "s".into() }),
        causation_id: "c".repeat(64),
        traceparent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".into(),
        reason: "why".into(),
        event: Some(event),
    }
}

/// The outbox row of an envelope.
pub fn row(aggregate: &str, version: u64, bytes: Vec<u8>) -> Item {
    Item::from(HashMap::from([
        ("pk".to_owned(), AttributeValue::S(aggregate.to_owned())),
        ("version".to_owned(), AttributeValue::N(version.to_string())),
        ("schema".to_owned(), AttributeValue::N("1".to_owned())),
        ("envelope".to_owned(), AttributeValue::B(bytes)),
    ]))
}

/// A change of the outbox table in JSON, as both sources have it.
pub fn change(envelope: &Envelope) -> Value {
    let row = row(&envelope.aggregate, envelope.version, envelope.encode_to_vec());
    json!({
        "eventID": "1", "eventName": "INSERT", "eventVersion": "1.1", "eventSource": "aws:dynamodb",
        "userIdentity": {"type": "Service", "principalId": "dynamodb.amazonaws.com"},
        "dynamodb": {
            "ApproximateCreationDateTime": 1_700_000_000, "ApproximateCreationDateTimePrecision": "MICROSECOND",
            "Keys": {"pk": {"S": envelope.aggregate}}, "NewImage": row, "SequenceNumber": "1",
        },
        "eventSourceARN": "arn:aws:dynamodb:r:1:table/outbox/stream/t",
    })
}

/// A record of Kinesis that carries these bytes.
pub fn wrapped(data: &[u8]) -> Value {
    json!({
        "kinesis": {"sequenceNumber": "2", "data": BASE64_STANDARD.encode(data), "approximateArrivalTimestamp": 1.5},
        "eventSource": "aws:kinesis", "eventID": "shardId-000000000006:2", "eventName": "aws:kinesis:record",
        "eventSourceARN": "arn:aws:kinesis:r:1:stream/outbox",
    })
}

/// Plans the records beside a good one, and checks that nothing is lost.
///
/// # Panics
/// When something is.
pub fn check(mut records: Vec<Record>) {
    // Of an aggregate that no other record here has by chance.
    let mut good = envelope(3, 77);
    good.aggregate = "product#good.p".into();
    good.brand = "good".into();
    if let Some(Happened::ProductDefined(defined)) = &mut good.event
        && let Some(product) = &mut defined.product
    {
        product.product_code = "good.p".into();
        product.skus.clear();
    }
    let change = Change::Inserted(row(&good.aggregate, 77, good.encode_to_vec()));
    records.push(Record { id: "good".to_owned(), sequence_number: None, created_at: None, change });
    // An id is one record's in a stream; a place need not be.
    for (n, record) in records.iter_mut().enumerate() {
        record.id = n.to_string();
    }
    let batch = Batch { stream: "s", records: &records, progress: Progress::Caller };
    let plan = Plan::of(&batch);
    assert!(plan == Plan::of(&batch), "a plan is made of nothing but its batch");
    assert!(plan.has_event("product#good.p", 77), "the good record is lost");
    for record in &records {
        let aside = plan.put_aside().any(|(id, _)| id == record.id);
        match &record.change {
            Change::Expired | Change::Removed => assert!(!aside),
            Change::Unexpected { .. } | Change::Unreadable { .. } => assert!(aside, "{record:?}"),
            Change::Inserted(row) => assert!(aside || is_planned(&plan, row), "{record:?}"),
        }
    }
}

fn is_planned(plan: &Plan, row: &Item) -> bool {
    let row = row.inner();
    match (row.get("pk"), row.get("version")) {
        (Some(AttributeValue::S(aggregate)), Some(AttributeValue::N(version))) => {
            version.parse().is_ok_and(|version| plan.has_event(aggregate, version))
        }
        _ => false,
    }
}
