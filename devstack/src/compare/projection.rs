//! Reads the projection's tables.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use platform::mysql::Mysql;
use sqlx::types::chrono::NaiveDateTime;
use sqlx::{MySqlPool, Row};

use super::state::{Customer, HistoryRow, Product, Projection, Reservation, Sku, State, Stock, Store, Text};

/// The judge reads one table after the other.
const CONNECTIONS: u32 = 1;

/// The projection's database.
#[derive(Debug)]
pub(super) struct Database {
    pool: MySqlPool,
}

impl Database {
    pub(super) fn connect(mysql: &Mysql) -> Self {
        Self { pool: mysql.pool(CONNECTIONS) }
    }

    /// How many events have arrived.
    pub(super) async fn history_len(&self) -> Result<usize> {
        let count: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM history").fetch_one(&self.pool).await?;
        Ok(usize::try_from(count)?)
    }

    /// Everything.
    pub(super) async fn read(&self) -> Result<Projection> {
        let (reservations, stray_lines) =
            self.reservations().await.context("tables reservations and reservation_lines")?;
        let state = State {
            reservations,
            stock: self.stock().await.context("table stock")?,
            stores: self.stores().await.context("table stores")?,
            products: self.products().await.context("table products")?,
            skus: self.skus().await.context("table skus")?,
        };
        Ok(Projection { state, stray_lines, history: self.history().await.context("table history")? })
    }

    async fn stock(&self) -> Result<BTreeMap<String, Stock>> {
        type Columns = (String, String, String, u64, i64, i64, i64, i64);
        let rows: Vec<Columns> = sqlx::query_as(
            "SELECT store_id, sku, brand, version, on_hand, held, safety, available FROM stock",
        )
        .fetch_all(&self.pool)
        .await?;
        let keyed =
            rows.into_iter().map(|(store_id, sku, brand, version, on_hand, held, safety, available)| {
                (format!("{store_id}#{sku}"), Stock { brand, version, on_hand, held, safety, available })
            });
        Ok(keyed.collect())
    }

    /// The reservations with their lines, and the ids of lines that belong to none.
    async fn reservations(&self) -> Result<(BTreeMap<String, Reservation>, Vec<String>)> {
        let rows = sqlx::query("SELECT * FROM reservations").fetch_all(&self.pool).await?;
        let mut lines = self.lines().await?;
        let mut read = BTreeMap::new();
        for row in rows {
            let id: String = row.try_get("reservation_id")?;
            let micros =
                |column| row.try_get(column).map(|time: NaiveDateTime| time.and_utc().timestamp_micros());
            let reservation = Reservation {
                brand: row.try_get("brand")?,
                version: row.try_get("version")?,
                status: row.try_get("status")?,
                store_id: row.try_get("store_id")?,
                lines: lines.remove(&id).unwrap_or_default(),
                customer: Customer {
                    name: row.try_get("customer_name")?,
                    phone: row.try_get("customer_phone")?,
                    email: row.try_get("customer_email")?,
                },
                placed_at: micros("placed_at")?,
                expires_at: micros("expires_at")?,
                extensions: row.try_get::<u32, _>("extensions")?.into(),
                customer_id: row.try_get("customer_id")?,
                capability_hash: row.try_get("capability_hash")?,
            };
            read.insert(id, reservation);
        }
        Ok((read, lines.into_keys().collect()))
    }

    async fn lines(&self) -> Result<BTreeMap<String, BTreeMap<String, i64>>> {
        let rows: Vec<(String, String, u32)> =
            sqlx::query_as("SELECT reservation_id, sku, quantity FROM reservation_lines")
                .fetch_all(&self.pool)
                .await?;
        let mut lines: BTreeMap<String, BTreeMap<String, i64>> = BTreeMap::new();
        for (id, sku, quantity) in rows {
            lines.entry(id).or_default().insert(sku, i64::from(quantity));
        }
        Ok(lines)
    }

    async fn stores(&self) -> Result<BTreeMap<String, Store>> {
        let rows = sqlx::query("SELECT * FROM stores").fetch_all(&self.pool).await?;
        let mut read = BTreeMap::new();
        for row in rows {
            let text = |ja, en| anyhow::Ok(Text { ja: row.try_get(ja)?, en: row.try_get(en)? });
            let json = |column| anyhow::Ok(serde_json::from_slice(row.try_get_unchecked(column)?)?);
            let store = Store {
                brand: row.try_get("brand")?,
                version: row.try_get("version")?,
                name: text("name_ja", "name_en")?,
                address: text("address_ja", "address_en")?,
                latitude: row.try_get("latitude")?,
                longitude: row.try_get("longitude")?,
                time_zone: row.try_get("time_zone")?,
                opening_hours: json("opening_hours")?,
                hold_policy: json("hold_policy")?,
            };
            read.insert(row.try_get("store_id")?, store);
        }
        Ok(read)
    }

    async fn products(&self) -> Result<BTreeMap<String, Product>> {
        type Columns = (String, String, u64, Option<String>, Option<String>);
        let rows: Vec<Columns> =
            sqlx::query_as("SELECT product_code, brand, version, name_ja, name_en FROM products")
                .fetch_all(&self.pool)
                .await?;
        let keyed = rows
            .into_iter()
            .map(|(code, brand, version, ja, en)| (code, Product { brand, version, name: Text { ja, en } }));
        Ok(keyed.collect())
    }

    async fn skus(&self) -> Result<BTreeMap<String, Sku>> {
        type Columns =
            (String, String, String, u64, Option<String>, Option<String>, Option<String>, Option<String>);
        let rows: Vec<Columns> = sqlx::query_as(
            "SELECT sku, product_code, brand, version, colour_ja, colour_en, size, gtin FROM skus",
        )
        .fetch_all(&self.pool)
        .await?;
        let keyed = rows.into_iter().map(|(sku, product_code, brand, version, ja, en, size, gtin)| {
            (sku, Sku { brand, product_code, version, colour: Text { ja, en }, size, gtin })
        });
        Ok(keyed.collect())
    }

    async fn history(&self) -> Result<BTreeMap<(String, u64), HistoryRow>> {
        let rows: Vec<(String, u64, String, String)> =
            sqlx::query_as("SELECT aggregate, version, event_id, event_type FROM history")
                .fetch_all(&self.pool)
                .await?;
        let keyed = rows.into_iter().map(|(aggregate, version, event_id, event_type)| {
            ((aggregate, version), HistoryRow { event_id, event_type })
        });
        Ok(keyed.collect())
    }
}
