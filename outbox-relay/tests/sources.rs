//! What AWS hands to a function, of either source, is read as AWS documents it.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod outbox;

use chrono::{DateTime, Utc};
use outbox_relay::core::{Change, Record};
use outbox_relay::lambda::Event;
use serde_json::{Value, json};

use outbox::{counted, of_dynamodb, of_kinesis, plan, records, row_json, wrapped};

fn fixture(name: &str) -> Event {
    let path = format!("{}/tests/fixtures/{name}.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn at(text: &str) -> Option<DateTime<Utc>> {
    Some(text.parse().unwrap())
}

#[test]
fn documented_events_of_dynamodb_are_read() {
    let event = fixture("dynamodb");
    assert!(event.stream().ends_with("table/my-table/stream/2024-06-10T19:26:16.525"));
    let records = event.records();
    let [inserted, modified, removed] = &records[..] else { panic!("{records:?}") };
    assert!(matches!(&inserted.change, Change::Inserted(row) if row.inner().len() == 2));
    assert!(matches!(&modified.change, Change::Unexpected { row, .. } if row.inner().len() == 2));
    assert_eq!(removed.change, Change::Removed);
    let places: Vec<&str> = records.iter().map(|record| record.sequence_number.as_deref().unwrap()).collect();
    assert_eq!(places, ["111", "222", "333"]);

    let [expired] = &fixture("dynamodb_expired").records()[..] else { panic!("not one record") };
    assert_eq!((&expired.change, expired.created_at), (&Change::Expired, at("2016-11-18T20:09:00Z")));
}

#[test]
fn documented_events_of_kinesis_are_read() {
    let event = fixture("kinesis");
    assert_eq!(event.stream(), "arn:aws:kinesis:us-east-2:123456789012:stream/lambda-stream");
    let [greeting] = &event.records()[..] else { panic!("not one record") };
    let place = "49590338271490256608559692538361571095921575989136588898";
    assert_eq!(greeting.sequence_number.as_deref(), Some(place));
    let Change::Unreadable { reason, record } = &greeting.change else { panic!("{greeting:?}") };
    assert!(reason.contains("no JSON") && record.contains("SGVsbG8"), "{reason} {record}");

    let change = include_str!("fixtures/kinesis_change.json");
    let [song] = &records(&[wrapped(1, change)])[..] else { panic!("not one record") };
    assert!(matches!(&song.change, Change::Inserted(row) if row.inner().len() == 4));
    assert_eq!(song.created_at, at("2021-11-05T20:24:40.632Z"));
}

#[test]
fn time_is_read_in_its_unit_and_never_in_the_way() {
    let told = |precision: Value, time: Value| {
        let mut change: Value = serde_json::from_str(include_str!("fixtures/kinesis_change.json")).unwrap();
        change["dynamodb"]["ApproximateCreationDateTime"] = time;
        change["dynamodb"]["ApproximateCreationDateTimePrecision"] = precision;
        let [record] = &records(&[wrapped(1, &change.to_string())])[..] else { panic!("not one record") };
        assert!(matches!(record.change, Change::Inserted(_)), "{record:?}");
        record.created_at
    };
    assert_eq!(told(json!("MILLISECOND"), json!(1_636_143_880_632_i64)), at("2021-11-05T20:24:40.632Z"));
    assert_eq!(
        told(json!("MICROSECOND"), json!(1_636_143_880_632_123_i64)),
        at("2021-11-05T20:24:40.632123Z")
    );
    assert_eq!(told(Value::Null, json!(1.5)), at("1970-01-01T00:00:00.001500Z"));
    for nonsense in [json!("x"), json!(1e300), json!(i64::MAX), json!(i64::MIN), json!([])] {
        assert_eq!(told(json!("MILLISECOND"), nonsense), None);
    }
}

#[test]
fn both_sources_come_to_the_same_plan() {
    let image = row_json(&counted(3, 7));
    let [one, other] =
        [of_dynamodb(1, image.clone()), of_kinesis(1, image)].map(|record| plan(&records(&[record])));
    assert!(one.has_event("stock#hinata.s#hinata.k", 3) && one == other, "{one:?} {other:?}");
}

#[test]
fn removals_by_the_time_to_live_are_known_in_both() {
    let key = json!({"pk": {"S": "stock#hinata.s#hinata.k"}, "version": {"N": "1"}});
    let service = json!({"type": "Service", "principalId": "dynamodb.amazonaws.com"});
    let somebody = json!({"type": "Service", "principalId": "other.amazonaws.com"});
    for (identity, expected) in
        [(service, Change::Expired), (Value::Null, Change::Removed), (somebody, Change::Removed)]
    {
        let mut removal = of_dynamodb(1, key.clone());
        removal["eventName"] = json!("REMOVE");
        removal["userIdentity"] = identity.clone();
        removal["dynamodb"].as_object_mut().unwrap().remove("NewImage");
        let change = json!({"eventName": "REMOVE", "userIdentity": identity, "dynamodb": {"Keys": key, "OldImage": key}});
        let records = records(&[removal, wrapped(1, &change.to_string())]);
        for Record { change, .. } in &records {
            assert_eq!(change, &expected);
        }
        assert_eq!(plan(&records), plan(&[]));
    }
}

/// Whatever is wrong with a record, the ones beside it are applied, and it is put aside whole.
#[test]
fn one_broken_record_fails_no_other() {
    let good = row_json(&counted(1, 5));
    let broken = |change: &dyn Fn(&mut Value)| {
        let mut record = of_dynamodb(2, row_json(&counted(2, 6)));
        change(&mut record);
        record
    };
    let mut garbled = of_kinesis(3, good.clone());
    garbled["kinesis"]["data"] = json!("%%%");
    let cases = [
        broken(&|record| record["eventName"] = json!(17)),
        broken(&|record| record["eventSource"] = json!("aws:sqs")),
        broken(&|record| record["dynamodb"]["NewImage"]["envelope"] = json!({"Q": "?"})),
        broken(&|record| record["dynamodb"]["NewImage"]["envelope"] = json!({"B": "%%%"})),
        broken(&|record| record["dynamodb"]["NewImage"] = json!([1])),
        broken(&|record| record["dynamodb"] = json!("text")),
        broken(&|record| drop(record.as_object_mut().unwrap().remove("dynamodb"))),
        garbled,
        wrapped(4, "{\"eventName\":"),
        wrapped(5, "[]"),
        json!(null),
        json!("text"),
        json!([[]]),
    ];
    let beside = of_dynamodb(1, good);
    for case in &cases {
        let plan = plan(&records(&[case.clone(), beside.clone()]));
        assert!(plan.has_event("stock#hinata.s#hinata.k", 1), "{case}");
        assert_eq!(plan.put_aside().count(), 1, "{case} {plan:?}");
    }
    // All at once: none takes another's place, although some tell none.
    let plan = plan(&records(&cases));
    assert_eq!(plan.put_aside().count(), 8, "five are of one event and place, two of the event alone");
}
