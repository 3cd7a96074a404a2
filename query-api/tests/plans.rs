//! How the database means to read: EXPLAIN of the very statements that were sent, with their values.
//!
//! `index_ranges` counts what was read; this asks the optimiser, on tables that are large enough for it to prefer a scan.
//! The statements are taken from the server's general log, so none can be forgotten here.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends where something is not as expected")]

mod support;

use std::fmt::Write;

use contracts::search;
use sqlx::mysql::{MySqlPoolOptions, MySqlRow};
use sqlx::{AssertSqlSafe, MySqlPool, Row};
use support::{Api, Database, Rows};

const STORES: u32 = 3_000;
const PRODUCTS: u32 = 3_000;
/// Rows of one statement that fills a table.
const ROWS: usize = 5_000;

async fn insert(db: &Database, into: &str, rows: &[String]) {
    for rows in rows.chunks(ROWS) {
        db.run(format!("INSERT INTO {into} VALUES {}", rows.join(", "))).await;
    }
}

async fn fill(db: &Database) {
    let (mut stores, mut stock) = (Vec::new(), Vec::new());
    for n in 0..STORES {
        // All over Japan, and a second brand in the same places.
        let (brand, latitude) = (["hinata", "aoi"][(n % 2) as usize], 31.0 + f64::from(n % 97) * 0.12);
        let longitude = 130.0 + f64::from(n % 89) * 0.14;
        stores.push(format!(
            "('{brand}.s-{n:05}', '{brand}', 1, {latitude}, {longitude}, 'Asia/Tokyo', NOW(6))"
        ));
        for sku in 0..6 {
            stock.push(format!(
                "('{brand}.s-{n:05}', '{brand}.K{sku}', '{brand}', 1, {}, 0, 0, NOW(6))",
                n % 3
            ));
        }
    }
    insert(db, "stores (store_id, brand, version, latitude, longitude, time_zone, updated_at)", &stores)
        .await;
    insert(db, "stock (store_id, sku, brand, version, on_hand, held, safety, updated_at)", &stock).await;
    let (mut products, mut skus, mut terms) = (Vec::new(), Vec::new(), Vec::new());
    for n in 0..PRODUCTS {
        let (brand, name) = (["hinata", "aoi"][(n % 2) as usize], format!("コットンのシャツ Shirt {n:04}"));
        let code = format!("{brand}.P{n:05}");
        products.push(format!("('{code}', '{brand}', 1, '{name}', NOW(6))"));
        for size in ["S", "M", "L"] {
            skus.push(format!(
                "('{code}-{size}', '{code}', '{brand}', 1, '{size}', '49{n:06}{:05}')",
                size.len()
            ));
        }
        for term in search::terms([name.as_str()], 100) {
            terms.push(format!("('{term}', '{code}', '{brand}', 1)"));
        }
    }
    insert(db, "products (product_code, brand, version, name_ja, updated_at)", &products).await;
    insert(db, "skus (sku, product_code, brand, version, size, gtin)", &skus).await;
    insert(db, "product_terms (term, product_code, brand, version)", &terms).await;
    for sku in 0..6 {
        db.sku(&format!("hinata.K{sku}")).await;
    }
    db.run("ANALYZE TABLE stores, products, product_terms, skus, stock").await;
}

fn text(row: &MySqlRow, column: &str) -> String {
    row.try_get::<Option<String>, _>(column).unwrap().unwrap_or_default()
}

/// What is wrong with the plan of a statement.
async fn complaints(db: &Database, statement: &str) -> String {
    let mut wrong = String::new();
    if statement.to_uppercase().contains("OFFSET") {
        wrong.push_str("OFFSET; ");
    }
    let explain = format!("EXPLAIN FORMAT=TRADITIONAL {statement}");
    for row in sqlx::raw_sql(AssertSqlSafe(explain)).fetch_all(&db.pool).await.unwrap() {
        let [table, kind, key, extra] = ["table", "type", "key", "Extra"].map(|column| text(&row, column));
        // A handful of sources; and what another line of the same plan has read and bounded.
        if table == "checkpoints" || table.starts_with('<') || table.is_empty() {
            continue;
        }
        let is_range =
            ["range", "ref", "eq_ref", "const", "system"].contains(&kind.as_str()) && !key.is_empty();
        if !is_range || extra.contains("filesort") || extra.contains("temporary") {
            write!(wrong, "{table}: {kind} by `{key}` {extra}; ").unwrap();
        }
    }
    wrong
}

