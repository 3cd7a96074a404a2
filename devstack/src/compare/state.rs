//! What either side holds, in one form, so that they can be laid side by side.

use std::collections::BTreeMap;

use serde_json::Value;

/// The aggregates, by key, as one side has them.
#[derive(Debug, Clone, Default)]
pub(super) struct State {
    /// By `store#sku`.
    pub(super) stock: BTreeMap<String, Stock>,
    pub(super) reservations: BTreeMap<String, Reservation>,
    pub(super) stores: BTreeMap<String, Store>,
    pub(super) products: BTreeMap<String, Product>,
    pub(super) skus: BTreeMap<String, Sku>,
}

/// The write side.
#[derive(Debug, Clone, Default)]
pub(super) struct Command {
    pub(super) state: State,
    /// Which product each SKU was promised to.
    pub(super) owners: BTreeMap<String, String>,
    /// How many running holds each customer has.
    pub(super) active_holds: BTreeMap<String, u64>,
    /// What each running hold counts for.
    pub(super) customer_keys: Vec<String>,
    pub(super) outbox: Vec<OutboxRow>,
}

/// The read side.
#[derive(Debug, Clone, Default)]
pub(super) struct Projection {
    pub(super) state: State,
    /// Ids of reservations that are not there, but have lines.
    pub(super) stray_lines: Vec<String>,
    /// By aggregate and version.
    pub(super) history: BTreeMap<(String, u64), HistoryRow>,
}

#[derive(Debug, Clone)]
pub(super) struct Stock {
    pub(super) brand: String,
    pub(super) version: u64,
    pub(super) on_hand: i64,
    pub(super) held: i64,
    pub(super) safety: i64,
    pub(super) available: i64,
}

#[derive(Debug, Clone)]
pub(super) struct Reservation {
    pub(super) brand: String,
    pub(super) version: u64,
    pub(super) status: String,
    pub(super) store_id: String,
    /// Pieces by SKU.
    pub(super) lines: BTreeMap<String, i64>,
    pub(super) customer: Customer,
    /// Microseconds since the epoch.
    pub(super) placed_at: i64,
    /// Microseconds since the epoch.
    pub(super) expires_at: i64,
    pub(super) extensions: i64,
    pub(super) customer_id: Option<String>,
    pub(super) capability_hash: Option<String>,
}

#[derive(Debug, Clone)]
pub(super) struct Customer {
    pub(super) name: String,
    pub(super) phone: Option<String>,
    pub(super) email: Option<String>,
}

#[derive(Debug, Clone, Default)]
pub(super) struct Text {
    pub(super) ja: Option<String>,
    pub(super) en: Option<String>,
}

#[derive(Debug, Clone)]
pub(super) struct Store {
    pub(super) brand: String,
    pub(super) version: u64,
    pub(super) name: Text,
    pub(super) address: Text,
    pub(super) latitude: Option<f64>,
    pub(super) longitude: Option<f64>,
    pub(super) time_zone: String,
    pub(super) opening_hours: Value,
    pub(super) hold_policy: Value,
}

#[derive(Debug, Clone)]
pub(super) struct Product {
    pub(super) brand: String,
    pub(super) version: u64,
    pub(super) name: Text,
}

/// Its version is its product's: they are one aggregate.
#[derive(Debug, Clone)]
pub(super) struct Sku {
    pub(super) brand: String,
    pub(super) product_code: String,
    pub(super) version: u64,
    pub(super) colour: Text,
    pub(super) size: Option<String>,
    pub(super) gtin: Option<String>,
}

#[derive(Debug, Clone)]
pub(super) struct OutboxRow {
    pub(super) aggregate: String,
    pub(super) version: u64,
    pub(super) event_type: String,
    /// Protobuf.
    pub(super) envelope: Vec<u8>,
}

#[derive(Debug, Clone)]
pub(super) struct HistoryRow {
    pub(super) event_id: String,
    pub(super) event_type: String,
}

/// The brand that stands in an id.
pub(super) fn brand_of(id: &str) -> String {
    id.split('.').next().unwrap_or_default().to_owned()
}

/// Pieces that can be held, as the design defines it.
pub(super) fn available(on_hand: i64, held: i64, safety: i64) -> i64 {
    (on_hand - held - safety).max(0)
}
