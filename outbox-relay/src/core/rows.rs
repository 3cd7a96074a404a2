//! The projection's rows, and the guarded upsert that is the only way they are written.

use std::fmt::Debug;

use chrono::{DateTime, Utc};
use sqlx::query_builder::Separated;
use sqlx::{MySql, MySqlConnection, QueryBuilder};

use super::Edition;
use super::forms::statements;

pub(crate) type Values<'q, 'b> = Separated<'q, MySql, &'b str>;

/// A row that carries the version of its aggregate.
pub(crate) trait Row: Debug + Send + Sync {
    const TABLE: &'static str;
    /// Primary key.
    const KEY: &'static [&'static str];
    /// Columns besides the key and `version`.
    const COLUMNS: &'static [&'static str];

    fn version(&self) -> u64;
    /// Binds key, columns and version, in this order.
    fn bind(&self, values: &mut Values<'_, '_>);
}

/// What becomes of a row that is there: it is replaced where the new version is higher.
///
/// MySQL runs the assignments from left to right and each sees those before it, so `version`, which all the others
/// compare with, comes last (MySQL manual, INSERT … ON DUPLICATE KEY UPDATE; UPDATE on single-table assignments).
pub(crate) fn guard<R: Row>(table: &str) -> String {
    let mut clause = " ON DUPLICATE KEY UPDATE ".to_owned();
    for column in R::COLUMNS {
        clause.push_str(&format!(
            "{column} = IF(VALUES(version) > {table}.version, VALUES({column}), {table}.{column}), "
        ));
    }
    clause + &format!("version = GREATEST({table}.version, VALUES(version))")
}

/// Every column of the table, in the order of [`Row::bind`].
pub(crate) fn columns<R: Row>() -> String {
    [R::KEY, R::COLUMNS, &["version"]].concat().join(", ")
}

/// Writes the rows whose version is higher than what is there, in the order given.
pub(crate) async fn upsert<'r, R: Row + 'r>(
    connection: &mut MySqlConnection,
    edition: Edition,
    rows: impl Iterator<Item = &'r R>,
) -> Result<(), sqlx::Error> {
    let rows: Vec<&R> = rows.collect();
    let table = edition.table::<R>();
    for some in statements(&rows) {
        let mut query = QueryBuilder::new(format!("INSERT INTO {table} ({}) ", columns::<R>()));
        query.push_values(some, |mut values, row| row.bind(&mut values));
        query.push(guard::<R>(&table));
        query.build().execute(&mut *connection).await?;
    }
    Ok(())
}

/// Japanese and English; empty stands for unknown.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Text {
    pub ja: Option<String>,
    pub en: Option<String>,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Store {
    pub store_id: String,
    pub brand: String,
    pub name: Text,
    pub address: Text,
    pub position: Option<(f64, f64)>,
    pub time_zone: String,
    /// JSON.
    pub opening_hours: String,
    /// JSON.
    pub hold_policy: String,
    pub updated_at: DateTime<Utc>,
    pub version: u64,
}

impl Row for Store {
    const TABLE: &'static str = "stores";
    const KEY: &'static [&'static str] = &["store_id"];
    const COLUMNS: &'static [&'static str] = &[
        "brand",
        "name_ja",
        "name_en",
        "address_ja",
        "address_en",
        "latitude",
        "longitude",
        "time_zone",
        "opening_hours",
        "hold_policy",
        "updated_at",
    ];

    fn version(&self) -> u64 {
        self.version
    }

    fn bind(&self, values: &mut Values<'_, '_>) {
        values
            .push_bind(self.store_id.clone())
            .push_bind(self.brand.clone())
            .push_bind(self.name.ja.clone())
            .push_bind(self.name.en.clone())
            .push_bind(self.address.ja.clone())
            .push_bind(self.address.en.clone())
            .push_bind(self.position.map(|(latitude, _)| latitude))
            .push_bind(self.position.map(|(_, longitude)| longitude))
            .push_bind(self.time_zone.clone())
            .push_bind(self.opening_hours.clone())
            .push_bind(self.hold_policy.clone())
            .push_bind(self.updated_at)
            .push_bind(self.version);
    }
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Product {
    pub product_code: String,
    pub brand: String,
    pub name: Text,
    pub updated_at: DateTime<Utc>,
    pub version: u64,
}

impl Row for Product {
    const TABLE: &'static str = "products";
    const KEY: &'static [&'static str] = &["product_code"];
    const COLUMNS: &'static [&'static str] = &["brand", "name_ja", "name_en", "updated_at"];

    fn version(&self) -> u64 {
        self.version
    }

    fn bind(&self, values: &mut Values<'_, '_>) {
        values
            .push_bind(self.product_code.clone())
            .push_bind(self.brand.clone())
            .push_bind(self.name.ja.clone())
            .push_bind(self.name.en.clone())
            .push_bind(self.updated_at)
            .push_bind(self.version);
    }
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Sku {
    pub sku: String,
    pub product_code: String,
    pub brand: String,
    pub colour: Text,
    pub size: Option<String>,
    pub gtin: Option<String>,
    pub version: u64,
}

