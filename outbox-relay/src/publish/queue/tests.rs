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
    Record { id: n.to_string(), sequence_number: Some(n.to_string()), created_at: None, change }
}

fn queue(records: Vec<Record>) -> Queue {
    let mut queue = Queue::default();
    queue.add(records);
    queue
}

/// The numbers of what is sent next.
fn sent(queue: &mut Queue, most: usize) -> Vec<String> {
    let next = queue.next(most, Instant::now());
    next.into_iter().map(|entry| entry.record.id.clone()).collect()
}

/// The target takes these.
fn take(queue: &mut Queue, numbers: &[&str]) {
    let taken = |entry: &&mut Entry| numbers.contains(&entry.record.id.as_str());
    queue.entries.iter_mut().filter(taken).for_each(|entry| entry.content = None);
}

fn passed(queue: &mut Queue) -> Option<String> {
    queue.pass().map(|last| last.id)
}

#[test]
fn what_goes_out_together_never_holds_two_events_of_one_aggregate() {
    let records =
        [record(1, "a", 1), record(2, "b", 1), record(3, "a", 1), record(4, "c", 1), record(5, "b", 1)];
    let mut queue = queue(records.to_vec());
    assert_eq!(sent(&mut queue, 10), ["1", "2", "4"]);
    assert_eq!(sent(&mut queue, 2), ["1", "2"]);
    take(&mut queue, &["2", "4"]);
    assert_eq!(sent(&mut queue, 10), ["1", "5"], "the second of a waits for the first");
    assert_eq!(passed(&mut queue), None);
    take(&mut queue, &["1", "5"]);
    assert_eq!(passed(&mut queue).as_deref(), Some("2"));
    take(&mut queue, &["3"]);
    assert_eq!((passed(&mut queue).as_deref(), queue.waiting()), (Some("5"), 0));
}

#[test]
fn an_event_that_rests_holds_up_its_own_aggregate_only() {
    let mut queue = queue(vec![record(1, "a", 1), record(2, "a", 1), record(3, "b", 1)]);
    queue.entries[0].rests_until = Some(Instant::now() + std::time::Duration::from_secs(60));
    assert_eq!(sent(&mut queue, 10), ["3"]);
}

#[test]
fn while_nothing_is_taken_each_is_asked_in_turn() {
    let mut queue = queue(vec![record(1, "a", 1), record(2, "b", 1), record(3, "c", 1)]);
    (queue.failures, queue.entries[0].tries, queue.entries[1].tries) = (3, 2, 1);
    assert_eq!(sent(&mut queue, 1), ["3"]);
}

#[test]
fn a_target_that_takes_few_of_what_comes_is_not_well() {
    let before = Tries { taken: 7, failed: 90 };
    assert!(!before.is_well_since(before), "nothing else came");
    assert!(Tries { taken: 8, ..before }.is_well_since(before));
    assert!(!Tries { taken: 8, failed: 91 }.is_well_since(before));
    assert!(!Tries { taken: 12, failed: 101 }.is_well_since(before), "it took some, and failed more");
}

#[test]
fn what_is_read_again_is_here_once() {
    let mut queue = queue(vec![record(1, "a", 1), record(2, "b", 1)]);
    take(&mut queue, &["2"]);
    queue.add(vec![record(1, "a", 1), record(2, "b", 1), record(3, "b", 1)]);
    assert_eq!(sent(&mut queue, 10), ["1", "3"]);
}

#[test]
fn what_goes_out_together_has_a_size_and_what_is_larger_goes_alone() {
    let large = MAX_BYTES / 2;
    let mut queue = queue(vec![record(1, "a", MAX_BYTES), record(2, "b", large), record(3, "c", 1)]);
    assert_eq!(sent(&mut queue, 10), ["1"]);
    take(&mut queue, &["1"]);
    assert_eq!(sent(&mut queue, 10), ["2", "3"]);
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
    let mut queue = queue(records.to_vec());
    assert_eq!((sent(&mut queue, 10), queue.waiting()), (vec!["3".to_owned()], 3));
    assert_eq!(passed(&mut queue).as_deref(), Some("1"));
    for number in ["2", "4"] {
        let entry = queue.strange(Instant::now()).unwrap();
        assert_eq!(entry.record.id, number);
        entry.content = None;
    }
    assert!(queue.strange(Instant::now()).is_none());
    take(&mut queue, &["3"]);
    assert_eq!(passed(&mut queue).as_deref(), Some("5"));
}
