//! A backlog of events, as the command API would have written them.

use std::collections::{HashMap, VecDeque};

use anyhow::{Result, ensure};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::{AttributeValue, PutRequest, WriteRequest};
use contracts::events::{self, Actor, Envelope, ReservationStatus, actor, envelope};
use contracts::outbox;
use futures::{StreamExt, TryStreamExt, stream};
use prost::Message;
use prost_types::Timestamp;

use super::super::shape::{BRAND, reservation, sku, store};
use crate::fill::Progress;

/// Counts that events are about: so many that few are met twice in what a relay takes at once, as it is in a chain.
const COUNTS: u64 = 20_000;
/// Shops that have them.
const STORES: u64 = 200;
/// Items of one `BatchWriteItem` (DynamoDB's own limit).
const BATCH: usize = 25;
/// Batches that are under way at once: the next ones are made while the engine writes.
const AT_ONCE: usize = 4;
/// When all of it happened, in seconds since 1970.
const AT: i64 = 1_790_000_000;

/// Events without an end, always the same: of five, two place a hold, one makes the oldest ready, one hands that over, and
/// one counts.
#[derive(Default)]
pub(super) struct Events {
    written: u64,
    holds: u64,
    /// The version of each count.
    versions: HashMap<u64, u64>,
    /// Holds that are not ready.
    waiting: VecDeque<u64>,
}

impl Iterator for Events {
    type Item = Envelope;

    fn next(&mut self) -> Option<Envelope> {
        self.written += 1;
        Some(match (self.written % 5, self.waiting.front().copied()) {
            (2, Some(hold)) => {
                let reservation = Some(held(hold, ReservationStatus::Ready));
                let event = events::ReservationMadeReady { reservation };
                self.envelope(aggregate(hold), 2, envelope::Event::ReservationMadeReady(event))
            }
            (3, Some(hold)) => {
                self.waiting.pop_front();
                let reservation = Some(held(hold, ReservationStatus::Collected));
                let event =
                    events::ReservationCollected { reservation, stocks: vec![self.stock(count_of(hold))] };
                self.envelope(aggregate(hold), 3, envelope::Event::ReservationCollected(event))
            }
            (4, _) => {
                let stock = self.stock(count_of(self.written));
                let (aggregate, version) = (format!("stock#{}#{}", stock.store_id, stock.sku), stock.version);
                let event = events::StockCounted { stock: Some(stock), ..Default::default() };
                self.envelope(aggregate, version, envelope::Event::StockCounted(event))
            }
            _ => {
                let hold = self.holds;
                self.holds += 1;
                self.waiting.push_back(hold);
                let reservation = Some(held(hold, ReservationStatus::Held));
                let event = events::ReservationHeld { reservation, stocks: vec![self.stock(count_of(hold))] };
                self.envelope(aggregate(hold), 1, envelope::Event::ReservationHeld(event))
            }
        })
    }
}

impl Events {
    fn stock(&mut self, count: u64) -> events::Stock {
        let version = self.versions.entry(count).or_default();
        *version += 1;
        let (store_id, sku) = place(count);
        events::Stock { store_id, sku, version: *version, on_hand: 1_000, held: 7, safety: 1 }
    }

    fn envelope(&self, aggregate: String, version: u64, event: envelope::Event) -> Envelope {
        Envelope {
            event_id: reservation(self.written),
            aggregate,
            version,
            brand: BRAND.to_owned(),
            occurred_at: timestamp(0),
            actor: Some(Actor { kind: actor::Kind::Staff.into(), id: "staff-17".to_owned() }),
            causation_id: format!("{:064x}", self.written),
            traceparent: format!("00-{:032x}-00f067aa0ba902b7-01", self.written),
            reason: String::new(),
            event: Some(event),
        }
    }
}

/// The count that a number leads to.
fn count_of(number: u64) -> u64 {
    number * 7_919 % COUNTS
}

fn place(count: u64) -> (String, String) {
    (store(count % STORES), sku(count / STORES))
}

