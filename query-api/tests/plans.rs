//! How the database means to read: EXPLAIN of the very statements that were sent, with their values.
//!
//! `index_ranges` counts what was read; this asks the optimiser, on tables that are large enough for it to prefer a scan.
//! The statements are taken from the server's general log, so none can be forgotten here.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends where something is not as expected")]

mod support;

use std::fmt::Write;

use contracts::consistency::Token;
use contracts::events::Envelope;
use contracts::search;
use sqlx::mysql::{MySqlPoolOptions, MySqlRow};
use sqlx::{AssertSqlSafe, MySqlPool, Row};
use support::{Api, Database, Rows};

const STORES: u32 = 3_000;
const PRODUCTS: u32 = 3_000;
/// Rows of one statement that fills a table.
const ROWS: usize = 5_000;

const RESERVATIONS: u32 = 20_000;

fn id(n: u32) -> String {
    format!("0192f0c1-2d3e-7a4b-8c5d-{n:012}")
}

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
    let (mut reservations, mut lines, mut history) = (Vec::new(), Vec::new(), Vec::new());
    for n in 0..RESERVATIONS {
        let (id, store) = (id(n), format!("hinata.s-{:05}", n % 40 * 2));
        let status = ["held", "ready", "collected", "cancelled"][(n / 40 % 4) as usize];
        reservations.push(format!(
            "('{id}', '{:06}', '{n:08}', 'hinata', '{store}', 1, '{status}', '', NOW(6), \
             '2026-01-02 11:00:00', NOW(6))",
            n % 5_000
        ));
        lines.push(format!("('{id}', 'hinata.K{}', '{store}', 'hinata', {}, 1, 1)", n % 6, n / 40 % 4 < 2));
        history.push(format!(
            "('reservation#{id}', 1, 'hinata', '', 'ReservationHeld', 'guest', '', '', NOW(6))"
        ));
    }
    insert(
        db,
        "reservations (reservation_id, pickup_code, phone_reversed, brand, store_id, version, status, \
         customer_name, placed_at, expires_at, updated_at)",
        &reservations,
    )
    .await;
    insert(
        db,
        "reservation_lines (reservation_id, sku, store_id, brand, running, version, quantity)",
        &lines,
    )
    .await;
    insert(
        db,
        "history (aggregate, version, brand, event_id, event_type, actor, causation_id, traceparent, occurred_at)",
        &history,
    )
    .await;
    // Some have less than is held.
    db.run("UPDATE stock SET held = on_hand + 2 WHERE sku IN ('hinata.K4', 'hinata.K5')").await;
    db.run("INSERT INTO positions (name, position) VALUES ('stock', 9)").await;
    db.run(
        "INSERT INTO stock_changes (store_id, sku, position) SELECT store_id, sku, 1 + position % 9 \
            FROM (SELECT store_id, sku, ROW_NUMBER() OVER () AS position FROM stock) AS numbered",
    )
    .await;
    db.run(
        "ANALYZE TABLE stores, products, product_terms, skus, stock, reservations, reservation_lines, history, \
         stock_changes",
    )
    .await;
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
    sent.filter(|sent| sent.trim_start_matches('(').starts_with("SELECT") && !sent.contains("CONNECTION_ID"))
        .collect()
}

async fn thread(pool: &MySqlPool) -> u64 {
    sqlx::query_scalar("SELECT CONNECTION_ID()").fetch_one(pool).await.unwrap()
}

#[tokio::test]
async fn the_optimiser_reads_index_ranges_only() {
    let db = Database::new().await;
    fill(&db).await;
    // One connection, so that all statements are of one thread.
    let pool = MySqlPoolOptions::new().max_connections(1).connect_lazy_with(db.user("app_query"));
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
        "/staff/stores?brand=hinata".to_owned(),
    ] {
        let (status, body) = api.any(&path).await;
        assert!(status.as_u16() < 500, "{path}: {body}");
    }
    for path in [
        "/",
        "/brands/hinata?q=シャツ",
        "/brands/hinata/stores",
        "/products/hinata.P00100",
        "/products/hinata.P00100?near=35.6,136.3",
    ] {
        assert_eq!(api.response(path).await.status(), 200, "{path}");
    }
    let store = "/v1/stores/hinata.s-00002";
    for path in [
        format!("{store}/stock/hinata.K3"),
        format!("{store}/reservations?limit=5"),
        format!("{store}/reservations?status=ready&due_before=2026-01-03T00:00:00Z"),
        format!("{store}/reservations/search?pickup_code=000042"),
        format!("{store}/reservations/search?phone_end=2400"),
        format!("{store}/reservations/search?name=花子"),
        format!("{store}/pick-list?limit=5"),
        format!("{store}/stock?limit=2"),
        format!("{store}/stock?max_in_store=2&limit=2"),
        format!("{store}/shortfalls?limit=1"),
        format!("/v1/reservations/{}", id(1)),
        format!("/v1/reservations/{}/history", id(1)),
        format!("/v1/skus/hinata.K3/stores?near={here}&limit=2"),
        "/v1/products?brand=hinata&q=シャツ&limit=2".to_owned(),
    ] {
        let first = api.get(&path).await;
        // And the page behind it.
        if let Some(cursor) = first["next_cursor"].as_str() {
            let (status, body) = api.any(&format!("{path}&cursor={cursor}")).await;
            assert_eq!(status, 200, "{path}: {body}");
        }
    }
    let token = Token::of(&[Envelope {
        aggregate: format!("reservation#{}", id(1)),
        version: 1,
        event_id: uuid::Uuid::nil().to_string(),
        ..Envelope::default()
    }]);
    let header = [("consistency-token", token.unwrap().to_string())];
    let header = header.each_ref().map(|(name, value)| (*name, value.as_str()));
    assert_eq!(api.asked(&format!("{store}/stock/hinata.K3"), &header).await.status(), 503);
    for after in [None, Some(("last-event-id", "3"))] {
        let path = "/v1/stock/stream?store_id=hinata.s-00002&sku=hinata.K3&sku=hinata.K4";
        let mut stream = api.asked(path, after.as_slice()).await;
        assert!(stream.chunk().await.unwrap().is_some());
    }
    db.run("UPDATE positions SET position = 10").await;
    let between =
        "SELECT COUNT(*) FROM mysql.general_log WHERE argument LIKE '%stock_changes AS changes FORCE%'";
    harness::until("changes were read", || async { db.number(between).await > 0 }).await;
    let feed = api.response("/v1/feeds/google-local-inventory.tsv?brand=hinata").await;
    assert!(feed.text().await.unwrap().lines().count() > 1_000);
    db.run("SET GLOBAL general_log = 0").await;
    let sent = sent_by(&db, thread).await;
    assert!(sent.len() >= 50, "{} statements were sent: {sent:#?}", sent.len());
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
