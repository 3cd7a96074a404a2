//! The bytes of envelopes, changed at any place, in rows whose keys fit and in rows whose keys do not.

use crate::{KINDS, check, envelope, row};
use contracts::events::Envelope;
use libfuzzer_sys::arbitrary::{Result, Unstructured};
use outbox_relay::core::{Change, Record};
use prost::Message;

/// Most changes of one envelope.
const MAX_CHANGES: u8 = 8;

/// One run.
///
/// # Panics
/// When something is lost.
pub fn run(data: &[u8]) {
    let mut records = vec![record(data.to_vec())];
    if let Ok(bytes) = changed(&mut Unstructured::new(data)) {
        records.push(record(bytes));
    }
    check(records);
}

fn record(bytes: Vec<u8>) -> Record {
    // The row's key is the envelope's where it has one: what is behind that check is what matters.
    let (aggregate, version) = match Envelope::decode(bytes.as_slice()) {
        Ok(Envelope { aggregate, version, .. }) => (aggregate, version),
        Err(_) => ("stock#hinata.s#hinata.k".to_owned(), 1),
    };
    let change = Change::Inserted(row(&aggregate, version, bytes));
    Record { id: String::new(), sequence_number: None, created_at: None, change }
}

fn changed(u: &mut Unstructured<'_>) -> Result<Vec<u8>> {
    let mut bytes = envelope(u.int_in_range(0..=KINDS - 1)?, u.arbitrary()?).encode_to_vec();
    for _ in 0..u.int_in_range(0..=MAX_CHANGES)? {
        let place = u.choose_index(bytes.len().max(1))?;
        match u.int_in_range(0..=3)? {
            0 if place < bytes.len() => bytes[place] = u.arbitrary()?,
            1 if place < bytes.len() => drop(bytes.remove(place)),
            2 => bytes.insert(place, u.arbitrary()?),
            _ => bytes.extend(u.bytes(u.len().min(9))?),
        }
    }
    Ok(bytes)
}
