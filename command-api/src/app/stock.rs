//! Counting and adjusting stock.

use serde_json::json;

use super::access::Action;
use super::events::Happened;
use super::member::Basis;
use super::out::StockOut;
use super::run::{Decision, Unseen};
use super::{Answer, App, Context, Error};
use crate::domain::Refusal;
use crate::domain::hold::Known;
use crate::domain::stock::{Changed, Command, Stock, StockKey};
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
        let (name, status) = match command {
            Command::Count { .. } => ("count_stock", 200),
            Command::Adjust { .. } => ("adjust_stock", 201),
        };
        self.observed(name, context, self.try_change_stock(context, key, command, status)).await
    }

    async fn try_change_stock(
        &self,
        context: &Context,
        key: StockKey,
        command: Command,
        status: u16,
    ) -> Result<Answer, Error> {
        let unknown_store = || Refusal::UnknownStore(key.store_id.clone());
        context.caller.may_in_store(Action::ChangeStock, &key.store_id).or_unseen(unknown_store)?;
        let keys = vec![Key::Stock(key.clone()), Key::Store(key.store_id.clone()), Key::Sku(key.sku.clone())];
        self.run(context, keys, Basis::Read, move |context, state, now| {
            let unknown_store = || Refusal::UnknownStore(key.store_id.clone());
            let store = state.store(&key.store_id).ok_or_else(unknown_store)?;
            if state.owner(&key.sku).is_none() {
                return Err(Refusal::UnknownSku(key.sku.clone()));
            }
            let current = state.stock(&key);
            context.check_version(current.map_or(0, |stock| stock.version))?;
            let event = Stock::decide(current, command.clone(), store.hold_policy.safety_stock())?;
            let changed = event.map(|event| Changed::by(key.clone(), current, event, now));
            let stock = changed.as_ref().map(Changed::stock).or(current).cloned().unwrap_or_default();
            Ok(Decision {
                status,
                location: None,
                version: Some(stock.version),
                grants: None,
                body: json!(StockOut::new(&key, &stock, changed.is_some())),
                happened: changed.iter().flat_map(Happened::stock_changed).collect(),
                puts: changed.map(Put::Stock).into_iter().collect(),
            })
        })
        .await
    }
}
