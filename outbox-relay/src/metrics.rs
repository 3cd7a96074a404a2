//! What is measured of the relay. A label takes no value from a record.

use metrics::{Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram};

const BATCH: &str = "torioki_relay_batch_records";
const EVENTS: &str = "torioki_relay_events_total";
const RETRIES: &str = "torioki_relay_retries_total";
const LAG: &str = "torioki_relay_lag_seconds";
const QUARANTINED: &str = "torioki_relay_quarantined_records";
const TRIMMED: &str = "torioki_relay_trimmed_shards";
/// What becomes of a record.
const OUTCOMES: [&str; 3] = ["applied", "quarantined", "ignored"];

/// Says what the metrics are, and begins the counters, so that the first event is seen as a change.
pub fn init() {
    describe_histogram!(BATCH, Unit::Count, "Records of one transaction");
    describe_counter!(
        EVENTS,
        Unit::Count,
        "Records by what became of them; removals and duplicates are ignored"
    );
    describe_counter!(RETRIES, Unit::Count, "Times that reading or applying failed and was begun anew");
    describe_gauge!(LAG, Unit::Seconds, "How far the projection is behind its least shard's stream");
    describe_gauge!(
        TRIMMED,
        Unit::Count,
        "Shards of which the stream dropped records unread, not mended yet"
    );
    describe_gauge!(QUARANTINED, Unit::Count, "Records in quarantine");
    counter!(RETRIES).increment(0);
    for outcome in OUTCOMES {
        counter!(EVENTS, "outcome" => outcome).increment(0);
    }
}

/// A batch is committed: so many records, of which so many were applied and put aside.
pub(crate) fn committed(records: usize, applied: usize, quarantined: usize) {
    // Far below 2^52.
    histogram!(BATCH).record(records as f64);
    let counts = [applied, quarantined, records.saturating_sub(applied + quarantined)];
    for (outcome, count) in OUTCOMES.into_iter().zip(counts) {
        counter!(EVENTS, "outcome" => outcome).increment(count as u64);
    }
}

/// Reading or applying failed.
pub(crate) fn failed() {
    counter!(RETRIES).increment(1);
}

/// How far the projection is behind.
pub(crate) fn lag(seconds: f64) {
    gauge!(LAG).set(seconds);
}

/// How many records are in quarantine.
pub(crate) fn quarantined(records: u64) {
    gauge!(QUARANTINED).set(records as f64);
}

/// Of how many shards records are lost.
pub(crate) fn trimmed(shards: usize) {
    gauge!(TRIMMED).set(shards as f64);
}
