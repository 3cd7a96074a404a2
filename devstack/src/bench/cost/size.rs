//! What DynamoDB charges for, by its own rules (developer guide, "Item sizes and capacity unit consumption" and "Amazon DynamoDB
//! Transactions: How it works"): an emulator may say something else.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

/// Bytes of one write unit, and of one read unit that is strongly consistent.
const WRITE_BYTES: usize = 1024;
const READ_BYTES: usize = 4096;
/// A transaction writes everything twice: to prepare, and to commit.
const TRANSACTION: f64 = 2.0;
/// Bytes of a list or a map beside what is in it, and of each thing in it.
const CONTAINER: usize = 3;
const ENTRY: usize = 1;

/// Units that were used.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Units {
    pub(super) write: f64,
    pub(super) read: f64,
}

impl Units {
    pub(super) fn plus(self, other: Self) -> Self {
        Self { write: self.write + other.write, read: self.read + other.read }
    }

    pub(super) fn times(self, factor: f64) -> Self {
        Self { write: self.write * factor, read: self.read * factor }
    }
}

/// Write units of one item in a transaction.
pub(super) fn written_in_transaction(item: &Value) -> f64 {
    units(size(item), WRITE_BYTES) * TRANSACTION
}

/// Read units of one item of a strongly consistent read: one also where there is none.
pub(super) fn read(item: Option<&Value>) -> f64 {
    units(item.map_or(1, size), READ_BYTES)
}

#[allow(clippy::cast_precision_loss, reason = "an item has 400 KB at most")]
fn units(bytes: usize, of: usize) -> f64 {
    bytes.div_ceil(of).max(1) as f64
}

/// Bytes of an item in DynamoDB's JSON.
pub(super) fn size(item: &Value) -> usize {
    item.as_object()
        .map_or(0, |attributes| attributes.iter().map(|(name, value)| name.len() + of(value)).sum())
}

fn of(value: &Value) -> usize {
    let Some((kind, value)) = value.as_object().and_then(|typed| typed.iter().next()) else { return 0 };
    let entries = |list: &Vec<Value>, each: fn(&Value) -> usize| list.iter().map(each).sum::<usize>();
    match (kind.as_str(), value) {
        ("S", Value::String(text)) => text.len(),
        ("N", Value::String(number)) => digits(number),
        ("B", Value::String(encoded)) => STANDARD.decode(encoded).map_or(encoded.len(), |bytes| bytes.len()),
        ("L", Value::Array(list)) => CONTAINER + entries(list, |value| ENTRY + of(value)),
        ("M", Value::Object(map)) => CONTAINER + in_map(map),
        // Sets, which nothing of ours has, and truth and nothing, which are a byte.
        _ => 1,
    }
}

fn in_map(map: &Map<String, Value>) -> usize {
    map.iter().map(|(name, value)| ENTRY + name.len() + of(value)).sum()
}

/// A byte for two significant digits, one more, and one for a sign.
fn digits(number: &str) -> usize {
    let significant = number.trim_start_matches(['-', '0']).trim_end_matches('0');
    let count = significant.chars().filter(char::is_ascii_digit).count();
    count.div_ceil(2) + 1 + usize::from(number.starts_with('-'))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn sizes_are_what_the_guide_says() {
        assert_eq!(size(&json!({"pk": {"S": "あb"}})), 2 + 4);
        assert_eq!(size(&json!({"n": {"N": "12345"}})), 1 + 4);
        assert_eq!(size(&json!({"n": {"N": "-1200"}})), 1 + 3);
        assert_eq!(size(&json!({"b": {"B": "AAAA"}})), 1 + 3);
        assert_eq!(size(&json!({"l": {"L": []}})), 1 + 3);
        assert_eq!(
            size(&json!({"m": {"M": {"ja": {"S": "x"}}}, "t": {"BOOL": true}})),
            1 + 3 + 1 + 2 + 1 + 1 + 1
        );
    }

    #[test]
    fn a_transaction_pays_twice_for_every_kilobyte_begun() {
        let item = |bytes: usize| json!({"p": {"S": "x".repeat(bytes - 1)}});
        assert_eq!([1, 1024, 1025].map(|bytes| written_in_transaction(&item(bytes.max(2)))), [2.0, 2.0, 4.0]);
        assert_eq!([read(None), read(Some(&item(4096))), read(Some(&item(4097)))], [1.0, 1.0, 2.0]);
    }
}
