//! The rows of events, for what the relay is measured against: read from the event by code of its own, written by the same
//! statements.

use anyhow::{Context, Result};
use chrono::{DateTime, Utc};
use contracts::events::envelope::Event;
use contracts::events::{Envelope, Reservation, ReservationStatus, Stock};
use contracts::{PickupCode, ReservationId};
use prost_types::Timestamp;
use sqlx::mysql::MySqlArguments;
use sqlx::query::Query;
use sqlx::{AssertSqlSafe, MySql};

/// A table of the projection.
#[derive(Debug)]
pub(super) struct Table {
    name: &'static str,
    /// Those of the key first, and the version last.
    columns: &'static [&'static str],
    key: usize,
}

/// What the events are written to.
pub(super) const TABLES: [Table; 4] = [
    Table {
        name: "stock",
        columns: &["store_id", "sku", "brand", "on_hand", "held", "safety", "updated_at", "version"],
        key: 2,
    },
    Table {
        name: "reservations",
        columns: &[
            "reservation_id",
            "pickup_code",
            "brand",
            "store_id",
            "status",
            "customer_name",
            "customer_phone",
            "phone_reversed",
            "customer_email",
            "customer_id",
            "capability_hash",
            "placed_at",
            "expires_at",
            "extensions",
            "updated_at",
            "version",
        ],
        key: 1,
    },
    Table {
        name: "reservation_lines",
        columns: &["reservation_id", "sku", "store_id", "brand", "running", "quantity", "version"],
        key: 2,
    },
    Table {
        name: "history",
        columns: &[
            "aggregate",
            "brand",
            "event_id",
            "event_type",
            "actor",
            "actor_id",
            "reason",
            "causation_id",
            "traceparent",
            "occurred_at",
            "version",
        ],
        key: 1,
    },
];
/// Where they stand in [`TABLES`].
pub(super) const STOCK: usize = 0;
const RESERVATIONS: usize = 1;
const LINES: usize = 2;
const HISTORY: usize = 3;

/// What stands in a column.
#[derive(Debug, Clone)]
pub(super) enum Value {
    Text(String),
    Number(u64),
    Time(DateTime<Utc>),
    Nothing,
}

/// A row, in the order of the table's columns.
pub(super) type Row = Vec<Value>;

impl Table {
    /// Writes so many rows where their version is higher than what is there.
    pub(super) fn upsert(&self, rows: usize) -> String {
        let marks = format!("({})", vec!["?"; self.columns.len()].join(", "));
        let (name, columns) = (self.name, self.columns.join(", "));
        let guarded = self.columns.iter().skip(self.key).take(self.columns.len() - self.key - 1);
        let guarded = guarded.map(|column| {
            format!("{column} = IF(VALUES(version) > {name}.version, VALUES({column}), {name}.{column}), ")
        });
        format!(
            "INSERT INTO {name} ({columns}) VALUES {} ON DUPLICATE KEY UPDATE {}\
             version = GREATEST({name}.version, VALUES(version))",
            vec![marks; rows].join(", "),
            guarded.collect::<String>()
        )
    }
}

/// A prepared statement with these values.
pub(super) fn bound<'q>(
    sql: String,
    values: impl Iterator<Item = &'q Value>,
) -> Query<'q, MySql, MySqlArguments> {
    values.fold(sqlx::query(AssertSqlSafe(sql)), |query, value| match value {
        Value::Text(text) => query.bind(text),
        Value::Number(number) => query.bind(*number),
        Value::Time(time) => query.bind(*time),
        Value::Nothing => query.bind(None::<&str>),
    })
}

/// The rows of an event, each with the place of its table in [`TABLES`].
pub(super) fn of(envelope: &Envelope) -> Result<Vec<(usize, Row)>> {
    let event = envelope.event.as_ref().context("an envelope without an event")?;
    let mut rows = vec![(HISTORY, history(envelope, event)?)];
    match event {
        Event::StockCounted(counted) => rows.extend(stocks(envelope, counted.stock.as_slice())?),
        Event::ReservationHeld(held) => {
            rows.extend(reservation(envelope, held.reservation.as_ref())?);
            rows.extend(stocks(envelope, &held.stocks)?);
        }
        Event::ReservationCollected(collected) => {
            rows.extend(reservation(envelope, collected.reservation.as_ref())?);
            rows.extend(stocks(envelope, &collected.stocks)?);
        }
        Event::ReservationMadeReady(ready) => {
            rows.extend(reservation(envelope, ready.reservation.as_ref())?);
        }
        other => anyhow::bail!("the backlog has no {}", contracts::event_type(other)),
    }
    Ok(rows)
}

fn history(envelope: &Envelope, event: &Event) -> Result<Row> {
    Ok(vec![
        text(&envelope.aggregate),
        text(&envelope.brand),
        text(&envelope.event_id),
        text(contracts::event_type(event)),
        text("staff"),
        text(&envelope.actor.as_ref().context("no actor")?.id),
        Value::Nothing,
        text(&envelope.causation_id),
        text(&envelope.traceparent),
        time(envelope.occurred_at.as_ref())?,
        Value::Number(envelope.version),
    ])
}

fn stocks(envelope: &Envelope, stocks: &[Stock]) -> Result<Vec<(usize, Row)>> {
    let at = time(envelope.occurred_at.as_ref())?;
    let row = |stock: &Stock| {
        vec![
            text(&stock.store_id),
            text(&stock.sku),
            text(&envelope.brand),
            Value::Number(stock.on_hand.into()),
            Value::Number(stock.held.into()),
            Value::Number(stock.safety.into()),
            at.clone(),
            Value::Number(stock.version),
        ]
    };
    Ok(stocks.iter().map(|stock| (STOCK, row(stock))).collect())
}

fn reservation(envelope: &Envelope, reservation: Option<&Reservation>) -> Result<Vec<(usize, Row)>> {
    let reservation = reservation.context("no reservation")?;
    let customer = reservation.customer.as_ref().context("no customer")?;
    let status = match reservation.status() {
        ReservationStatus::Held => "held",
        ReservationStatus::Ready => "ready",
        _ => "collected",
    };
    let id: ReservationId = reservation.reservation_id.parse().context("no id of a reservation")?;
    let row = vec![
        text(&reservation.reservation_id),
        text(&PickupCode::from(id).to_string()),
        text(&envelope.brand),
        text(&reservation.store_id),
        text(status),
        text(&customer.name),
        text(&customer.phone),
        text(&customer.phone.chars().rev().filter(char::is_ascii_digit).collect::<String>()),
        Value::Nothing,
        Value::Nothing,
        text(&reservation.capability_hash),
        time(reservation.placed_at.as_ref())?,
        time(reservation.expires_at.as_ref())?,
        Value::Number(reservation.extensions.into()),
        time(envelope.occurred_at.as_ref())?,
        Value::Number(envelope.version),
    ];
    let lines = reservation.lines.iter().map(|line| {
        vec![
            text(&reservation.reservation_id),
            text(&line.sku),
            text(&reservation.store_id),
            text(&envelope.brand),
            Value::Number(u64::from(status != "collected")),
            Value::Number(line.quantity.into()),
            Value::Number(envelope.version),
        ]
    });
    Ok(std::iter::once((RESERVATIONS, row)).chain(lines.map(|line| (LINES, line))).collect())
}

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

fn time(timestamp: Option<&Timestamp>) -> Result<Value> {
    let time = timestamp.and_then(|timestamp| DateTime::from_timestamp(timestamp.seconds, 0));
    Ok(Value::Time(time.context("no time")?))
}
