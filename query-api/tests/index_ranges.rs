//! No request walks a table.
//!
//! Asked of the storage engine, not of the optimiser: the counters of the very session that answered say how it got its
//! rows, for the real statements with their real parameters. They count alike on MySQL and MariaDB.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends where something is not as expected")]

mod support;

use std::collections::HashMap;
use std::fmt::Write;

use serde_json::Value;
use sqlx::mysql::MySqlPoolOptions;
use sqlx::{MySqlPool, Row};
use support::{Api, Database, Rows};

const STORES: u32 = 150;
const SKUS: u32 = 40;
const RESERVATIONS_OF_A_STORE: u32 = 60;
/// Rows that one request may touch: those of the largest page, with what belongs to each.
const MOST_ROWS: i64 = 500;
const CHECKPOINTS: u32 = 6;
/// The sources of events are a handful, and `as_of` may look at each of them (and at the ends of their table), and then at what
/// it found, which is one row and its end; and where there is no count, twice more: MySQL 9 looks before it knows that. Far below
/// the rows of any other table.
const MOST_WALKED: i64 = 3 * (CHECKPOINTS as i64 + 4);

/// How often the session got a row in each way, since it began.
async fn counters(pool: &MySqlPool) -> HashMap<String, i64> {
    let rows = sqlx::query("SHOW SESSION STATUS LIKE 'Handler_read_%'").fetch_all(pool).await.unwrap();
    let number = |row: &sqlx::mysql::MySqlRow| row.get::<String, _>(1).parse::<i64>().unwrap();
    rows.iter().map(|row| (row.get::<String, _>(0).to_lowercase(), number(row))).collect()
}

/// What was counted between two calls, without what counting itself counts.
async fn cost(pool: &MySqlPool, work: impl AsyncFnOnce()) -> HashMap<String, i64> {
    let zero = counters(pool).await;
    let before = counters(pool).await;
    work().await;
    let after = counters(pool).await;
    let since = |name: &String, value: i64| value - before[name] - (before[name] - zero[name]);
    after.iter().map(|(name, value)| (name.clone(), since(name, *value))).collect()
}

async fn fill(db: &Database) {
    let id = |n: u32| format!("0192f0c1-2d3e-7a4b-8c5d-{n:012}");
    let mut stock = String::new();
    let (mut reservations, mut lines, mut history) = (String::new(), String::new(), String::new());
    for store in 0..STORES {
        db.store(&format!("hinata.s-{store:03}")).await;
        for sku in 0..SKUS {
            // Every third store has nothing to offer.
            let on_hand = store % 3;
            // And more is held of some than is there.
            let held = if sku % 10 == 0 { on_hand + 2 } else { 0 };
            let row = format!(
                "('hinata.s-{store:03}', 'hinata.k-{sku:02}', 'hinata', 1, {on_hand}, {held}, 0, NOW(6)),"
            );
            stock.push_str(&row);
        }
        for n in 0..RESERVATIONS_OF_A_STORE {
            let (id, status) =
                (id(store * 1000 + n), ["held", "ready", "collected", "cancelled"][n as usize % 4]);
            let times = format!("NOW(6), '2026-01-02 03:{:02}:00', NOW(6)", n / 2);
            let store_id = format!("hinata.s-{store:03}");
            // Each store has a code and a telephone number of each, ten times.
            let (code, phone) = (format!("0000{:02}", n % 6), format!("{:04}8090", n % 6));
            write!(
                reservations,
                "('{id}', '{code}', '{phone}', 'hinata', '{store_id}', 1, '{status}', 'x', {times}),"
            )
            .unwrap();
            let running = n % 4 < 2;
            for sku in ["hinata.k-00", "hinata.k-01"] {
                write!(lines, "('{id}', '{sku}', '{store_id}', 'hinata', {running}, 1, 1),").unwrap();
            }
            let event = "'hinata', '', 'ReservationHeld', 'guest', '', '', NOW(6)";
            write!(history, "('reservation#{id}', 1, {event}),").unwrap();
        }
    }
    for (into, values) in [
        ("stock (store_id, sku, brand, version, on_hand, held, safety, updated_at)", stock),
        (
            "reservations (reservation_id, pickup_code, phone_reversed, brand, store_id, version, status, \
             customer_name, placed_at, expires_at, updated_at)",
            reservations,
        ),
        ("reservation_lines (reservation_id, sku, store_id, brand, running, version, quantity)", lines),
        (
            "history (aggregate, version, brand, event_id, event_type, actor, causation_id, traceparent, occurred_at)",
            history,
        ),
    ] {
        db.run(format!("INSERT INTO {into} VALUES {}", values.trim_end_matches(','))).await;
    }
    for shard in 0..CHECKPOINTS {
        db.checkpoint(&format!("shard-{shard}"), "NOW(6)", "NULL").await;
    }
    for sku in 0..SKUS {
        db.sku(&format!("hinata.k-{sku:02}")).await;
    }
    db.run("ANALYZE TABLE stores, skus, stock, reservations, reservation_lines, history").await;
}

