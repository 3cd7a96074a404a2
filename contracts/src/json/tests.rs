use serde_json::json;

use super::*;
use crate::events::{self, envelope};

fn held() -> Envelope {
    let reservation = events::Reservation {
        reservation_id: "0192d3a0-0000-7000-8000-000000000001".to_owned(),
        store_id: "hinata.shibuya-01".to_owned(),
        status: events::ReservationStatus::Held.into(),
        lines: vec![events::ReservationLine { sku: "hinata.A-M".to_owned(), quantity: 2 }],
        customer: Some(events::Customer {
            name: "山田 花子".to_owned(),
            phone: "090-0000-0000".to_owned(),
            email: "hanako@example.com".to_owned(),
        }),
        placed_at: Some(prost_types::Timestamp { seconds: 1_767_225_600, nanos: 5_000 }),
        expires_at: None,
        extensions: 0,
        customer_id: "account-7".to_owned(),
        capability_hash: "c0ffee".to_owned(),
    };
    let stock = events::Stock {
        store_id: "hinata.shibuya-01".to_owned(),
        sku: "hinata.A-M".to_owned(),
        version: u64::MAX,
        on_hand: 0,
        held: 2,
        safety: 0,
    };
    Envelope {
        event_id: "0192d3a0-0000-7000-8000-000000000002".to_owned(),
        aggregate: "reservation#0192d3a0-0000-7000-8000-000000000001".to_owned(),
        version: 1,
        brand: "hinata".to_owned(),
        occurred_at: Some(prost_types::Timestamp { seconds: 1_767_225_600, nanos: 5_000 }),
        actor: Some(events::Actor { kind: events::actor::Kind::Staff.into(), id: "staff-9".to_owned() }),
        causation_id: "cause".to_owned(),
        traceparent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".to_owned(),
        reason: "called from 090-0000-0000".to_owned(),
        event: Some(envelope::Event::ReservationHeld(events::ReservationHeld {
            reservation: Some(reservation),
            stocks: vec![stock],
        })),
    }
}

#[test]
fn an_event_is_a_cloud_event_without_anything_private() {
    let event = serde_json::to_value(CloudEvent::of(&held()).unwrap()).unwrap();
    let expected = json!({
        "specversion": "1.0",
        "id": "0192d3a0-0000-7000-8000-000000000002",
        "source": "/brands/hinata",
        "type": "torioki.reservation.held.v1",
        "subject": "reservation#0192d3a0-0000-7000-8000-000000000001",
        "time": "2026-01-01T00:00:00.000005Z",
        "datacontenttype": "application/json",
        "dataschema": "urn:torioki:events:v1:ReservationHeld",
        "aggregateversion": "1",
        "causationid": "cause",
        "traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "data": {
            "reservation": {
                "reservation_id": "0192d3a0-0000-7000-8000-000000000001",
                "store_id": "hinata.shibuya-01",
                "status": "HELD",
                "lines": [{"sku": "hinata.A-M", "quantity": 2}],
                "placed_at": "2026-01-01T00:00:00.000005Z",
                "extensions": 0,
            },
            "stocks": [{
                "store_id": "hinata.shibuya-01",
                "sku": "hinata.A-M",
                "version": "18446744073709551615",
                "on_hand": 0,
                "held": 2,
                "safety": 0,
            }],
        },
    });
    assert_eq!(event, expected);
}

#[test]
fn types_are_made_from_the_names_of_events() {
    let types: Vec<String> = events().map(|event| type_of(&event)).collect();
    assert_eq!(types.len(), 13);
    for name in ["store.defined", "reservation.made_ready", "stock.shortfall_detected"] {
        assert!(types.contains(&format!("torioki.{name}.v1")), "{name} of {types:?}");
    }
}

#[test]
fn what_is_no_event_is_refused() {
    assert_eq!(CloudEvent::of(&Envelope { event: None, ..held() }), Err(Error::UnknownEvent));
    for (envelope, field) in [
        (Envelope { event_id: String::new(), ..held() }, "event_id"),
        (Envelope { brand: String::new(), ..held() }, "brand"),
        (Envelope { aggregate: String::new(), ..held() }, "aggregate"),
        (Envelope { occurred_at: None, ..held() }, "occurred_at"),
    ] {
        assert_eq!(CloudEvent::of(&envelope), Err(Error::Field(field)));
    }
}
