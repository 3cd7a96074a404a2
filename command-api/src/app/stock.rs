//! Counting and adjusting stock.

use serde_json::json;

use super::events::Happened;
use super::run::Decision;
use super::{Answer, App, Context, Error};
use crate::domain::Refusal;
use crate::domain::stock::{Command, Event, Stock, StockKey};
use crate::store::{Key, Put};

impl App {
    /// Sets or moves a count. The first of a SKU in a store makes it, if both are known.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn change_stock(
        &self,
        context: &Context,
        key: StockKey,
        command: Command,
    ) -> Result<Answer, Error> {
        let status = if matches!(command, Command::Adjust { .. }) { 201 } else { 200 };
        let keys = vec![Key::Stock(key.clone()), Key::Store(key.store_id.clone()), Key::Sku(key.sku.clone())];
        self.run(context, keys, |state, _| {
            if state.store(&key.store_id).is_none() {
                return Err(Refusal::UnknownStore(key.store_id.clone()));
            }
            if state.owner(&key.sku).is_none() {
                return Err(Refusal::UnknownSku(key.sku.clone()));
            }
            let current = state.stock(&key);
            let event = Stock::decide(current, command.clone())?;
            let stock = Stock::evolve(current, &event);
            let happened = match event {
                Event::Adjusted { delta, reason } => Happened::stock_adjusted(&key, &stock, delta, reason),
                _ => Happened::stock_counted(&key, &stock),
            };
            Ok(Decision {
                happened: vec![happened],
                status,
                location: None,
                body: json!({
                    "store_id": key.store_id,
                    "sku": key.sku,
                    "version": stock.version,
                    "on_hand": stock.on_hand,
                    "held": stock.held,
                    "safety": stock.safety,
                    "available": stock.available(),
                }),
                puts: vec![Put::Stock(key.clone(), stock)],
            })
        })
        .await
    }
}