impl Row for Sku {
    const TABLE: &'static str = "skus";
    const KEY: &'static [&'static str] = &["sku"];
    const COLUMNS: &'static [&'static str] =
        &["product_code", "brand", "colour_ja", "colour_en", "size", "gtin"];

    fn version(&self) -> u64 {
        self.version
    }

    fn bind(&self, values: &mut Values<'_, '_>) {
        values
            .push_bind(self.sku.clone())
            .push_bind(self.product_code.clone())
            .push_bind(self.brand.clone())
            .push_bind(self.colour.ja.clone())
            .push_bind(self.colour.en.clone())
            .push_bind(self.size.clone())
            .push_bind(self.gtin.clone())
            .push_bind(self.version);
    }
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Stock {
    pub store_id: String,
    pub sku: String,
    pub brand: String,
    pub on_hand: u32,
    pub held: u32,
    pub safety: u32,
    pub updated_at: DateTime<Utc>,
    pub version: u64,
}

impl Row for Stock {
    const TABLE: &'static str = "stock";
    const KEY: &'static [&'static str] = &["store_id", "sku"];
    const COLUMNS: &'static [&'static str] = &["brand", "on_hand", "held", "safety", "updated_at"];

    fn version(&self) -> u64 {
        self.version
    }

    fn bind(&self, values: &mut Values<'_, '_>) {
        values
            .push_bind(self.store_id.clone())
            .push_bind(self.sku.clone())
            .push_bind(self.brand.clone())
            .push_bind(self.on_hand)
            .push_bind(self.held)
            .push_bind(self.safety)
            .push_bind(self.updated_at)
            .push_bind(self.version);
    }
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Reservation {
    pub reservation_id: String,
    pub pickup_code: String,
    pub brand: String,
    pub store_id: String,
    pub status: &'static str,
    pub customer_name: String,
    pub customer_phone: Option<String>,
    /// The digits of that, the last first.
    pub phone_reversed: Option<String>,
    pub customer_email: Option<String>,
    pub customer_id: Option<String>,
    pub capability_hash: Option<String>,
    pub placed_at: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
    pub extensions: u32,
    pub updated_at: DateTime<Utc>,
    pub version: u64,
}

impl Row for Reservation {
    const TABLE: &'static str = "reservations";
    const KEY: &'static [&'static str] = &["reservation_id"];
    const COLUMNS: &'static [&'static str] = &[
        "pickup_code",
        "brand",
        "store_id",
        "status",
        "customer_name",
        "customer_phone",
        "phone_reversed",
        "customer_email",
        "customer_id",
        "capability_hash",
        "placed_at",
        "expires_at",
        "extensions",
        "updated_at",
    ];

    fn version(&self) -> u64 {
        self.version
    }

    fn bind(&self, values: &mut Values<'_, '_>) {
        values
            .push_bind(self.reservation_id.clone())
            .push_bind(self.pickup_code.clone())
            .push_bind(self.brand.clone())
            .push_bind(self.store_id.clone())
            .push_bind(self.status)
            .push_bind(self.customer_name.clone())
            .push_bind(self.customer_phone.clone())
            .push_bind(self.phone_reversed.clone())
            .push_bind(self.customer_email.clone())
            .push_bind(self.customer_id.clone())
            .push_bind(self.capability_hash.clone())
            .push_bind(self.placed_at)
            .push_bind(self.expires_at)
            .push_bind(self.extensions)
            .push_bind(self.updated_at)
            .push_bind(self.version);
    }
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Line {
    pub reservation_id: String,
    pub sku: String,
    pub store_id: String,
    pub brand: String,
    /// Whether its reservation still keeps the pieces.
    pub running: bool,
    pub quantity: u32,
    pub version: u64,
}

impl Row for Line {
    const TABLE: &'static str = "reservation_lines";
    const KEY: &'static [&'static str] = &["reservation_id", "sku"];
    const COLUMNS: &'static [&'static str] = &["store_id", "brand", "running", "quantity"];

    fn version(&self) -> u64 {
        self.version
    }

    fn bind(&self, values: &mut Values<'_, '_>) {
        values
            .push_bind(self.reservation_id.clone())
            .push_bind(self.sku.clone())
            .push_bind(self.store_id.clone())
            .push_bind(self.brand.clone())
            .push_bind(self.running)
            .push_bind(self.quantity)
            .push_bind(self.version);
    }
}

/// What happened, once for each event: the version is part of the key, so nothing is ever newer.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct History {
    pub aggregate: String,
    pub brand: String,
    pub event_id: String,
    pub event_type: &'static str,
    pub actor: &'static str,
    pub actor_id: Option<String>,
    pub reason: Option<String>,
    pub causation_id: String,
    pub traceparent: String,
    pub occurred_at: DateTime<Utc>,
    pub version: u64,
}

impl Row for History {
    const TABLE: &'static str = "history";
    const KEY: &'static [&'static str] = &["aggregate"];
    const COLUMNS: &'static [&'static str] = &[
        "brand",
        "event_id",
        "event_type",
        "actor",
        "actor_id",
        "reason",
        "causation_id",
        "traceparent",
        "occurred_at",
    ];

    fn version(&self) -> u64 {
        self.version
    }

    fn bind(&self, values: &mut Values<'_, '_>) {
        values
            .push_bind(self.aggregate.clone())
            .push_bind(self.brand.clone())
            .push_bind(self.event_id.clone())
            .push_bind(self.event_type)
            .push_bind(self.actor)
            .push_bind(self.actor_id.clone())
            .push_bind(self.reason.clone())
            .push_bind(self.causation_id.clone())
            .push_bind(self.traceparent.clone())
            .push_bind(self.occurred_at)
            .push_bind(self.version);
    }
}
