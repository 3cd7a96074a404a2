use contracts::events::{self, Envelope, envelope};
use contracts::outbox;
use prost::Message;
use serde_dynamo::{AttributeValue, Item};

use super::*;

/// The record of an event of this aggregate, with a store name of so many bytes.
fn record(n: u64, aggregate: &str, bytes: usize) -> Record {
    let name = events::Text { ja: String::new(), en: "x".repeat(bytes) };
    let store = events::Store { name: Some(name), ..events::Store::default() };
    let envelope = Envelope {
        event_id: n.to_string(),
        aggregate: aggregate.to_owned(),
        version: n,
        brand: "hinata".to_owned(),
        occurred_at: Some(prost_types::Timestamp::default()),
        event: Some(envelope::Event::StoreDefined(events::StoreDefined { store: Some(store) })),
        ..Envelope::default()
    };
    let row = [
        (outbox::AGGREGATE, AttributeValue::S(aggregate.to_owned())),
        (outbox::VERSION, AttributeValue::N(n.to_string())),
        (outbox::ENVELOPE, AttributeValue::B(envelope.encode_to_vec())),
    ];
    let row = row.map(|(name, value)| (name.to_owned(), value));
    let change = Change::Inserted(Item::from(std::collections::HashMap::from(row)));
    Record { sequence_number: n.to_string(), created_at: None, change }
}

fn shape(records: &[Record], most: usize) -> Vec<(String, String)> {
    let ids = |window: &Window<'_>| window.events.iter().map(|(_, event)| event.id.clone()).collect();
    windows(records, most).iter().map(|window| (ids(window), window.last.sequence_number.clone())).collect()
}

fn expected(windows: &[(&str, &str)]) -> Vec<(String, String)> {
    windows.iter().map(|(ids, last)| ((*ids).to_owned(), (*last).to_owned())).collect()
}

#[test]
fn a_window_never_holds_two_events_of_one_aggregate() {
    let records =
        [record(1, "a", 1), record(2, "b", 1), record(3, "a", 1), record(4, "c", 1), record(5, "b", 1)];
    assert_eq!(shape(&records, 10), expected(&[("12", "2"), ("345", "5")]));
    assert_eq!(shape(&records, 2), expected(&[("12", "2"), ("34", "4"), ("5", "5")]));
    assert!(windows(&[], 10).is_empty());
}

#[test]
fn a_window_has_a_size_and_what_is_larger_goes_alone() {
    let large = MAX_BYTES / 2;
    let records =
        [record(1, "a", large), record(2, "b", large), record(3, "c", MAX_BYTES), record(4, "d", 1)];
    assert_eq!(shape(&records, 10), expected(&[("1", "1"), ("2", "2"), ("3", "3"), ("4", "4")]));
}

#[test]
fn what_is_no_event_is_told_and_what_is_none_to_publish_is_passed_over() {
    let strange = |n: u64, change| Record { change, ..record(n, "a", 1) };
    let Change::Inserted(row) = record(7, "a", 1).change else { unreachable!() };
    let mut broken = row.clone();
    broken.inner_mut().insert(outbox::ENVELOPE.to_owned(), AttributeValue::B(vec![0xff; 9]));
    let records = [
        strange(1, Change::Removed),
        strange(2, Change::Inserted(broken)),
        record(3, "a", 1),
        strange(4, Change::Unexpected { reason: "changed".to_owned(), row }),
        strange(5, Change::Removed),
    ];
    let windows = windows(&records, 10);
    assert_eq!(shape(&records, 10), expected(&[("3", "5")]));
    let strange: Vec<_> =
        windows[0].strange.iter().map(|(record, _)| record.sequence_number.as_str()).collect();
    assert_eq!(strange, ["2", "4"]);
}
