//! The form of every item, and the way from it to the domain and back.
//!
//! Times are microseconds since the epoch: they sort as numbers, and they are what the projection can hold.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use chrono::serde::ts_microseconds;
use chrono::{DateTime, Utc};
use contracts::{Level, ProductCode, ReservationId, Sku, StoreId, Text};
use serde::{Deserialize, Serialize};

use super::{CommandId, Error, Key, Reply, State};
use crate::domain::master::{Position, Product, SkuInfo, Store};
use crate::domain::reservation::{Customer, Line, Reservation, Status};
use crate::domain::stock::{Stock, StockKey};

/// An item as the SDK has it.
pub(super) type Item = HashMap<String, AttributeValue>;

/// Partition key of every table.
pub(super) const PK: &str = "pk";
/// Version of an aggregate.
pub(super) const VERSION: &str = "version";

/// A key that a write conditions on, or a read asks for.
pub(super) fn partition_key(key: &Key) -> String {
    match key {
        Key::Reply(CommandId(id)) => id.clone(),
        Key::Stock(key) => key.to_string(),
        Key::Reservation(id) => id.to_string(),
        Key::Store(id) => format!("store#{id}"),
        Key::Product(code) => format!("product#{code}"),
        Key::Sku(sku) => format!("sku#{sku}"),
    }
}

#[derive(Serialize, Deserialize)]
struct StockItem {
    pk: String,
    store_id: StoreId,
    sku: Sku,
    version: u64,
    on_hand: Level,
    held: Level,
    safety: Level,
}

#[derive(Serialize, Deserialize)]
struct ReservationItem {
    pk: ReservationId,
    version: u64,
    store_id: StoreId,
    status: Status,
    lines: Vec<Line>,
    customer: Customer,
    #[serde(with = "ts_microseconds")]
    placed_at: DateTime<Utc>,
    #[serde(with = "ts_microseconds")]
    expires_at: DateTime<Utc>,
}

#[derive(Serialize, Deserialize)]
struct StoreItem {
    pk: String,
    store_id: StoreId,
    version: u64,
    name: Text,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    address: Option<Text>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    position: Option<Position>,
    time_zone: chrono_tz::Tz,
    hold_minutes: u32,
}

#[derive(Serialize, Deserialize)]
struct ProductItem {
    pk: String,
    product_code: ProductCode,
    version: u64,
    name: Text,
    skus: Vec<SkuInfo>,
}

#[derive(Serialize, Deserialize)]
struct SkuItem {
    pk: String,
    sku: Sku,
    product_code: ProductCode,
}

#[derive(Serialize, Deserialize)]
struct ReplyItem {
    pk: String,
    request_hash: String,
    status: u16,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    location: Option<String>,
    body: String,
    #[serde(with = "ts_microseconds")]
    answered_at: DateTime<Utc>,
    /// Seconds since the epoch, as DynamoDB wants it.
    ttl: i64,
}

fn to_item(item: &impl Serialize) -> Result<Item, Error> {
    serde_dynamo::aws_sdk_dynamodb_1::to_item(item).map_err(|cause| Error::corrupt("an item to write", cause))
}

fn read<'a, T: Deserialize<'a>>(pk: &str, item: Item) -> Result<T, Error> {
    serde_dynamo::aws_sdk_dynamodb_1::from_item(item).map_err(|cause| Error::corrupt(pk, cause))
}

pub(super) fn stock(key: &StockKey, stock: &Stock) -> Result<Item, Error> {
    let Stock { version, on_hand, held, safety } = stock.clone();
    let StockKey { store_id, sku } = key.clone();
    to_item(&StockItem { pk: key.to_string(), store_id, sku, version, on_hand, held, safety })
}

pub(super) fn reservation(reservation: &Reservation) -> Result<Item, Error> {
    let Reservation { id, version, store_id, status, lines, customer, placed_at, expires_at } =
        reservation.clone();
    to_item(&ReservationItem { pk: id, version, store_id, status, lines, customer, placed_at, expires_at })
}

pub(super) fn store(store: &Store) -> Result<Item, Error> {
    let pk = partition_key(&Key::Store(store.store_id.clone()));
    let Store { store_id, version, name, address, position, time_zone, hold_minutes } = store.clone();
    to_item(&StoreItem { pk, store_id, version, name, address, position, time_zone, hold_minutes })
}

pub(super) fn product(product: &Product) -> Result<Item, Error> {
    let pk = partition_key(&Key::Product(product.product_code.clone()));
    let Product { product_code, version, name, skus } = product.clone();
    to_item(&ProductItem { pk, product_code, version, name, skus })
}

pub(super) fn sku(sku: &Sku, product_code: &ProductCode) -> Result<Item, Error> {
    let pk = partition_key(&Key::Sku(sku.clone()));
    to_item(&SkuItem { pk, sku: sku.clone(), product_code: product_code.clone() })
}

pub(super) fn reply(id: &CommandId, reply: &Reply, at: DateTime<Utc>, ttl: i64) -> Result<Item, Error> {
    let Reply { request_hash, status, location, body } = reply.clone();
    to_item(&ReplyItem { pk: id.0.clone(), request_hash, status, location, body, answered_at: at, ttl })
}

impl State {
    /// Takes in an item that was read under `key`.
    pub(super) fn insert(&mut self, key: &Key, item: Item) -> Result<(), Error> {
        let pk = partition_key(key);
        match key {
            Key::Reply(_) => {
                let ReplyItem { request_hash, status, location, body, .. } = read(&pk, item)?;
                self.reply = Some(Reply { request_hash, status, location, body });
            }
            Key::Stock(key) => {
                let StockItem { version, on_hand, held, safety, .. } = read(&pk, item)?;
                self.stocks.insert(key.clone(), Stock { version, on_hand, held, safety });
            }
            Key::Reservation(id) => {
                let ReservationItem {
                    version, store_id, status, lines, customer, placed_at, expires_at, ..
                } = read(&pk, item)?;
                let id = *id;
                let reservation =
                    Reservation { id, version, store_id, status, lines, customer, placed_at, expires_at };
                self.reservations.insert(id, reservation);
            }
            Key::Store(_) => {
                let StoreItem { store_id, version, name, address, position, time_zone, hold_minutes, .. } =
                    read(&pk, item)?;
                let store = Store { store_id, version, name, address, position, time_zone, hold_minutes };
                self.stores.insert(store.store_id.clone(), store);
            }
            Key::Product(_) => {
                let ProductItem { product_code, version, name, skus, .. } = read(&pk, item)?;
                self.products.insert(product_code.clone(), Product { product_code, version, name, skus });
            }
            Key::Sku(_) => {
                let SkuItem { sku, product_code, .. } = read(&pk, item)?;
                self.skus.insert(sku, product_code);
            }
        }
        Ok(())
    }
}