/// All in one store and of one value: as many pieces of each, and holds that all end when the store closes.
#[tokio::test]
async fn the_last_page_costs_no_more_than_the_first() {
    const ROWS: u32 = 600;
    const STORE: &str = "hinata.s-000";
    let db = Database::new().await;
    db.store(STORE).await;
    let (mut stock, mut reservations) = (String::new(), String::new());
    for n in 0..ROWS {
        write!(stock, "('{STORE}', 'hinata.k-{n:03}', 'hinata', 1, 1, 3, 0, NOW(6)),").unwrap();
        let times = "NOW(6), '2026-01-02 11:00:00', NOW(6)";
        write!(
            reservations,
            "('0192f0c1-2d3e-7a4b-8c5d-{n:012}', '', 'hinata', '{STORE}', 1, 'held', '', {times}),"
        )
        .unwrap();
    }
    for (into, values) in [
        ("stock (store_id, sku, brand, version, on_hand, held, safety, updated_at)", stock),
        (
            "reservations (reservation_id, pickup_code, brand, store_id, version, status, customer_name, placed_at, \
             expires_at, updated_at)",
            reservations,
        ),
    ] {
        db.run(format!("INSERT INTO {into} VALUES {}", values.trim_end_matches(','))).await;
    }
    db.run("ANALYZE TABLE stock, reservations").await;
    let pool = MySqlPoolOptions::new().max_connections(1).connect_lazy_with(db.user("app_query"));
    let api = Api::start_on(pool.clone()).await;
    for (path, rows) in [
        (format!("/v1/stores/{STORE}/stock?max_in_store=3&limit=50"), "stock"),
        (format!("/v1/stores/{STORE}/reservations?limit=50"), "reservations"),
        (format!("/v1/stores/{STORE}/shortfalls?limit=50"), "shortfalls"),
    ] {
        let (mut costs, mut found, mut cursor) = (Vec::new(), 0, String::new());
        loop {
            let mut page = Value::Null;
            let cost = cost(&pool, async || page = api.get(&format!("{path}{cursor}")).await).await;
            costs.push(cost["handler_read_key"] + cost["handler_read_next"] + cost["handler_read_prev"]);
            found += page[rows].as_array().unwrap().len();
            let Some(next) = page["next_cursor"].as_str() else { break };
            cursor = format!("&cursor={next}");
        }
        println!("{path}: {costs:?}");
        assert_eq!((found, costs.len()), (ROWS as usize, 12), "{path}");
        // A page may look one row further than another in each of two ranges.
        assert!(costs.iter().all(|cost| *cost < costs[0] + 60), "{path}: {costs:?}");
    }
}

