//! What is measured of the relay. A label takes no value from a record.

use metrics::{Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram};

const BATCH: &str = "torioki_relay_batch_records";
const EVENTS: &str = "torioki_relay_events_total";
const READS: &str = "torioki_relay_reads_total";
const RETRIES: &str = "torioki_relay_retries_total";
const LAG: &str = "torioki_relay_lag_seconds";
const QUARANTINED: &str = "torioki_relay_quarantined_records";
const TRIMMED: &str = "torioki_relay_trimmed_shards";
const SENT: &str = "torioki_publish_events_total";
const WAITING: &str = "torioki_publish_waiting_events";
const UNDELIVERED: &str = "torioki_publish_undelivered_events";
const PUBLISH_LAG: &str = "torioki_publish_lag_seconds";
const PUBLISH_TRIMMED: &str = "torioki_publish_trimmed_shards";
/// What becomes of a record.
const OUTCOMES: [&str; 3] = ["applied", "quarantined", "ignored"];

/// What becomes of an event that is sent, each time.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Sent {
    Delivered,
    Refused,
    Failed,
    PutAside,
}

impl Sent {
    const ALL: [Self; 4] = [Self::Delivered, Self::Refused, Self::Failed, Self::PutAside];

    fn label(self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::Refused => "refused",
            Self::Failed => "failed",
            Self::PutAside => "put_aside",
        }
    }
}

/// Says what the metrics of `poll` are, and begins the counters, so that the first event is seen as a change.
pub fn init() {
    describe_histogram!(BATCH, Unit::Count, "Records of one transaction");
    describe_counter!(
        EVENTS,
        Unit::Count,
        "Records by what became of them; removals and duplicates are ignored"
    );
    describe_counter!(READS, Unit::Count, "Pages that the stream was asked for");
    describe_counter!(RETRIES, Unit::Count, "Times that reading or applying failed and was begun anew");
    describe_gauge!(LAG, Unit::Seconds, "How far the projection is behind its least shard's stream");
    describe_gauge!(
        TRIMMED,
        Unit::Count,
        "Shards of which the stream dropped records unread, not mended yet"
    );
    describe_gauge!(QUARANTINED, Unit::Count, "Records in quarantine");
    counter!(READS).increment(0);
    counter!(RETRIES).increment(0);
    for outcome in OUTCOMES {
        counter!(EVENTS, "outcome" => outcome).increment(0);
    }
}

/// The same of `publish`.
pub fn init_publish() {
    describe_counter!(READS, Unit::Count, "Pages that the stream was asked for");
    describe_counter!(RETRIES, Unit::Count, "Times that reading the stream failed and was begun anew");
    describe_counter!(
        SENT,
        Unit::Count,
        "Events by what the target did with them, each time, and those put aside"
    );
    describe_gauge!(WAITING, Unit::Count, "Events that were read and that the target does not have yet");
    describe_gauge!(UNDELIVERED, Unit::Count, "Events in `undelivered`");
    describe_gauge!(PUBLISH_LAG, Unit::Seconds, "How far the target is behind its least shard's stream");
    describe_gauge!(PUBLISH_TRIMMED, Unit::Count, "Shards of which the stream dropped records untold");
    counter!(READS).increment(0);
    counter!(RETRIES).increment(0);
    for outcome in Sent::ALL {
        counter!(SENT, "outcome" => outcome.label()).increment(0);
    }
}

/// Something became of an event.
pub(crate) fn sent(outcome: Sent) {
    counter!(SENT, "outcome" => outcome.label()).increment(1);
}

/// How many events wait for the target.
pub(crate) fn waiting(events: usize) {
    gauge!(WAITING).set(events as f64);
}

/// How far a target is.
pub(crate) fn published(lag_seconds: f64, undelivered: u64, trimmed: usize) {
    gauge!(PUBLISH_LAG).set(lag_seconds);
    gauge!(UNDELIVERED).set(undelivered as f64);
    gauge!(PUBLISH_TRIMMED).set(trimmed as f64);
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

/// The stream is asked for a page.
pub(crate) fn read() {
    counter!(READS).increment(1);
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