async fn sent_by(db: &Database, thread: u64) -> Vec<String> {
    let sent = "SELECT DISTINCT CONVERT(argument USING utf8mb4) AS sent FROM mysql.general_log \
        WHERE thread_id = ? AND command_type = 'Execute'";
    let rows = sqlx::query(sent).bind(thread).fetch_all(&db.pool).await.unwrap();
    let sent = rows.iter().map(|row| text(row, "sent"));
    sent.filter(|sent| sent.starts_with("SELECT") && !sent.contains("CONNECTION_ID")).collect()
}

async fn thread(pool: &MySqlPool) -> u64 {
    sqlx::query_scalar("SELECT CONNECTION_ID()").fetch_one(pool).await.unwrap()
}

#[tokio::test]
async fn the_optimiser_reads_index_ranges_only() {
    let db = Database::new().await;
    fill(&db).await;
    // One connection, so that all statements are of one thread.
    let pool = MySqlPoolOptions::new().max_connections(1).connect_lazy_with(db.options.clone());
    let api = Api::start_on(pool.clone()).await;
    let thread = thread(&pool).await;
    db.run("SET GLOBAL log_output = 'TABLE'").await;
    db.run("SET GLOBAL general_log = 1").await;
    let here = "35.6,136.3";
    let stores = (0..20).map(|n| format!("hinata.s-{:05}", n * 2)).collect::<Vec<_>>().join(",");
    for path in [
        "/v1/stores/hinata.s-00100".to_owned(),
        format!("/v1/stores?brand=hinata&near={here}&radius_km=200&limit=100"),
        format!("/v1/stores?brand=hinata&near={here}&radius_km=0.1"),
        "/v1/stores?brand=hinata&near=-17,180&radius_km=200".to_owned(),
        "/v1/stores?brand=hinata&near=90,0&radius_km=200".to_owned(),
        format!("/v1/skus/hinata.K3/stores?near={here}&radius_km=200&limit=100"),
        format!("/v1/skus/hinata.K3/stores?near={here}&min_quantity=100"),
        format!("/v1/skus/hinata.none/stores?near={here}"),
        "/v1/skus/hinata.K3/stores?limit=100".to_owned(),
        format!("/v1/products/hinata.P00100/availability?near={here}&radius_km=200"),
        format!("/v1/products/hinata.P00100/jsonld?near={here}"),
        format!("/v1/stock?sku=hinata.K0,hinata.K1,hinata.K2&store_id={stores}"),
        "/v1/products?brand=hinata&q=コットン&limit=100".to_owned(),
        "/v1/products?brand=hinata&q=シャツ shirt 0042".to_owned(),
        format!("/v1/products?brand=hinata&q=シャツ&size=M&in_stock_near={here}"),
        "/v1/products?brand=hinata&q=P00042".to_owned(),
        "/v1/products?brand=hinata&q=4900004200001".to_owned(),
    ] {
        let (status, body) = api.any(&path).await;
        assert!(status.as_u16() < 500, "{path}: {body}");
    }
    let feed = api.response("/v1/feeds/google-local-inventory.tsv?brand=hinata").await;
    assert!(feed.text().await.unwrap().lines().count() > 1_000);
    db.run("SET GLOBAL general_log = 0").await;
    let sent = sent_by(&db, thread).await;
    assert!(sent.len() >= 30, "{} statements were sent: {sent:#?}", sent.len());
    let mut wrong = String::new();
    for statement in &sent {
        let complaints = complaints(&db, statement).await;
        if !complaints.is_empty() {
            writeln!(wrong, "{complaints}\n    {}", statement.chars().take(600).collect::<String>()).unwrap();
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
    let scan = complaints(&db, "SELECT store_id FROM stores WHERE time_zone = 'x' ORDER BY latitude").await;
    assert!(scan.contains("ALL") && scan.contains("filesort"), "a scan is known when it is seen: {scan}");
}
