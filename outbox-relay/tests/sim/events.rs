//! What the command side would write: stocks that are counted, and reservations that move them; and a few rows that are
//! no events, or whose values no database takes.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, Utc};
use contracts::events::{self, Envelope, actor, envelope};
use contracts::outbox;
use prost::Message;
use serde_dynamo::{AttributeValue, Item};

use super::rng::Rng;
use crate::core::Change;

/// In a row that the model's database refuses, as MySQL refuses a value that is too long.
pub(super) const POISON: &str = "POISON";
/// Stocks that events are about: few, so that events meet.
const STOCKS: u64 = 4;

/// A row of the outbox, as it is written.
pub(super) struct Written {
    /// Its place among all that was written.
    pub order: usize,
    pub aggregate: String,
    pub version: u64,
    pub change: Change,
    /// It belongs into quarantine.
    pub bad: bool,
}

/// The write side.
#[derive(Default)]
pub(super) struct Writer {
    stocks: BTreeMap<u64, u64>,
    /// The version and the stock of those that can still move.
    reservations: BTreeMap<u64, (u64, u64)>,
    next_reservation: u64,
    written: usize,
}

impl Writer {
    /// What is written next.
    pub(super) fn next(&mut self, rng: &mut Rng, at: DateTime<Utc>) -> Written {
        self.written += 1;
        Written { order: self.written, ..self.any(rng, at) }
    }

    fn any(&mut self, rng: &mut Rng, at: DateTime<Utc>) -> Written {
        let stock = rng.below(STOCKS);
        match rng.below(20) {
            0..8 => self.counted(stock, at, ""),
            8 => self.counted(stock, at, POISON),
            9 => {
                let written = self.counted(stock, at, "");
                let Change::Inserted(image) = written.change else { unreachable!() };
                let mut row = HashMap::from(image);
                row.insert(outbox::ENVELOPE.to_owned(), AttributeValue::B(b"no protobuf".to_vec()));
                Written { change: Change::Inserted(Item::from(row)), bad: true, ..written }
            }
            10 => Written { change: Change::Removed, ..self.counted(stock, at, "") },
            11..16 => self.held(stock, at),
            _ => match self.reservations.keys().next().copied() {
                Some(id) => self.cancelled(id, at),
                None => self.held(stock, at),
            },
        }
    }

    fn stock(&mut self, n: u64) -> events::Stock {
        let version = self.stocks.entry(n).or_default();
        *version += 1;
        events::Stock {
            store_id: "hinata.s".into(),
            sku: format!("hinata.k{n}"),
            version: *version,
            on_hand: 1000 + u32::try_from(*version).unwrap(),
            held: 0,
            safety: 0,
        }
    }

    fn counted(&mut self, stock: u64, at: DateTime<Utc>, reason: &str) -> Written {
        let stock = self.stock(stock);
        let (aggregate, version) = (format!("stock#{}#{}", stock.store_id, stock.sku), stock.version);
        let event =
            envelope::Event::StockCounted(events::StockCounted { stock: Some(stock), ..Default::default() });
        written(aggregate, version, at, event, reason)
    }

    fn held(&mut self, stock: u64, at: DateTime<Utc>) -> Written {
        let id = self.next_reservation;
        self.next_reservation += 1;
        self.reservations.insert(id, (1, stock));
        let event = events::ReservationHeld {
            reservation: Some(reservation(id, stock, at, events::ReservationStatus::Held)),
            stocks: vec![self.stock(stock)],
        };
        written(reservation_key(id), 1, at, envelope::Event::ReservationHeld(event), "")
    }

    fn cancelled(&mut self, id: u64, at: DateTime<Utc>) -> Written {
        let (version, stock) = self.reservations.remove(&id).unwrap();
        let event = events::ReservationCancelled {
            reservation: Some(reservation(id, stock, at, events::ReservationStatus::Cancelled)),
            stocks: vec![self.stock(stock)],
        };
        written(reservation_key(id), version + 1, at, envelope::Event::ReservationCancelled(event), "")
    }
}

fn reservation_id(n: u64) -> String {
    uuid::Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0000 | u128::from(n)).to_string()
}

fn reservation_key(n: u64) -> String {
    format!("reservation#{}", reservation_id(n))
}

fn timestamp(at: DateTime<Utc>) -> prost_types::Timestamp {
    prost_types::Timestamp { seconds: at.timestamp(), nanos: 0 }
}

fn reservation(
    n: u64,
    stock: u64,
    at: DateTime<Utc>,
    status: events::ReservationStatus,
) -> events::Reservation {
    events::Reservation {
        reservation_id: reservation_id(n),
        store_id: "hinata.s".into(),
        status: status.into(),
        lines: vec![events::ReservationLine { sku: format!("hinata.k{stock}"), quantity: 1 }],
        customer: Some(events::Customer { name: "A".into(), ..Default::default() }),
        placed_at: Some(timestamp(at)),
        expires_at: Some(timestamp(at)),
        ..Default::default()
    }
}

fn written(
    aggregate: String,
    version: u64,
    at: DateTime<Utc>,
    event: envelope::Event,
    reason: &str,
) -> Written {
    let envelope = Envelope {
        event_id: uuid::Uuid::from_u128(u128::from(version)).to_string(),
        aggregate: aggregate.clone(),
        version,
        brand: "hinata".into(),
        occurred_at: Some(timestamp(at)),
        actor: Some(events::Actor { kind: actor::Kind::Guest.into(), id: String::new() }),
        reason: reason.into(),
        causation_id: "c".repeat(64),
        traceparent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".into(),
        event: Some(event),
    };
    let row = HashMap::from([
        (outbox::AGGREGATE.to_owned(), AttributeValue::S(aggregate.clone())),
        (outbox::VERSION.to_owned(), AttributeValue::N(version.to_string())),
        (outbox::ENVELOPE.to_owned(), AttributeValue::B(envelope.encode_to_vec())),
    ]);
    Written {
        order: 0,
        aggregate,
        version,
        change: Change::Inserted(Item::from(row)),
        bad: !reason.is_empty(),
    }
}
