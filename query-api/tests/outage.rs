//! MySQL away, stopped, or without its schema: 503 and not ready, and all well again by itself.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends where something is not as expected")]

mod support;

use std::time::{Duration, Instant};

use futures::future::join_all;
use harness::{Proxy, until};
use platform::mysql::Mysql;
use sqlx::{AssertSqlSafe, Executor, MySqlPool};
use support::{Api, Database, Rows};

const STOCK: &str = "/v1/stores/hinata.shibuya-01/stock/hinata.KN1021-BLK-M";
const ALL: [&str; 14] = [
    STOCK,
    "/v1/skus/hinata.KN1021-BLK-M/stores",
    "/v1/skus/hinata.KN1021-BLK-M/stores?near=35,139",
    "/v1/stores?brand=hinata&near=35,139",
    "/v1/stores/hinata.shibuya-01",
    "/v1/products?brand=hinata&q=knit",
    "/v1/stock?sku=hinata.KN1021-BLK-M&store_id=hinata.shibuya-01",
    "/v1/reservations/0192f0c1-2d3e-7a4b-8c5d-6e7f80910213",
    "/v1/reservations/0192f0c1-2d3e-7a4b-8c5d-6e7f80910213/history",
    "/v1/stores/hinata.shibuya-01/reservations",
    "/v1/stores/hinata.shibuya-01/reservations/search?phone_end=5678",
    "/v1/stores/hinata.shibuya-01/pick-list",
    "/v1/stores/hinata.shibuya-01/stock",
    "/v1/stores/hinata.shibuya-01/shortfalls",
];
/// What has no end once it has begun.
const ENDLESS: [&str; 2] = [
    "/v1/stock/stream?sku=hinata.KN1021-BLK-M&store_id=hinata.shibuya-01",
    "/v1/feeds/google-local-inventory.tsv?brand=hinata",
];
/// Longest that a caller may have to wait for a 503.
const PATIENCE: Duration = Duration::from_secs(4);

async fn filled() -> Database {
    let db = Database::new().await;
    fill(&db).await;
    db
}

async fn fill(db: &Database) {
    db.store("hinata.shibuya-01").await;
    db.sku("hinata.KN1021-BLK-M").await;
    db.stock("hinata.shibuya-01", "hinata.KN1021-BLK-M", 1, 0, 0).await;
    let id = "0192f0c1-2d3e-7a4b-8c5d-6e7f80910213";
    db.reservation(id, "hinata.shibuya-01", "held", "2026-01-02 04:00:00").await;
}

async fn is_ready(api: &Api) -> bool {
    let (readyz, livez) = (api.response("/readyz").await.status(), api.response("/livez").await.status());
    assert_eq!(livez, 200, "a database that is away is no reason to restart the service");
    readyz == 200
}

async fn is_well(api: &Api) {
    until("it is ready", || is_ready(api)).await;
    for path in ALL {
        api.get(path).await;
    }
    for path in ENDLESS {
        assert_eq!(api.response(path).await.status(), 200, "{path}");
    }
}

/// Every endpoint answers 503, soon, and says when to come again.
async fn is_unavailable(api: &Api) {
    let asked = ALL.into_iter().chain(ENDLESS).map(async |path| {
        let start = Instant::now();
        let response = api.response(path).await;
        assert!(start.elapsed() < PATIENCE, "{path} took {:?}", start.elapsed());
        assert_eq!(response.status(), 503, "{path}");
        assert!(response.headers().contains_key("retry-after"), "{path}");
        let body: serde_json::Value = response.json().await.unwrap();
        assert_eq!(body["code"], "unavailable", "{path}");
    });
    join_all(asked).await;
    assert!(!is_ready(api).await);
}

async fn session_id(pool: &MySqlPool) -> u64 {
    sqlx::query_scalar("SELECT CONNECTION_ID()").fetch_one(pool).await.unwrap()
}

#[tokio::test]
async fn a_server_that_is_away_comes_back() {
    let db = filled().await;
    let mut proxy = Proxy::start(&db.url()).await;
    let api = Api::start(&proxy.url(&db.url_of("app_query")).parse().unwrap(), 2).await;
    is_well(&api).await;
    proxy.cut();
    is_unavailable(&api).await;
    proxy.restore().await;
    is_well(&api).await;
}

#[tokio::test]
async fn a_service_starts_before_its_server() {
    let db = filled().await;
    let mut proxy = Proxy::start(&db.url()).await;
    proxy.cut();
    let api = Api::start(&proxy.url(&db.url_of("app_query")).parse().unwrap(), 2).await;
    is_unavailable(&api).await;
    proxy.restore().await;
    is_well(&api).await;
}

