//! The form of every item, and the way from it to the domain and back.
//!
//! Times are microseconds since the epoch: they sort as numbers, and they are what the projection can hold.

use std::collections::HashMap;
use std::sync::Arc;

use aws_sdk_dynamodb::types::AttributeValue;
use chrono::serde::{ts_microseconds, ts_microseconds_option};
use chrono::{DateTime, Utc};
use contracts::{HoldPolicy, Level, OpeningHours, ProductCode, ReservationId, Sku, StoreId, Text, due};
use serde::{Deserialize, Serialize};

use super::{CommandId, Error, Key, Reply, State};
use crate::domain::customer::{Customer, CustomerKey, Holds};
use crate::domain::master::{Position, Product, SkuInfo, Store};
use crate::domain::reservation::{Line, Reservation, Status};
use crate::domain::stock::{Movement, Movements, Stock, StockKey};

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
        Key::Customer(key) => key.as_str().to_owned(),
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
    #[serde(default, with = "ts_microseconds_option", skip_serializing_if = "Option::is_none")]
    counted_at: Option<DateTime<Utc>>,
    /// The latest movements, flat and small: when, how many, when, how many, …
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    movements: Vec<i64>,
    #[serde(default, with = "ts_microseconds_option", skip_serializing_if = "Option::is_none")]
    forgotten_until: Option<DateTime<Utc>>,
}

#[derive(Serialize, Deserialize)]
struct ReservationItem {
    pk: ReservationId,
    version: u64,
    store_id: StoreId,
    status: Status,
    lines: Vec<Line>,
    customer: Customer,
    #[serde(default)]
    customer_keys: Vec<CustomerKey>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    customer_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    capability_hash: Option<String>,
    #[serde(with = "ts_microseconds")]
    placed_at: DateTime<Utc>,
    #[serde(with = "ts_microseconds")]
    expires_at: DateTime<Utc>,
    #[serde(default)]
    extensions: u32,
    /// While something is to be done about it: it is to end, or it has ended and is to forget whose it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    due_shard: Option<u8>,
}

#[derive(Serialize, Deserialize)]
struct CustomerItem {
    pk: CustomerKey,
    version: u64,
    active: u32,
    /// Only where nothing is counted: without it, the customer is as good as never seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ttl: Option<i64>,
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
    #[serde(default)]
    opening_hours: OpeningHours,
    #[serde(default)]
    hold_policy: HoldPolicy,
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
    #[serde(default, skip_serializing_if = "Option::is_none")]
    version: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    grants: Option<ReservationId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    token: Option<String>,
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
    let Stock { version, on_hand, held, safety, counted_at, movements } = stock.clone();
    let StockKey { store_id, sku } = key.clone();
    let Movements { recent, forgotten_until } = movements;
    let movements = recent.iter().flat_map(|Movement { at, delta }| [at.timestamp_micros(), (*delta).into()]);
    to_item(&StockItem {
        pk: key.to_string(),
        store_id,
        sku,
        version,
        on_hand,
        held,
        safety,
        counted_at,
        movements: movements.collect(),
        forgotten_until,
    })
}

fn stock_of(pk: &str, item: Item) -> Result<Stock, Error> {
    let StockItem { version, on_hand, held, safety, counted_at, movements, forgotten_until, .. } =
        read(pk, item)?;
    let recent = movements.chunks(2).map(|movement| {
        let &[at, delta] = movement else { return None };
        Some(Movement { at: DateTime::from_timestamp_micros(at)?, delta: delta.try_into().ok()? })
    });
    let recent = recent.collect::<Option<_>>().ok_or_else(|| Error::corrupt(pk, "movements"))?;
    Ok(Stock { version, on_hand, held, safety, counted_at, movements: Movements { recent, forgotten_until } })
}

