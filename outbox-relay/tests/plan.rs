//! A batch comes to the same plan, in whatever order and however often its records come.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod outbox;

use contracts::events::Envelope;
use outbox_relay::core::{Change, Plan, Record};
use proptest::prelude::*;
use serde_dynamo::{AttributeValue, Item};
use std::collections::HashMap;

use outbox::{counted, plan, row};

fn record(envelope: &Envelope) -> Record {
    Record {
        id: envelope.version.to_string(),
        sequence_number: Some(envelope.version.to_string()),
        created_at: None,
        change: Change::Inserted(Item::from(row(envelope))),
    }
}

proptest! {
    #[test]
    fn order_and_repetition_change_nothing(order in Just((1..40u64).collect::<Vec<_>>()).prop_shuffle(), again in prop::collection::vec(1..40u64, 0..20)) {
        let records = |versions: &[u64]| versions.iter().map(|n| record(&counted(*n, u32::try_from(n * 3).unwrap()))).collect::<Vec<_>>();
        let straight: Vec<u64> = (1..40).collect();
        let mixed = [order, again].concat();
        prop_assert_eq!(plan(&records(&mixed)), plan(&records(&straight)));
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let mut record = record(&counted(1, 1));
        let row = HashMap::from([
            ("pk".to_owned(), AttributeValue::S("stock#hinata.s#hinata.k".into())),
            ("version".to_owned(), AttributeValue::N("1".into())),
            ("envelope".to_owned(), AttributeValue::B(bytes)),
        ]);
        record.change = Change::Inserted(Item::from(row));
        prop_assert!(plan(&[record]) != Plan::default());
    }
}

#[test]
fn an_event_that_would_write_another_brands_row_is_put_aside() {
    let good = plan(&[record(&counted(1, 1))]);
    for change in [
        |envelope: &mut Envelope| envelope.brand = "other".into(),
        |envelope: &mut Envelope| envelope.event = None,
        |envelope: &mut Envelope| envelope.actor = None,
        |envelope: &mut Envelope| envelope.occurred_at = None,
        |envelope: &mut Envelope| envelope.version = 0,
    ] {
        let mut envelope = counted(1, 1);
        change(&mut envelope);
        let bad = plan(&[record(&envelope)]);
        assert!(bad != good && format!("{bad:?}").contains("stocks: {}"), "{bad:?}");
        assert!(!format!("{bad:?}").contains("quarantine: {}"), "{bad:?}");
    }
}

/// An INSERT without its row carries an event that nobody read: it is not a removal.
#[test]
fn only_a_removal_may_come_to_nothing() {
    let Change::Inserted(row) = record(&counted(1, 1)).change else { panic!("not inserted") };
    let keys = Item::from(HashMap::from([("pk".to_owned(), AttributeValue::S("stock#hinata.s".into()))]));
    let planned = |name: &str, image: Option<&Item>| {
        let change = Change::of(name, keys.clone(), image.cloned());
        plan(&[Record { change, ..record(&counted(1, 1)) }])
    };
    assert_eq!(planned("INSERT", Some(&row)), plan(&[record(&counted(1, 1))]));
    for image in [None, Some(&row)] {
        assert_eq!(planned("REMOVE", image), Plan::default());
    }
    for (name, image) in
        [("INSERT", None), ("MODIFY", None), ("MODIFY", Some(&row)), ("", Some(&row)), ("RENAME", None)]
    {
        let planned = format!("{:?}", planned(name, image));
        assert!(planned.contains("stocks: {}") && planned.contains("stock#hinata.s"), "{planned}");
        assert!(!planned.contains("quarantine: {}"), "{planned}");
    }
}
