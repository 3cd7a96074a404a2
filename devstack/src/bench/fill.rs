//! Filling a projection, by statements of many rows in the order of their keys.
//!
//! An index is made once its table is full: rows that come in the order of one key are scattered over every other.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use contracts::search;
use sqlx::mysql::{MySqlConnectOptions, MySqlConnection};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Executor, Row};

use super::shape::{self, BRAND, Shape};
use crate::fill::Progress;

/// Bytes of one statement: below the 16 MiB that MariaDB takes at most unless told otherwise.
const STATEMENT_BYTES: usize = 1 << 20;
/// As many as the relay writes for a product at most.
const MAX_TERMS: usize = 300;

/// Fills the empty projection at this URL.
///
/// # Errors
/// When the database cannot be written.
pub async fn fill(mysql_url: &str, shape: Shape) -> Result<()> {
    let options: MySqlConnectOptions = mysql_url.parse()?;
    let mut connection = options.disable_statement_logging().connect().await?;
    connection.execute("SET SESSION unique_checks = 0, foreign_key_checks = 0").await?;
    let mut filling = Filling { connection: &mut connection };
    let now = "UTC_TIMESTAMP(6)";
    let hours = r#"{"mon":[{"opens":"10:00","closes":"20:00"}],"sat":[{"opens":"10:00","closes":"21:00"}]}"#;
    let stores = (0..shape.stores).map(|n| {
        let (latitude, longitude) = shape::place(shape.stores, n);
        let (id, policy) = (shape::store(n), if n % 50 == 7 { r#"{"accepts_holds":false}"# } else { "{}" });
        format!(
            "'{id}','{BRAND}',1,'店舗 {n}','Store {n}',{latitude:.5},{longitude:.5},'Asia/Tokyo','{hours}','{policy}',{now}"
        )
    });
    let columns = "store_id,brand,version,name_ja,name_en,latitude,longitude,time_zone,opening_hours,hold_policy,updated_at";
    filling.table("stores", columns, shape.stores, stores).await?;

    let products = (0..shape.products)
        .map(|n| format!("'{}','{BRAND}',1,'{}',{now}", shape::product(n), shape::name(n)));
    filling
        .table("products", "product_code,brand,version,name_ja,updated_at", shape.products, products)
        .await?;

    let mut skus: Vec<(String, u64)> = (0..shape.skus()).map(|n| (shape::sku(n), n)).collect();
    skus.sort_unstable();
    let rows = skus.iter().map(|(sku, n)| {
        let (product, colour) = (shape::product(shape::product_of(*n)), shape::colour(*n));
        format!("'{sku}','{product}','{BRAND}',1,'{colour}','{}','49{n:011}'", shape::size(*n))
    });
    let columns = "sku,product_code,brand,version,colour_ja,size,gtin";
    filling.table("skus", columns, shape.skus(), rows).await?;

    filling.terms(shape).await?;

    skus.retain(|(_, n)| *n < shape.skus_per_store);
    let stock = (0..shape.stores).flat_map(|store| {
        let store_id = shape::store(store);
        skus.iter().map(move |(sku, n)| {
            let (on_hand, held, safety) = shape::counts(store, *n);
            format!("'{store_id}','{sku}','{BRAND}',1,{on_hand},{held},{safety},{now}")
        })
    });
    let columns = "store_id,sku,brand,version,on_hand,held,safety,updated_at";
    filling.table("stock", columns, shape.rows(), stock).await?;
    filling.reservations(shape).await?;

    let caught_up = format!(
        "INSERT INTO checkpoints (stream,shard,as_of) VALUES ('bench','bench',{now} + INTERVAL 1 DAY)"
    );
    filling.run(caught_up).await?;
    filling.run("ANALYZE TABLE stores, products, skus, product_terms, stock, reservations, reservation_lines, history".into()).await?;
    Ok(connection.close().await?)
}

struct Filling<'c> {
    connection: &'c mut MySqlConnection,
}

impl Filling<'_> {
    async fn run(&mut self, sql: String) -> Result<()> {
        let start: String = sql.chars().take(80).collect();
        self.connection.execute(sqlx::raw_sql(AssertSqlSafe(sql))).await.with_context(|| start)?;
        Ok(())
    }

    /// Fills a table with rows in the order of its key, and makes its other indexes.
    async fn table(
        &mut self,
        table: &'static str,
        columns: &str,
        total: u64,
        rows: impl Iterator<Item = String>,
    ) -> Result<()> {
        let indexes = self.indexes(table).await?;
        let each = |clause: &dyn Fn(&(String, String)) -> String| -> String {
            indexes.iter().map(clause).collect::<Vec<_>>().join(", ")
        };
        if !indexes.is_empty() {
            let drop = each(&|(name, _)| format!("DROP INDEX {name}"));
            self.run(format!("ALTER TABLE {table} {drop}")).await?;
        }
        let progress = Progress::new(table, usize::try_from(total)?);
        let start = format!("INSERT INTO {table} ({columns}) VALUES ");
        let (mut statement, mut done) = (start.clone(), 0);
        for row in rows {
            let comma = if statement.len() == start.len() { "" } else { "," };
            statement.push_str(&format!("{comma}({row})"));
            done += 1;
            if statement.len() >= STATEMENT_BYTES {
                self.run(std::mem::replace(&mut statement, start.clone())).await?;
                progress.set(done);
            }
        }
        if statement.len() > start.len() {
            self.run(statement).await?;
        }
        progress.set(done);
        if !indexes.is_empty() {
            let add = each(&|(name, columns)| format!("ADD INDEX {name} ({columns})"));
            self.run(format!("ALTER TABLE {table} {add}")).await?;
        }
        Ok(())
    }

    /// What a table has beside its key, and which columns each is of.
    async fn indexes(&mut self, table: &str) -> Result<Vec<(String, String)>> {
        let query = "SELECT CAST(index_name AS CHAR) AS name, \
            CAST(GROUP_CONCAT(column_name ORDER BY seq_in_index) AS CHAR) AS columns \
            FROM information_schema.statistics \
            WHERE table_schema = DATABASE() AND table_name = ? AND index_name <> 'PRIMARY' GROUP BY index_name";
        let rows = sqlx::query(query).bind(table).fetch_all(&mut *self.connection).await?;
        let index = |row: &sqlx::mysql::MySqlRow| Ok((row.try_get("name")?, row.try_get("columns")?));
        rows.iter().map(index).collect()
    }

    /// What products are found by, in the order of the terms.
    async fn terms(&mut self, shape: Shape) -> Result<()> {
        let mut found_by: BTreeMap<String, Vec<u64>> = BTreeMap::new();
        for n in 0..shape.products {
            let (name, colour) = (shape::name(n), shape::colour(n * 5));
            for term in search::terms([name.as_str(), colour], MAX_TERMS) {
                found_by.entry(term).or_default().push(n);
            }
        }
        let total = found_by.values().map(Vec::len).sum::<usize>();
        let rows = found_by.iter().flat_map(|(term, products)| {
            products.iter().map(move |n| format!("'{term}','{}','{BRAND}',1", shape::product(*n)))
        });
        self.table("product_terms", "term,product_code,brand,version", total.try_into()?, rows).await
    }

    /// Reservations, each of one line and with its first event.
    async fn reservations(&mut self, shape: Shape) -> Result<()> {
        let due = |n: u64| format!("UTC_TIMESTAMP(6) + INTERVAL {} SECOND", n % 86_400);
        let columns = "reservation_id,pickup_code,phone_reversed,brand,store_id,version,status,customer_name,placed_at,\
            expires_at,updated_at";
        let rows = (0..shape.reservations).map(|n| {
            format!(
                "'{}','{}','{}','{BRAND}','{}',1,'{}','x',UTC_TIMESTAMP(6),{},UTC_TIMESTAMP(6)",
                shape::reservation(n),
                shape::pickup_code(n),
                shape::phone_reversed(n),
                shape::store(n % shape.stores),
                shape::status(n),
                due(n),
            )
        });
        self.table("reservations", columns, shape.reservations, rows).await?;
        let rows = (0..shape.reservations).map(|n| {
            let running = matches!(shape::status(n), "held" | "ready");
            let (store, sku) = (shape::store(n % shape.stores), shape::sku(n % shape.skus_per_store));
            format!("'{}','{sku}','{store}','{BRAND}',{running},1,1", shape::reservation(n))
        });
        let columns = "reservation_id,sku,store_id,brand,running,version,quantity";
        self.table("reservation_lines", columns, shape.reservations, rows).await?;
        let rows = (0..shape.reservations).map(|n| {
            let id = shape::reservation(n);
            format!("'reservation#{id}',1,'{BRAND}','{id}','ReservationHeld','guest','','',UTC_TIMESTAMP(6)")
        });
        let columns =
            "aggregate,version,brand,event_id,event_type,actor,causation_id,traceparent,occurred_at";
        self.table("history", columns, shape.reservations, rows).await
    }
}