#[tokio::test]
async fn a_server_that_is_stopped_does_not_hang_its_callers() {
    let db = filled().await;
    let proxy = Proxy::start(&db.url()).await;
    let api = Api::start(&proxy.url(&db.url_of("app_query")).parse().unwrap(), 2).await;
    is_well(&api).await;
    proxy.stall();
    is_unavailable(&api).await;
    proxy.go_on();
    is_well(&api).await;
}

/// The read is cut off after its statement was sent; what it asked for is answered when nobody waits any more.
#[tokio::test]
async fn a_connection_whose_read_was_cut_off_is_not_used_again() {
    let db = filled().await;
    let pool = Mysql { mysql_url: db.user("app_query") }.untested_pool(1);
    let api = Api::start_on(pool.clone()).await;
    api.get(STOCK).await;
    let first = session_id(&pool).await;
    api.get(STOCK).await;
    assert_eq!(session_id(&pool).await, first, "a connection whose reads ended well is used again");

    // The statement waits inside the server for this lock.
    let mut writer = db.pool.begin().await.unwrap();
    sqlx::raw_sql("LOCK TABLES stock WRITE").execute(&mut *writer).await.unwrap();
    let start = Instant::now();
    assert_eq!(api.problem(STOCK).await, (503, "unavailable".into()));
    assert!(start.elapsed() < PATIENCE);
    sqlx::raw_sql("UNLOCK TABLES").execute(&mut *writer).await.unwrap();
    drop(writer);
    let second = session_id(&pool).await;
    assert_ne!(second, first, "the late reply would have been taken for another's");

    // The same where the caller goes away before the time is over.
    let mut writer = db.pool.begin().await.unwrap();
    sqlx::raw_sql("LOCK TABLES stock WRITE").execute(&mut *writer).await.unwrap();
    let impatient = reqwest::Client::builder().timeout(Duration::from_millis(300)).build().unwrap();
    assert!(impatient.get(format!("{}{STOCK}", api.url)).send().await.unwrap_err().is_timeout());
    until("the place in the pool is free", async || pool.num_idle() == usize::try_from(pool.size()).unwrap())
        .await;
    sqlx::raw_sql("UNLOCK TABLES").execute(&mut *writer).await.unwrap();
    drop(writer);
    assert_ne!(session_id(&pool).await, second);
    api.get(STOCK).await;
}

/// No connection is tested when it is taken, and the server has closed all of them meanwhile.
#[tokio::test]
async fn connections_that_the_server_closed_cost_nobody_an_answer() {
    const CONNECTIONS: u32 = 4;
    let db = filled().await;
    let api = Api::start(&db.user("app_query"), CONNECTIONS).await;
    is_well(&api).await;
    for path in ALL {
        join_all((0..CONNECTIONS).map(|_| api.get(path))).await;
        let ids = "SELECT CAST(id AS UNSIGNED) FROM information_schema.processlist WHERE user = ?";
        let user = db.user("app_query");
        let all: Vec<u64> =
            sqlx::query_scalar(ids).bind(user.get_username()).fetch_all(&db.pool).await.unwrap();
        assert!(!all.is_empty(), "none was kept");
        for id in all {
            // One that is gone already is as good.
            let _ = db.pool.execute(AssertSqlSafe(format!("KILL {id}"))).await;
        }
        api.get(path).await;
    }
}

/// A host that vanishes answers nothing, not even that a connection is closed. Places in the pool come back all the same.
#[tokio::test]
async fn a_host_that_vanishes_takes_no_place_in_the_pool_with_it() {
    let db = filled().await;
    let proxy = Proxy::start(&db.url()).await;
    let pool = Mysql { mysql_url: proxy.url(&db.url_of("app_query")).parse().unwrap() }.untested_pool(4);
    let api = Api::start_on(pool.clone()).await;
    is_well(&api).await;
    for _ in 0..3 {
        let (requests, stalled) = tokio::join!(
            async { tokio::join!(api.any(STOCK), api.any(STOCK), api.any(STOCK), api.any(STOCK)) },
            async { proxy.stall() }
        );
        let ((), _) = (stalled, requests);
        until("no connection is left", async || pool.size() == 0).await;
        proxy.go_on();
        is_well(&api).await;
    }
}

#[tokio::test]
async fn a_database_or_schema_that_is_missing_is_waited_for() {
    let db = Database::unmigrated();
    let api = Api::start(&db.user("app_query"), 2).await;
    is_unavailable(&api).await;
    db.migrate().await;
    db.let_in().await;
    assert!(is_ready(&api).await);
    fill(&db).await;
    is_well(&api).await;
    // One table less is no schema, even when some endpoints do not need it.
    db.run("RENAME TABLE reservation_lines TO elsewhere").await;
    assert!(!is_ready(&api).await);
    db.run("RENAME TABLE elsewhere TO reservation_lines").await;
    is_well(&api).await;
}