#[tokio::test]
async fn every_request_reads_index_ranges_only() {
    let db = Database::new().await;
    fill(&db).await;
    // One connection, so that the session which answers is the session that is asked for its counters.
    let pool = MySqlPoolOptions::new().max_connections(1).connect_lazy_with(db.user("app_query"));
    let api = Api::start_on(pool.clone()).await;

    let second_page = async |path: &str| {
        let first = api.get(path).await;
        format!("{path}&cursor={}", first["next_cursor"].as_str().unwrap())
    };
    let stores = second_page("/v1/skus/hinata.k-07/stores?limit=50").await;
    let reservations = second_page("/v1/stores/hinata.s-077/reservations?limit=5").await;
    let pick_list = second_page("/v1/stores/hinata.s-077/pick-list?limit=5").await;
    let store_stock = second_page("/v1/stores/hinata.s-077/stock?limit=5").await;
    let scarce = second_page("/v1/stores/hinata.s-077/stock?max_in_store=2&limit=5").await;
    let shortfalls = second_page("/v1/stores/hinata.s-077/shortfalls?limit=2").await;
    for path in [
        "/v1/stores/hinata.s-077/stock/hinata.k-07".to_owned(),
        "/v1/stores/hinata.s-077/stock/hinata.none".to_owned(),
        "/v1/stores/hinata.none/stock/hinata.k-07".to_owned(),
        "/v1/skus/hinata.k-07/stores".to_owned(),
        "/v1/skus/hinata.k-07/stores?limit=100&in_stock=false".to_owned(),
        "/v1/skus/hinata.none/stores".to_owned(),
        "/v1/skus/hinata.k-07/stores?near=35.6,139.7".to_owned(),
        "/v1/skus/hinata.k-07/stores?near=0,0&radius_km=200".to_owned(),
        "/v1/stores?brand=hinata&near=35.6,139.7&limit=100".to_owned(),
        "/v1/stores/hinata.s-077".to_owned(),
        "/v1/stock?sku=hinata.k-01,hinata.k-02&store_id=hinata.s-001,hinata.s-002,hinata.none".to_owned(),
        "/v1/products/hinata.P/availability?near=35.6,139.7".to_owned(),
        stores,
        "/v1/reservations/0192f0c1-2d3e-7a4b-8c5d-000000077003".to_owned(),
        "/v1/reservations/0192f0c1-2d3e-7a4b-8c5d-999999999999".to_owned(),
        "/v1/stores/hinata.s-077/reservations?limit=100&status=ready".to_owned(),
        "/v1/stores/hinata.none/reservations".to_owned(),
        reservations,
        "/v1/stores/hinata.s-077/reservations?due_before=2026-01-02T03:10:00Z&limit=100".to_owned(),
        "/v1/stores/hinata.s-077/reservations/search?pickup_code=000001".to_owned(),
        "/v1/stores/hinata.s-077/reservations/search?phone_end=90800".to_owned(),
        "/v1/stores/hinata.none/reservations/search?phone_end=0908".to_owned(),
        "/v1/reservations/0192f0c1-2d3e-7a4b-8c5d-000000077003/history".to_owned(),
        "/v1/stores/hinata.s-077/pick-list?limit=100".to_owned(),
        pick_list,
        "/v1/stores/hinata.s-077/stock?limit=100".to_owned(),
        store_stock,
        "/v1/stores/hinata.s-077/stock?max_in_store=1&limit=100".to_owned(),
        scarce,
        "/v1/stores/hinata.s-077/shortfalls?limit=100".to_owned(),
        shortfalls,
        "/readyz".to_owned(),
    ] {
        let cost = cost(&pool, async || {
            let (status, body) = api.any(&path).await;
            assert!(status.as_u16() < 500, "{path}: {body}");
        })
        .await;
        let walked = cost["handler_read_rnd_next"] + cost["handler_read_first"] + cost["handler_read_last"];
        let rows = cost["handler_read_key"] + cost["handler_read_next"] + cost["handler_read_prev"];
        println!("{path}: {rows} rows by index, {walked} by walking");
        assert!(walked <= MOST_WALKED, "{path} walks a table or an index from its start: {cost:?}");
        assert!(rows <= MOST_ROWS, "{path} reads {rows} rows: {cost:?}");
    }
}
