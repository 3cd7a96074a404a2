//! Placing holds and moving them on.

use contracts::{ReservationId, Sku, StoreId};
use serde_json::json;

use super::events::Happened;
use super::run::Decision;
use super::{Answer, App, Context, Error};
use crate::domain::Refusal;
use crate::domain::hold::{self, Moved, Placing};
use crate::domain::reservation::{Command, Line};
use crate::domain::stock::StockKey;
use crate::store::{Key, Put};

impl App {
    /// Places a hold.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn place_hold(
        &self,
        context: &Context,
        store_id: StoreId,
        placing: Placing,
    ) -> Result<Answer, Error> {
        let mut keys = vec![Key::Store(store_id.clone())];
        // A SKU is read beside its count to tell one that nobody has from one that was never counted here.
        for Line { sku, .. } in &placing.lines {
            keys.extend([Key::Stock(stock_key(&store_id, sku)), Key::Sku(sku.clone())]);
        }
        self.run(context, keys, |state, now| {
            let store = state.store(&store_id).ok_or_else(|| Refusal::UnknownStore(store_id.clone()))?;
            if let Some(line) = placing.lines.iter().find(|line| state.owner(&line.sku).is_none()) {
                return Err(Refusal::UnknownSku(line.sku.clone()));
            }
            let stock_of = |sku: &Sku| state.stock(&stock_key(&store_id, sku));
            let moved = hold::place(store, stock_of, placing.clone(), now)?;
            let location = Some(format!("/v1/reservations/{}", placing.id));
            Ok(Decision { status: 201, location, ..decision(moved) })
        })
        .await
    }

    /// Moves a hold on.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn move_hold(
        &self,
        context: &Context,
        id: ReservationId,
        command: Command,
    ) -> Result<Answer, Error> {
        // What a hold keeps never changes, so its lines can be read ahead of what has to be read together.
        let known = self.tables.load(&[Key::Reservation(id)]).await?;
        let reservation = known.reservation(id).ok_or(Refusal::UnknownReservation(id))?;
        let stocks = reservation.lines.iter().map(|line| stock_key(&reservation.store_id, &line.sku));
        let keys = stocks.map(Key::Stock).chain([Key::Reservation(id)]).collect();
        self.run(context, keys, |state, now| {
            let current = state.reservation(id).ok_or(Refusal::UnknownReservation(id))?;
            let stock_of = |sku: &Sku| state.stock(&stock_key(&current.store_id, sku));
            hold::advance(current.clone(), stock_of, command.clone(), now).map(decision)
        })
        .await
    }
}

fn stock_key(store_id: &StoreId, sku: &Sku) -> StockKey {
    StockKey { store_id: store_id.clone(), sku: sku.clone() }
}

/// What is answered holds nothing of the customer: it is kept, and given to whoever repeats the request.
fn decision(moved: Moved) -> Decision {
    let happened = vec![Happened::reservation_moved(&moved)];
    let Moved { reservation, stocks, .. } = moved;
    let body = json!({
        "reservation_id": reservation.id,
        "store_id": reservation.store_id,
        "status": reservation.status,
        "version": reservation.version,
        "lines": reservation.lines,
        "placed_at": reservation.placed_at,
        "expires_at": reservation.expires_at,
    });
    let mut puts: Vec<Put> = stocks.into_iter().map(|(key, stock)| Put::Stock(key, stock)).collect();
    puts.push(Put::Reservation(reservation));
    Decision { puts, happened, status: 200, location: None, body }
}
