//! Holds and the stock they move: the one place where a reservation and counts change together.

use std::collections::BTreeMap;

use chrono::{DateTime, Duration, Utc};
use contracts::{Quantity, QuantityError, ReservationId, Sku};

use super::master::Store;
use super::reservation::{self, Customer, Line, Reservation, Status};
use super::stock::{self, Stock, StockKey};
use super::{Refusal, Shortage};

/// The most lines of one reservation: more than a person tries on, and 23 items at most in its transaction.
pub const MAX_LINES: usize = 20;

/// A hold and all that changed with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moved {
    /// The hold after the move.
    pub reservation: Reservation,
    /// What happened to it.
    pub event: reservation::Event,
    /// Every count that moved with it, after the move.
    pub stocks: Vec<(StockKey, Stock)>,
}

/// What a customer wants kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placing {
    /// The new reservation's id.
    pub id: ReservationId,
    /// What to keep; no SKU twice.
    pub lines: Vec<Line>,
    /// For whom.
    pub customer: Customer,
}

/// Lines with the same SKU as one, in the order of their SKUs. Two lines of one SKU must never be checked one by one:
/// each alone may fit where both together do not.
///
/// # Errors
/// When the sum of one SKU is above what a line may hold.
pub fn merge_lines(lines: impl IntoIterator<Item = Line>) -> Result<Vec<Line>, QuantityError> {
    let mut sums: BTreeMap<Sku, Quantity> = BTreeMap::new();
    for Line { sku, quantity } in lines {
        let sum = match sums.get(&sku) {
            Some(before) => before.plus(quantity)?,
            None => quantity,
        };
        sums.insert(sku, sum);
    }
    Ok(sums.into_iter().map(|(sku, quantity)| Line { sku, quantity }).collect())
}

/// Places a hold: every line, or nothing.
///
/// # Errors
/// When a line asks for more than is available; the refusal names every such line.
pub fn place<'a>(
    store: &Store,
    stock_of: impl Fn(&Sku) -> Option<&'a Stock>,
    placing: Placing,
    now: DateTime<Utc>,
) -> Result<Moved, Refusal> {
    let mut shortages = Vec::new();
    let mut stocks = Vec::with_capacity(placing.lines.len());
    for Line { sku, quantity } in &placing.lines {
        let current = stock_of(sku);
        let available = current.map_or(0, Stock::available);
        if available < quantity.get() {
            shortages.push(Shortage { sku: sku.clone(), requested: quantity.get(), available });
        }
        let key = StockKey { store_id: store.store_id.clone(), sku: sku.clone() };
        stocks.push((key, Stock::evolve(current, &stock::Event::Held(*quantity))));
    }
    if !shortages.is_empty() {
        return Err(Refusal::InsufficientStock(shortages));
    }
    let reservation = Reservation {
        id: placing.id,
        version: 1,
        store_id: store.store_id.clone(),
        status: Status::Held,
        lines: placing.lines,
        customer: placing.customer,
        placed_at: now,
        expires_at: now + Duration::minutes(store.hold_minutes.into()),
    };
    let event = reservation::Event::Held(Box::new(reservation.clone()));
    Ok(Moved { reservation, event, stocks })
}

/// Moves a hold that is there, and the counts with it.
///
/// # Errors
/// When the hold's state does not allow it, its time is over, or a count says that the pieces cannot be there.
pub fn advance<'a>(
    current: Reservation,
    stock_of: impl Fn(&Sku) -> Option<&'a Stock>,
    command: reservation::Command,
    now: DateTime<Utc>,
) -> Result<Moved, Refusal> {
    let event = current.decide(command, now)?;
    let mut stocks = Vec::new();
    for Line { sku, quantity } in &current.lines {
        let moved = match event {
            reservation::Event::Held(_) | reservation::Event::MadeReady => continue,
            reservation::Event::Collected => stock::Event::HandedOver(*quantity),
            reservation::Event::Cancelled { .. } => stock::Event::Released(*quantity),
        };
        let key = StockKey { store_id: current.store_id.clone(), sku: sku.clone() };
        let stock = stock_of(sku)
            .ok_or_else(|| Refusal::UnknownStock { store_id: key.store_id.clone(), sku: sku.clone() })?;
        if event == reservation::Event::Collected && stock.on_hand.get() < quantity.get() {
            return Err(Refusal::StockShortfall { sku: sku.clone(), on_hand: stock.on_hand.get() });
        }
        stocks.push((key, Stock::evolve(Some(stock), &moved)));
    }
    let reservation = current.evolve(&event);
    Ok(Moved { reservation, event, stocks })
}