fn aggregate(hold: u64) -> String {
    format!("reservation#{}", reservation(hold))
}

fn held(hold: u64, status: ReservationStatus) -> events::Reservation {
    let (store_id, sku) = place(count_of(hold));
    events::Reservation {
        reservation_id: reservation(hold),
        store_id,
        status: status.into(),
        lines: vec![events::ReservationLine { sku, quantity: 1 }],
        customer: Some(events::Customer {
            name: "山田 花子".to_owned(),
            phone: format!("+8190{:08}", hold % 100_000_000),
            email: String::new(),
        }),
        placed_at: timestamp(0),
        expires_at: timestamp(86_400),
        extensions: 0,
        customer_id: String::new(),
        capability_hash: format!("{hold:064x}"),
    }
}

fn timestamp(after: i64) -> Option<Timestamp> {
    Some(Timestamp { seconds: AT + after, nanos: 0 })
}

/// Writes the first so many events into an outbox.
///
/// # Errors
/// When the engine does not take them.
pub(super) async fn write(client: &Client, table: &str, events: usize) -> Result<()> {
    let progress = Progress::new("outbox", events);
    let batches = stream::iter(Events::default().take(events)).chunks(BATCH).map(|batch| async move {
        let (rows, count) = (batch.iter().map(row).collect::<Result<_>>()?, batch.len());
        let written = client.batch_write_item().request_items(table, rows).send().await?;
        ensure!(written.unprocessed_items.is_none_or(|left| left.is_empty()), "the engine left rows out");
        Ok(count)
    });
    // In their order: the stream is to have each aggregate's events as they happened.
    let mut written = batches.buffered(AT_ONCE);
    let mut done = 0;
    while let Some(count) = written.try_next().await? {
        done += count;
        progress.set(done);
    }
    Ok(())
}

/// The row of an event.
fn row(event: &Envelope) -> Result<WriteRequest> {
    let number = |number: String| AttributeValue::N(number);
    let event_type = event.event.as_ref().map_or("unknown", contracts::event_type);
    let put = PutRequest::builder()
        .item(outbox::AGGREGATE, AttributeValue::S(event.aggregate.clone()))
        .item(outbox::VERSION, number(event.version.to_string()))
        .item(outbox::EVENT_TYPE, AttributeValue::S(event_type.to_owned()))
        .item(outbox::ENVELOPE, AttributeValue::B(Blob::new(event.encode_to_vec())))
        .item(outbox::SCHEMA, number(outbox::SCHEMA_VERSION.to_string()))
        .item(outbox::TTL, number((AT + 7 * 86_400).to_string()));
    Ok(WriteRequest::builder().put_request(put.build()?).build())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn versions_have_no_gaps_and_every_kind_is_there() {
        let mut versions: BTreeMap<String, Vec<u64>> = BTreeMap::new();
        let mut kinds: BTreeMap<&str, u32> = BTreeMap::new();
        for event in Events::default().take(50_000) {
            let kind = event.event.as_ref().unwrap();
            *kinds.entry(contracts::event_type(kind)).or_default() += 1;
            let stocks = match kind {
                envelope::Event::ReservationHeld(held) => held.stocks.clone(),
                envelope::Event::ReservationCollected(collected) => collected.stocks.clone(),
                envelope::Event::StockCounted(counted) => counted.stock.iter().cloned().collect(),
                _ => Vec::new(),
            };
            for stock in stocks {
                let count = format!("stock#{}#{}", stock.store_id, stock.sku);
                versions.entry(count).or_default().push(stock.version);
            }
            if event.aggregate.starts_with("reservation#") {
                versions.entry(event.aggregate).or_default().push(event.version);
            }
        }
        assert!(versions.values().all(|versions| versions.iter().copied().eq(1..=versions.len() as u64)));
        assert_eq!(
            kinds.values().copied().collect::<Vec<_>>(),
            [10_000, 20_000, 10_000, 10_000],
            "{kinds:?}"
        );
    }
}
