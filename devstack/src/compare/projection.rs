//! Reads the projection's tables.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use platform::mysql::Mysql;
use sqlx::MySqlPool;
use sqlx::types::chrono::NaiveDateTime;

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
        type Columns = (
            String,
            String,
            String,
            u64,
            String,
            String,
            Option<String>,
            Option<String>,
            NaiveDateTime,
            NaiveDateTime,
        );
        let rows: Vec<Columns> = sqlx::query_as(
            "SELECT reservation_id, brand, store_id, version, status, customer_name, customer_phone, \
             customer_email, placed_at, expires_at FROM reservations",
        )
        .fetch_all(&self.pool)
        .await?;
        let mut lines = self.lines().await?;
        let mut read = BTreeMap::new();
        for (id, brand, store_id, version, status, name, phone, email, placed_at, expires_at) in rows {
            let lines = lines.remove(&id).unwrap_or_default();
            let customer = Customer { name, phone, email };
            let [placed_at, expires_at] =
                [placed_at, expires_at].map(|time| time.and_utc().timestamp_micros());
            let reservation =
                Reservation { brand, version, status, store_id, lines, customer, placed_at, expires_at };
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
        type Name = Option<String>;
        type Columns = (String, String, u64, Name, Name, Name, Name, Option<f64>, Option<f64>, String, u32);
        let rows: Vec<Columns> = sqlx::query_as(
            "SELECT store_id, brand, version, name_ja, name_en, address_ja, address_en, latitude, longitude, \
             time_zone, hold_minutes FROM stores",
        )
        .fetch_all(&self.pool)
        .await?;
        let keyed = rows.into_iter().map(|row| {
            let (
                id,
                brand,
                version,
                name_ja,
                name_en,
                address_ja,
                address_en,
                latitude,
                longitude,
                time_zone,
                minutes,
            ) = row;
            let name = Text { ja: name_ja, en: name_en };
            let address = Text { ja: address_ja, en: address_en };
            let hold_minutes = u64::from(minutes);
            (id, Store { brand, version, name, address, latitude, longitude, time_zone, hold_minutes })
        });
        Ok(keyed.collect())
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
