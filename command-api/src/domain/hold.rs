//! Holds and the stock they move: the one place where a reservation and counts change together.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use contracts::{Quantity, QuantityError, ReservationId, Sku};

use super::customer::{Customer, CustomerKey, Holds};
use super::master::Store;
use super::reservation::{self, Line, Reservation, Status};
use super::stock::{self, Changed, Stock, StockKey};
use super::{Refusal, Shortage};

/// The most lines of one reservation: more than a person tries on. With every stock and its shortfall, the customer's
/// counters, the reservation, its event and the idempotency record, at most 46 items in its transaction.
pub const MAX_LINES: usize = 20;

/// What is known when a hold is decided on.
pub trait Known {
    /// The count of a SKU in the store.
    fn stock(&self, key: &StockKey) -> Option<&Stock>;
    /// How many running holds a customer has.
    fn holds(&self, key: &CustomerKey) -> Holds;
}

/// A hold and all that changed with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moved {
    /// The hold after the move.
    pub reservation: Reservation,
    /// What happened to it.
    pub event: reservation::Event,
    /// Every count that moved with it.
    pub stocks: Vec<Changed>,
    /// The customer's running holds, after the move, where their number changed.
    pub customers: Vec<(CustomerKey, Holds)>,
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
    /// What is counted of them.
    pub customer_keys: Vec<CustomerKey>,
    /// Their account.
    pub customer_id: Option<String>,
    /// SHA-256, in hex, of the capability that they are given.
    pub capability_hash: Option<String>,
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
/// When the store's policy does not allow it, or a line asks for more than is available; the refusal names every such
/// line.
pub fn place(
    store: &Store,
    known: &impl Known,
    placing: Placing,
    now: DateTime<Utc>,
) -> Result<Moved, Refusal> {
    let customers: Vec<(CustomerKey, Holds)> =
        placing.customer_keys.iter().map(|key| (key.clone(), known.holds(key))).collect();
    check_policy(store, &placing.lines, &customers)?;
    let expires_at = store.deadline(now)?;

    let mut shortages = Vec::new();
    let mut stocks = Vec::with_capacity(placing.lines.len());
    for Line { sku, quantity } in &placing.lines {
        let key = StockKey { store_id: store.store_id.clone(), sku: sku.clone() };
        let current = known.stock(&key);
        let available = current.map_or(0, Stock::available);
        if available < quantity.get() {
            shortages.push(Shortage { sku: sku.clone(), requested: quantity.get(), available });
        }
        stocks.push(Changed::by(key, current, stock::Event::Held(*quantity), now));
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
        customer_keys: placing.customer_keys,
        customer_id: placing.customer_id,
        capability_hash: placing.capability_hash,
        placed_at: now,
        expires_at,
        extensions: 0,
    };
    let event = reservation::Event::Held(Box::new(reservation.clone()));
    let customers = customers.into_iter().map(|(key, holds)| (key, holds.more())).collect();
    Ok(Moved { reservation, event, stocks, customers })
}

fn check_policy(store: &Store, lines: &[Line], customers: &[(CustomerKey, Holds)]) -> Result<(), Refusal> {
    let policy = &store.hold_policy;
    if !policy.accepts_holds() {
        return Err(Refusal::HoldsNotAccepted(store.store_id.clone()));
    }
    let most = policy.max_pieces_per_line();
    if let Some(line) = lines.iter().find(|line| line.quantity > most) {
        return Err(Refusal::HoldTooLarge { sku: Some(line.sku.clone()), most: most.get() });
    }
    let pieces: u32 = lines.iter().map(|line| line.quantity.get()).sum();
    if pieces > policy.max_pieces() {
        return Err(Refusal::HoldTooLarge { sku: None, most: policy.max_pieces() });
    }
    match policy.max_active_holds() {
        Some(most) if customers.iter().any(|(_, holds)| holds.active >= most) => {
            Err(Refusal::CustomerLimit { most })
        }
        _ => Ok(()),
    }
}

/// Moves a hold that is there, and the counts with it.
///
/// # Errors
/// When the hold's state does not allow it, its time is over, or a count says that the pieces cannot be there.
pub fn advance(
    current: Reservation,
    known: &impl Known,
    command: reservation::Command,
    now: DateTime<Utc>,
) -> Result<Moved, Refusal> {
    let event = current.decide(command, now)?;
    let mut stocks = Vec::new();
    for Line { sku, quantity } in &current.lines {
        let moved = match event {
            reservation::Event::Held(_)
            | reservation::Event::MadeReady
            | reservation::Event::Anonymised
            | reservation::Event::Extended { .. } => break,
            reservation::Event::Collected => stock::Event::HandedOver(*quantity),
            reservation::Event::Cancelled | reservation::Event::Expired => stock::Event::Released(*quantity),
        };
        let key = StockKey { store_id: current.store_id.clone(), sku: sku.clone() };
        let stock = known
            .stock(&key)
            .ok_or_else(|| Refusal::UnknownStock { store_id: key.store_id.clone(), sku: sku.clone() })?;
        if event == reservation::Event::Collected && stock.on_hand.get() < quantity.get() {
            return Err(Refusal::StockShortfall { sku: sku.clone(), on_hand: stock.on_hand.get() });
        }
        stocks.push(Changed::by(key, Some(stock), moved, now));
    }
    let current_was_open = current.status.is_open();
    let reservation = current.evolve(&event);
    let ended = current_was_open && !reservation.status.is_open();
    let customers = if !ended {
        Vec::new()
    } else {
        reservation.customer_keys.iter().map(|key| (key.clone(), known.holds(key).fewer())).collect()
    };
    Ok(Moved { reservation, event, stocks, customers })
}
