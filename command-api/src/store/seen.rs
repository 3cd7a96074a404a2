//! Single items out of what was read or written, to be remembered.

use std::sync::Arc;

use contracts::ProductCode;

use super::{Key, State};
use crate::domain::customer::Holds;
use crate::domain::master::Store;
use crate::domain::stock::Stock;

/// An item that others may be decided on later.
#[derive(Debug, Clone)]
pub enum Seen {
    /// A count.
    Stock(Stock),
    /// How many running holds a customer has.
    Customer(Holds),
    /// A store.
    Store(Arc<Store>),
    /// Which product has a SKU.
    Sku(ProductCode),
}

impl State {
    /// What is there under the key; `None` where nothing was found, and for what nobody else is decided on.
    #[must_use]
    pub fn seen(&self, key: &Key) -> Option<Seen> {
        match key {
            Key::Stock(key) => self.stocks.get(key).cloned().map(Seen::Stock),
            Key::Customer(key) => self.customers.get(key).copied().map(Seen::Customer),
            Key::Store(id) => self.stores.get(id).cloned().map(Seen::Store),
            Key::Sku(sku) => self.skus.get(sku).cloned().map(Seen::Sku),
            Key::Reply(_) | Key::Reservation(_) | Key::Product(_) => None,
        }
    }

    /// Takes in what was seen under the key.
    pub fn see(&mut self, key: &Key, seen: &Seen) {
        match (key, seen) {
            (Key::Stock(key), Seen::Stock(stock)) => drop(self.stocks.insert(key.clone(), stock.clone())),
            (Key::Customer(key), Seen::Customer(holds)) => drop(self.customers.insert(key.clone(), *holds)),
            (Key::Store(id), Seen::Store(store)) => drop(self.stores.insert(id.clone(), store.clone())),
            (Key::Sku(sku), Seen::Sku(owner)) => drop(self.skus.insert(sku.clone(), owner.clone())),
            _ => {}
        }
    }
}
