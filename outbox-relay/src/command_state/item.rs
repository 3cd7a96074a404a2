//! The form of the command side's items, as far as the projection is made from them.

use contracts::{HoldPolicy, OpeningHours, Text, events};
use serde::Deserialize;
use serde_dynamo::Item;

use super::partition_key;
use crate::core::State;

/// An item is not what the command side writes. What serde quotes of it may be a customer's name, so nothing is told of
/// it but the kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not in the form of a {0}")]
pub(crate) struct Unreadable(&'static str);

#[derive(Deserialize)]
struct Store {
    store_id: String,
    version: u64,
    name: Text,
    address: Option<Text>,
    position: Option<Position>,
    time_zone: String,
    #[serde(default)]
    opening_hours: OpeningHours,
    #[serde(default)]
    hold_policy: HoldPolicy,
}

#[derive(Deserialize)]
struct Position {
    latitude: f64,
    longitude: f64,
}

#[derive(Deserialize)]
struct Product {
    product_code: String,
    version: u64,
    name: Text,
    skus: Vec<Sku>,
}

#[derive(Deserialize)]
struct Sku {
    sku: String,
    colour: Option<Text>,
    size: Option<String>,
    gtin: Option<String>,
}

#[derive(Deserialize)]
struct Stock {
    store_id: String,
    sku: String,
    version: u64,
    on_hand: u32,
    held: u32,
    safety: u32,
}

#[derive(Deserialize)]
struct Reservation {
    pk: String,
    version: u64,
    store_id: String,
    status: Status,
    lines: Vec<Line>,
    customer: Customer,
    customer_id: Option<String>,
    capability_hash: Option<String>,
    placed_at: i64,
    expires_at: i64,
    #[serde(default)]
    extensions: u32,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Status {
    Held,
    Ready,
    Collected,
    Cancelled,
    Expired,
}

#[derive(Deserialize)]
struct Line {
    sku: String,
    quantity: u32,
}

#[derive(Deserialize)]
struct Customer {
    #[serde(default)]
    name: String,
    phone: Option<String>,
    email: Option<String>,
}

fn read<'a, T: Deserialize<'a>>(item: Item, kind: &'static str) -> Result<T, Unreadable> {
    serde_dynamo::from_item(item).map_err(|_| Unreadable(kind))
}

/// A store or a product with its version; `None` for what only says to which product a SKU belongs, as the product says
/// so itself.
pub(super) fn master(item: Item) -> Result<Option<(State, u64)>, Unreadable> {
    match partition_key(&item).split_once('#') {
        Some(("store", _)) => {
            let store: Store = read(item, "store")?;
            let version = store.version;
            Ok(Some((State::Store(store.into()), version)))
        }
        Some(("product", _)) => {
            let product: Product = read(item, "product")?;
            let version = product.version;
            Ok(Some((State::Product(product.into()), version)))
        }
        Some(("sku", _)) => Ok(None),
        _ => Err(Unreadable("store, product or SKU")),
    }
}

pub(super) fn stock(item: Item) -> Result<(State, u64), Unreadable> {
    let Stock { store_id, sku, version, on_hand, held, safety } = read(item, "stock")?;
    Ok((State::Stock(events::Stock { store_id, sku, version, on_hand, held, safety }), version))
}

pub(super) fn reservation(item: Item) -> Result<(State, u64), Unreadable> {
    let reservation: Reservation = read(item, "reservation")?;
    let version = reservation.version;
    Ok((State::Reservation(reservation.into()), version))
}

fn text(text: &Text) -> events::Text {
    let language = |text: Option<&str>| text.unwrap_or_default().to_owned();
    events::Text { ja: language(text.ja()), en: language(text.en()) }
}

impl From<Store> for events::Store {
    fn from(store: Store) -> Self {
        Self {
            store_id: store.store_id,
            name: Some(text(&store.name)),
            address: store.address.as_ref().map(text),
            latitude: store.position.as_ref().map(|position| position.latitude),
            longitude: store.position.as_ref().map(|position| position.longitude),
            time_zone: store.time_zone,
            hold_policy: Some((&store.hold_policy).into()),
            opening_hours: Some((&store.opening_hours).into()),
        }
    }
}

impl From<Product> for events::Product {
    fn from(product: Product) -> Self {
        let skus = product.skus.into_iter().map(|info| events::SkuInfo {
            sku: info.sku,
            colour: info.colour.as_ref().map(text),
            size: info.size.unwrap_or_default(),
            gtin: info.gtin.unwrap_or_default(),
        });
        Self { product_code: product.product_code, name: Some(text(&product.name)), skus: skus.collect() }
    }
}

impl From<Reservation> for events::Reservation {
    fn from(reservation: Reservation) -> Self {
        let status = match reservation.status {
            Status::Held => events::ReservationStatus::Held,
            Status::Ready => events::ReservationStatus::Ready,
            Status::Collected => events::ReservationStatus::Collected,
            Status::Cancelled => events::ReservationStatus::Cancelled,
            Status::Expired => events::ReservationStatus::Expired,
        };
        let lines = reservation.lines.into_iter();
        Self {
            reservation_id: reservation.pk,
            store_id: reservation.store_id,
            status: status.into(),
            lines: lines.map(|Line { sku, quantity }| events::ReservationLine { sku, quantity }).collect(),
            customer: Some(events::Customer {
                name: reservation.customer.name,
                phone: reservation.customer.phone.unwrap_or_default(),
                email: reservation.customer.email.unwrap_or_default(),
            }),
            placed_at: Some(timestamp(reservation.placed_at)),
            expires_at: Some(timestamp(reservation.expires_at)),
            extensions: reservation.extensions,
            customer_id: reservation.customer_id.unwrap_or_default(),
            capability_hash: reservation.capability_hash.unwrap_or_default(),
        }
    }
}

fn timestamp(micros: i64) -> prost_types::Timestamp {
    let nanos = i32::try_from(micros.rem_euclid(1_000_000) * 1_000).unwrap_or_default();
    prost_types::Timestamp { seconds: micros.div_euclid(1_000_000), nanos }
}
