//! Kinesis Data Streams for DynamoDB: a change of a table, wrapped in a record of Kinesis.
//!
//! Knows the wrapping only. What is in it is read like a record of DynamoDB Streams, but for the unit of its time. The
//! stream must be the outbox's alone: what other tables send would all be put aside.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::Value;

/// Why there is no change of a table in a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Error {
    #[error("the Kinesis record's data is missing or no base64")]
    Data,
    #[error("the Kinesis record's data is no JSON")]
    Json,
}

/// The change of a table that a record wraps, as JSON.
///
/// # Errors
/// When there is none.
pub(crate) fn unwrap(record: &Value) -> Result<Value, Error> {
    let data = record["kinesis"]["data"].as_str().ok_or(Error::Data)?;
    let bytes = BASE64_STANDARD.decode(data).map_err(|_| Error::Data)?;
    serde_json::from_slice(&bytes).map_err(|_| Error::Json)
}

/// The record's place in its shard.
pub(crate) fn sequence_number(record: &Value) -> Option<&str> {
    record["kinesis"]["sequenceNumber"].as_str()
}

/// How many units of its time a change counts to the second: milliseconds, unless it says microseconds
/// (`ApproximateCreationDateTimePrecision`).
pub(crate) fn units_a_second(change: &Value) -> i64 {
    match change["dynamodb"]["ApproximateCreationDateTimePrecision"].as_str() {
        Some("MICROSECOND") => 1_000_000,
        _ => 1_000,
    }
}