pub(super) fn reservation(reservation: &Reservation) -> Result<Item, Error> {
    let Reservation {
        id,
        version,
        store_id,
        status,
        lines,
        customer,
        customer_keys,
        customer_id,
        capability_hash,
        placed_at,
        expires_at,
        extensions,
    } = reservation.clone();
    to_item(&ReservationItem {
        pk: id,
        version,
        store_id,
        status,
        lines,
        customer,
        customer_keys,
        customer_id,
        capability_hash,
        placed_at,
        expires_at,
        extensions,
        due_shard: due_shard(reservation),
    })
}

fn reservation_of(pk: &str, item: Item) -> Result<Reservation, Error> {
    let ReservationItem {
        pk: id,
        version,
        store_id,
        status,
        lines,
        customer,
        customer_keys,
        customer_id,
        capability_hash,
        placed_at,
        expires_at,
        extensions,
        due_shard: _,
    } = read(pk, item)?;
    Ok(Reservation {
        id,
        version,
        store_id,
        status,
        lines,
        customer,
        customer_keys,
        customer_id,
        capability_hash,
        placed_at,
        expires_at,
        extensions,
    })
}

/// The partition of the index that a hold is in: by the random end of its id, and by what is to be done about it.
fn due_shard(reservation: &Reservation) -> Option<u8> {
    let shard = reservation.id.last_byte() % due::SHARDS;
    match reservation.status.is_open() {
        true => Some(shard),
        false if reservation.is_anonymous() => None,
        false => Some(due::ENDED + shard),
    }
}

/// What is not counted any more may go at `ttl`. That is days after the last command that read it was answered, so no
/// write can take a version that begins anew for the one it read.
pub(super) fn customer(key: &CustomerKey, holds: Holds, ttl: i64) -> Result<Item, Error> {
    let Holds { version, active } = holds;
    to_item(&CustomerItem { pk: key.clone(), version, active, ttl: (active == 0).then_some(ttl) })
}

pub(super) fn store(store: &Store) -> Result<Item, Error> {
    let pk = partition_key(&Key::Store(store.store_id.clone()));
    let Store { store_id, version, name, address, position, time_zone, opening_hours, hold_policy } =
        store.clone();
    to_item(&StoreItem {
        pk,
        store_id,
        version,
        name,
        address,
        position,
        time_zone,
        opening_hours,
        hold_policy,
    })
}

fn store_of(pk: &str, item: Item) -> Result<Store, Error> {
    let StoreItem {
        store_id, version, name, address, position, time_zone, opening_hours, hold_policy, ..
    } = read(pk, item)?;
    Ok(Store { store_id, version, name, address, position, time_zone, opening_hours, hold_policy })
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
    let Reply { request_hash, status, location, version, grants, token, body } = reply.clone();
    let pk = id.0.clone();
    to_item(&ReplyItem {
        pk,
        request_hash,
        status,
        location,
        version,
        grants,
        token,
        body,
        answered_at: at,
        ttl,
    })
}

impl State {
    /// Takes in an item that was read under `key`.
    pub(super) fn insert(&mut self, key: &Key, item: Item) -> Result<(), Error> {
        let pk = partition_key(key);
        match key {
            Key::Reply(command) => {
                let ReplyItem { request_hash, status, location, version, grants, token, body, .. } =
                    read(&pk, item)?;
                let reply = Reply { request_hash, status, location, version, grants, token, body };
                self.replies.insert(command.clone(), reply);
            }
            Key::Stock(key) => {
                self.stocks.insert(key.clone(), stock_of(&pk, item)?);
            }
            Key::Reservation(id) => {
                self.reservations.insert(*id, reservation_of(&pk, item)?);
            }
            Key::Customer(key) => {
                let CustomerItem { version, active, .. } = read(&pk, item)?;
                self.customers.insert(key.clone(), Holds { version, active });
            }
            Key::Store(_) => {
                let store = store_of(&pk, item)?;
                self.stores.insert(store.store_id.clone(), Arc::new(store));
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
