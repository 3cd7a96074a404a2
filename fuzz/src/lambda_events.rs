//! The JSON of Lambda events, changed at any place.

use crate::{KINDS, change, check, envelope, wrapped};
use libfuzzer_sys::arbitrary::{Result, Unstructured};
use outbox_relay::lambda::Event;
use serde_json::{Map, Value, json};

/// Most records that are changed: enough for them to meet.
const MAX_RECORDS: u8 = 4;
/// Most changes of one record.
const MAX_CHANGES: u8 = 6;
/// How deep a value that is made up may be.
const MAX_DEPTH: u8 = 4;

/// One run.
///
/// # Panics
/// When something is lost.
pub fn run(data: &[u8]) {
    // Bytes that are an event already.
    if let Ok(event) = serde_json::from_slice::<Event>(data) {
        check(event.records());
    }
    let Ok(event) = event(&mut Unstructured::new(data)) else { return };
    let event = serde_json::from_value::<Event>(event).expect("a list of records is an event");
    let _ = event.stream();
    check(event.records());
}

fn event(u: &mut Unstructured<'_>) -> Result<Value> {
    let mut records = Vec::new();
    for _ in 0..u.int_in_range(1..=MAX_RECORDS)? {
        let mut record = change(&envelope(u.int_in_range(0..=KINDS - 1)?, u.int_in_range(0..=5)?));
        changed(u, &mut record)?;
        if u.arbitrary()? {
            let mut bytes = record.to_string().into_bytes();
            if u.ratio(1, 4)? {
                bytes.truncate(u.choose_index(bytes.len())?);
            }
            record = wrapped(&bytes);
            changed(u, &mut record)?;
        }
        records.push(record);
    }
    Ok(json!({"Records": records}))
}

fn changed(u: &mut Unstructured<'_>, record: &mut Value) -> Result<()> {
    for _ in 0..u.int_in_range(0..=MAX_CHANGES)? {
        change_within(u, record)?;
    }
    Ok(())
}

/// Changes this value, or mostly one in it.
fn change_within(u: &mut Unstructured<'_>, place: &mut Value) -> Result<()> {
    let deeper = !u.ratio(1, 5)?;
    match place {
        Value::Object(members) if deeper && !members.is_empty() => {
            let n = u.choose_index(members.len())?;
            members.values_mut().nth(n).map_or(Ok(()), |member| change_within(u, member))
        }
        Value::Array(values) if deeper && !values.is_empty() => {
            let n = u.choose_index(values.len())?;
            change_within(u, &mut values[n])
        }
        Value::Object(members) if !members.is_empty() && u.arbitrary()? => {
            let names: Vec<String> = members.keys().cloned().collect();
            members.remove(u.choose(&names)?);
            Ok(())
        }
        Value::Object(members) if u.arbitrary()? => {
            members.insert(name(u)?, value(u, 0)?);
            Ok(())
        }
        _ => {
            *place = value(u, 0)?;
            Ok(())
        }
    }
}

fn name(u: &mut Unstructured<'_>) -> Result<String> {
    let known = [
        "S",
        "N",
        "B",
        "M",
        "L",
        "BOOL",
        "NULL",
        "SS",
        "NS",
        "BS",
        "pk",
        "version",
        "schema",
        "envelope",
        "NewImage",
        "Keys",
        "dynamodb",
        "kinesis",
        "data",
        "eventName",
        "eventSource",
        "userIdentity",
        "type",
        "principalId",
        "SequenceNumber",
        "sequenceNumber",
        "eventSourceARN",
    ];
    if u.ratio(1, 8)? { u.arbitrary() } else { Ok((*u.choose(&known)?).to_owned()) }
}

fn value(u: &mut Unstructured<'_>, depth: u8) -> Result<Value> {
    let words = [
        "INSERT",
        "MODIFY",
        "REMOVE",
        "aws:kinesis",
        "aws:dynamodb",
        "0",
        "-1",
        "18446744073709551616",
        "%%%",
    ];
    let kinds = if depth < MAX_DEPTH { 8 } else { 6 };
    Ok(match u.int_in_range(0..=kinds - 1)? {
        0 => Value::Null,
        1 => u.arbitrary::<bool>()?.into(),
        2 => u.arbitrary::<i64>()?.into(),
        3 => u.arbitrary::<f64>()?.into(),
        4 => (*u.choose(&words)?).into(),
        5 => u.arbitrary::<String>()?.into(),
        6 => {
            let mut values = Vec::new();
            for _ in 0..u.int_in_range(0..=3)? {
                values.push(value(u, depth + 1)?);
            }
            values.into()
        }
        _ => {
            let mut members = Map::new();
            for _ in 0..u.int_in_range(0..=3)? {
                members.insert(name(u)?, value(u, depth + 1)?);
            }
            members.into()
        }
    })
}
