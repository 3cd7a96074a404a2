//! The write side's tables: strongly consistent reads, and one transaction for each group of commands.
//!
//! Owns the form of every item. It must never decide anything, and never write outside a transaction that also holds
//! the events and the idempotency record.

mod calls;
mod commit;
mod due;
mod error;
mod group;
mod items;
mod load;
mod ready;
mod seen;

use std::collections::HashMap;
use std::sync::Arc;

use aws_sdk_dynamodb::Client;
use chrono::{DateTime, Utc};
use contracts::{ProductCode, ReservationId, Sku, StoreId, Table, TablePrefix, events};

pub use calls::Calls;
pub use commit::{MAX_OUTBOX_DAYS, MIN_OUTBOX_DAYS, TTL_DAYS};
pub use error::{Error, Lost};
pub use group::{Group, MAX_ITEMS};
pub use load::MAX_KEYS;
pub use seen::Seen;

use crate::domain::customer::{CustomerKey, Holds};
use crate::domain::hold;
use crate::domain::master::{Product, Store};
use crate::domain::reservation::Reservation;
use crate::domain::stock::{Changed, Stock, StockKey};

/// The tables, under one prefix.
#[derive(Debug, Clone)]
pub struct Tables {
    client: Client,
    /// The same, where each call is one try.
    writer: Client,
    prefix: TablePrefix,
    outbox_days: i64,
}

/// Which item.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Key {
    /// What a command was answered.
    Reply(CommandId),
    /// A count.
    Stock(StockKey),
    /// A hold.
    Reservation(ReservationId),
    /// A store.
    Store(StoreId),
    /// A product.
    Product(ProductCode),
    /// Which product has a SKU.
    Sku(Sku),
    /// How many running holds a customer has.
    Customer(CustomerKey),
}

impl Key {
    /// The count, where it is one.
    #[must_use]
    pub fn as_stock(&self) -> Option<&StockKey> {
        match self {
            Self::Stock(key) => Some(key),
            _ => None,
        }
    }
}

/// Who sent a command under which `Idempotency-Key`, as a SHA-256 in hex.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct CommandId(pub String);

/// What was read. An item that is not there was not found.
#[derive(Debug, Clone, Default)]
pub struct State {
    replies: HashMap<CommandId, Reply>,
    stocks: HashMap<StockKey, Stock>,
    reservations: HashMap<ReservationId, Reservation>,
    stores: HashMap<StoreId, Arc<Store>>,
    products: HashMap<ProductCode, Product>,
    skus: HashMap<Sku, ProductCode>,
    customers: HashMap<CustomerKey, Holds>,
}

impl hold::Known for State {
    fn stock(&self, key: &StockKey) -> Option<&Stock> {
        self.stocks.get(key)
    }

    fn holds(&self, key: &CustomerKey) -> Holds {
        self.customers.get(key).copied().unwrap_or_default()
    }
}

impl State {
    /// What a command was answered, if it was carried out before.
    pub fn reply(&self, command: &CommandId) -> Option<&Reply> {
        self.replies.get(command)
    }

    /// A hold.
    pub fn reservation(&self, id: ReservationId) -> Option<&Reservation> {
        self.reservations.get(&id)
    }

    /// A store.
    pub fn store(&self, id: &StoreId) -> Option<&Store> {
        self.stores.get(id).map(Arc::as_ref)
    }

    /// A product.
    pub fn product(&self, code: &ProductCode) -> Option<&Product> {
        self.products.get(code)
    }

    /// The product that has the SKU.
    pub fn owner(&self, sku: &Sku) -> Option<&ProductCode> {
        self.skus.get(sku)
    }

    /// Whether nothing was found.
    pub fn is_empty(&self) -> bool {
        self.replies.is_empty()
            && self.stocks.is_empty()
            && self.reservations.is_empty()
            && self.stores.is_empty()
            && self.products.is_empty()
            && self.skus.is_empty()
            && self.customers.is_empty()
    }

    /// Takes over what was read later.
    pub fn merge(&mut self, newer: Self) {
        self.replies.extend(newer.replies);
        self.stocks.extend(newer.stocks);
        self.reservations.extend(newer.reservations);
        self.stores.extend(newer.stores);
        self.products.extend(newer.products);
        self.skus.extend(newer.skus);
        self.customers.extend(newer.customers);
    }

    /// Becomes what it is once these are written.
    pub fn absorb(&mut self, changes: &Changes) {
        self.replies.insert(changes.command.clone(), changes.reply.clone());
        for put in changes.puts.iter().cloned() {
            match put {
                Put::Stock(changed) => drop(self.stocks.insert(changed.key.clone(), changed.stock().clone())),
                Put::Reservation(hold) => drop(self.reservations.insert(hold.id, hold)),
                Put::Customer(key, holds) => drop(self.customers.insert(key, holds)),
                Put::Store(store) => drop(self.stores.insert(store.store_id.clone(), Arc::new(store))),
                Put::Product(product) => drop(self.products.insert(product.product_code.clone(), product)),
                Put::Sku(sku, product_code) => drop(self.skus.insert(sku, product_code)),
            }
        }
    }
}

/// One item as it is to be. An aggregate is written on top of its version before, a SKU's owner only once.
#[derive(Debug, Clone, PartialEq)]
pub enum Put {
    /// A count.
    Stock(Changed),
    /// A hold.
    Reservation(Reservation),
    /// How many running holds a customer has.
    Customer(CustomerKey, Holds),
    /// A store.
    Store(Store),
    /// A product.
    Product(Product),
    /// A SKU that no product has yet.
    Sku(Sku, ProductCode),
}

/// Everything that one command writes.
#[derive(Debug, Clone, PartialEq)]
pub struct Changes {
    /// Whose command it is.
    pub command: CommandId,
    /// When it was decided.
    pub at: DateTime<Utc>,
    /// The items it changes.
    pub puts: Vec<Put>,
    /// The events it publishes.
    pub events: Vec<events::Envelope>,
    /// What it is answered.
    pub reply: Reply,
}

/// What a command was answered, kept so that the same request is answered the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// SHA-256, in hex, of what was asked.
    pub request_hash: String,
    /// HTTP status.
    pub status: u16,
    /// Where the thing made is, if one was made.
    pub location: Option<String>,
    /// The version of what was changed.
    pub version: Option<u64>,
    /// The hold whose capability goes with the answer. The capability itself is made anew each time, and stored nowhere.
    pub grants: Option<ReservationId>,
    /// The consistency token of what it wrote, if it wrote anything.
    pub token: Option<String>,
    /// JSON.
    pub body: String,
}

impl Tables {
    /// The tables whose names start with `prefix`.
    #[must_use]
    pub fn new(client: Client, prefix: TablePrefix) -> Self {
        let writer = commit::writer(&client);
        Self { client, writer, prefix, outbox_days: commit::OUTBOX_DAYS }
    }

    /// The same tables, whose outbox rows are kept for so many days.
    #[must_use]
    pub fn keeping_events(self, outbox_days: i64) -> Self {
        Self { outbox_days, ..self }
    }

    fn name(&self, table: Table) -> String {
        self.prefix.name(table)
    }
}
