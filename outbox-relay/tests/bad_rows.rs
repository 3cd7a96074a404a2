//! Outbox rows that are not what they should be: each is put aside, and never written.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod outbox;

use std::collections::HashMap;

use contracts::events::{Envelope, envelope};
use outbox_relay::core::{Change, Plan, Record};
use prost::Message;
use serde_dynamo::{AttributeValue, Item};

use outbox::{counted, plan, row};

fn inserted(row: HashMap<String, AttributeValue>) -> Plan {
    let change = Change::Inserted(Item::from(row));
    plan(&[Record { id: "1".into(), sequence_number: Some("1".into()), created_at: None, change }])
}

#[track_caller]
fn assert_aside(plan: &Plan, reason: &str) {
    let aside: Vec<(&str, &str)> = plan.put_aside().collect();
    assert!(matches!(&aside[..], [(_, told)] if told.contains(reason)), "{reason}: {aside:?}");
    assert!(!plan.has_event("stock#hinata.s#hinata.k", 1), "{plan:?}");
}

#[test]
fn missing_attributes_and_wrong_types() {
    for name in ["pk", "version", "envelope"] {
        let mut missing = row(&counted(1, 1));
        missing.remove(name);
        assert_aside(&inserted(missing), name);
        for wrong in [AttributeValue::Bool(true), AttributeValue::Null(true), AttributeValue::L(Vec::new())] {
            let mut row = row(&counted(1, 1));
            row.insert(name.to_owned(), wrong);
            assert_aside(&inserted(row), name);
        }
    }
    assert_aside(&inserted(HashMap::new()), "pk");
}

/// prost reads an event that it does not know as none.
#[test]
fn an_event_of_a_newer_contract_is_put_aside() {
    let mut bytes = Envelope { event: None, ..counted(1, 1) }.encode_to_vec();
    // Field 99, three bytes long.
    bytes.extend([0x9a, 0x06, 3, 1, 2, 3]);
    assert_eq!(Envelope::decode(bytes.as_slice()).unwrap().event, None);
    let mut newer = row(&counted(1, 1));
    newer.insert("envelope".to_owned(), AttributeValue::B(bytes));
    assert_aside(&inserted(newer), "does not know");

    for (schema, reason) in [("2", "newer"), ("4294967295", "newer"), ("0", "schema"), ("x", "schema")] {
        let mut newer = row(&counted(1, 1));
        newer.insert("schema".to_owned(), AttributeValue::N(schema.to_owned()));
        assert_aside(&inserted(newer), reason);
    }
    let mut ours = row(&counted(1, 1));
    ours.insert("schema".to_owned(), AttributeValue::N("1".to_owned()));
    assert!(inserted(ours).has_event("stock#hinata.s#hinata.k", 1));
}

#[test]
fn unknown_aggregates_and_those_of_another_event() {
    for aggregate in [
        "",
        "stock",
        "shelf#hinata.s",
        "store#hinata.s",
        "stock#hinata.s#hinata.other",
        "stock#hinata.s#hinata.k#",
    ] {
        let envelope = Envelope { aggregate: aggregate.to_owned(), ..counted(1, 1) };
        let plan = inserted(row(&envelope));
        assert_eq!(plan.put_aside().count(), 1, "{aggregate}");
        assert!(!plan.has_event(aggregate, 1));
    }
}

#[test]
fn zero_and_huge_versions() {
    for version in [0, (1 << 42) + 1, u64::MAX] {
        assert_aside(&inserted(row(&counted(version, 1))), "version");
    }
    for number in ["-1", "1.0", "01", "1e3", "99999999999999999999999999999999999999", ""] {
        let mut row = row(&counted(1, 1));
        row.insert("version".to_owned(), AttributeValue::N(number.to_owned()));
        assert_aside(&inserted(row), "key");
    }
    let mut other = counted(1, 1);
    let Some(envelope::Event::StockCounted(event)) = &mut other.event else { panic!("not counted") };
    event.stock.as_mut().unwrap().version = 9;
    assert_aside(&inserted(row(&other)), "stock.version");
    assert!(inserted(row(&counted(1 << 42, 1))).has_event("stock#hinata.s#hinata.k", 1 << 42));
}

#[test]
fn payloads_of_400_kilobytes() {
    let big = "x".repeat(400 << 10);
    assert_aside(&inserted(row(&Envelope { reason: big.clone(), ..counted(1, 1) })), "reason");
    assert_aside(&inserted(row(&Envelope { event_id: big.clone(), ..counted(1, 1) })), "event_id");
    let mut noise = row(&counted(1, 1));
    noise.insert("envelope".to_owned(), AttributeValue::B(vec![0xff; 400 << 10]));
    assert_aside(&inserted(noise), "protobuf");
    // What stands beside the envelope is nobody's business.
    let mut beside = row(&counted(1, 1));
    beside.insert("note".to_owned(), AttributeValue::S(big));
    assert!(inserted(beside).has_event("stock#hinata.s#hinata.k", 1));
}

#[test]
fn an_empty_batch_is_an_empty_plan() {
    assert_eq!(plan(&[]), Plan::default());
}
