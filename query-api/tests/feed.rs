//! The feed of a brand's stock for Google Merchant Center.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends where something is not as expected")]

mod support;

use std::time::{Duration, Instant};

use harness::Proxy;
use platform::mysql::Mysql;
use reqwest::Response;
use sqlx::{MySqlPool, Row};
use support::{Api, Database, Rows};

const PATH: &str = "/v1/feeds/google-local-inventory.tsv?brand=hinata";
const HEAD: &str = "store_code\tid\tquantity\tavailability\tpickup_method\tpickup_sla\n";
/// How long a test waits for what must come true.
const DEADLINE: Duration = Duration::from_secs(30);

#[tokio::test]
async fn a_feed_has_a_row_for_every_count_of_the_brand() {
    let db = Database::new().await;
    let api = Api::start(&db.user("app_query"), 2).await;
    let empty = api.asked(PATH, &[]).await;
    assert_eq!((empty.status().as_u16(), empty.text().await.unwrap()), (200, HEAD.to_owned()));

    for store in ["hinata.a", "hinata.b", "hinata.c", "hinata.empty", "hinata-x.a", "aoi.a"] {
        db.store(store).await;
    }
    let days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
    let always = days.map(|day| format!(r#""{day}": [{{"opens": "00:00", "closes": "24:00"}}]"#)).join(", ");
    let refuses = r#"{"accepts_holds": false}"#;
    db.run(format!("UPDATE stores SET opening_hours = '{{{always}}}' WHERE store_id <> 'hinata.c'")).await;
    db.run(format!("UPDATE stores SET hold_policy = '{refuses}' WHERE store_id = 'hinata.b'")).await;
    for (store, sku, on_hand, held, safety) in [
        ("hinata.b", "hinata.P-M", 9, 0, 0),
        ("hinata.a", "hinata.P-M", 6, 2, 1),
        ("hinata.a", "hinata.P-L", 2, 0, 0),
        ("hinata.a", "hinata.P-S", 1, 1, 0),
        ("hinata.a", "hinata.P.X", 5, 9, 0),
        ("hinata.c", "hinata.P-M", 3, 0, 0),
        ("hinata-x.a", "hinata-x.P-M", 9, 0, 0),
        ("aoi.a", "aoi.P-M", 9, 0, 0),
    ] {
        db.stock(store, sku, on_hand, held, safety).await;
    }
    db.checkpoint("shard-1", "'2026-01-02 03:05:00'", "NULL").await;
    let answer = api.asked(PATH, &[]).await;
    let header = |name: &str| answer.headers()[name].to_str().unwrap().to_owned();
    assert_eq!(header("content-type"), "text/tab-separated-values; charset=utf-8");
    assert_eq!(header("cache-control"), "public, max-age=300");
    assert_eq!(header("as-of"), "2026-01-02T03:05:00Z");
    let rows = [
        "a\tP-L\t2\tlimited_availability\treserve\tsame_day",
        "a\tP-M\t3\tin_stock\treserve\tsame_day",
        "a\tP-S\t0\tout_of_stock\tnot_supported\t",
        "a\tP.X\t0\tout_of_stock\tnot_supported\t",
        "b\tP-M\t9\tin_stock\tnot_supported\t",
        "c\tP-M\t3\tin_stock\tnot_supported\t",
    ];
    assert_eq!(answer.text().await.unwrap(), format!("{HEAD}{}\n", rows.join("\n")));

    let path = "/v1/feeds/google-local-inventory.tsv";
    for query in ["", "?brand=", "?brand=HINATA", "?brand=hinata&limit=1", "?brand=%25"] {
        assert_eq!(api.problem(&format!("{path}{query}")).await, (400, "invalid_query".into()), "{query}");
    }
}

/// Two stores with so many counts each, whose ids are as long as ids are.
async fn fill(db: &Database) {
    let (store, sku) = ("s".repeat(60), "X".repeat(58));
    for n in 1..=2 {
        let store = format!("hinata.{store}-{n}");
        db.store(&store).await;
        let digit = "(SELECT 0 AS n UNION SELECT 1 UNION SELECT 2 UNION SELECT 3 UNION SELECT 4 UNION SELECT 5 \
            UNION SELECT 6 UNION SELECT 7 UNION SELECT 8 UNION SELECT 9)";
        db.run(format!(
            "INSERT INTO stock (store_id, sku, brand, version, on_hand, held, safety, updated_at) \
             SELECT '{store}', CONCAT('hinata.{sku}', a.n, b.n, c.n, d.n, e.n), 'hinata', 1, 5, 0, 0, NOW(6) \
             FROM {digit} AS a, {digit} AS b, {digit} AS c, {digit} AS d, {digit} AS e"
        ))
        .await;
    }
}

/// Statements that the only connection of a pool was sent.
async fn sent(pool: &MySqlPool) -> u64 {
    let row = sqlx::query("SHOW SESSION STATUS LIKE 'Com_stmt_execute'").fetch_one(pool).await.unwrap();
    row.get::<String, _>(1).parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_feed_is_read_as_it_is_taken_and_has_no_end_where_it_breaks_off() {
    const ROWS: usize = 200_000;
    let db = Database::new().await;
    fill(&db).await;
    let mut proxy = Proxy::start(&db.url()).await;
    let pool = Mysql { mysql_url: proxy.url(&db.url_of("app_query")).parse().unwrap() }.pool(1);
    let api = Api::start_on(pool.clone()).await;

    let whole = api.asked(PATH, &[]).await.text().await.unwrap();
    assert_eq!(whole.lines().count(), 1 + ROWS);
    let statements = sent(&pool).await;

    // Nobody reads on: neither does the feed, and it has no connection meanwhile.
    let (first, second) = (api.asked(PATH, &[]).await, api.asked(PATH, &[]).await);
    let start = Instant::now();
    let mut last = 0;
    let paused = loop {
        assert!(start.elapsed() < DEADLINE, "the feed is read and read");
        tokio::time::sleep(Duration::from_millis(500)).await;
        // What asks is sent, too.
        let now = sent(&pool).await;
        if now <= last + 2 {
            break now - statements;
        }
        last = now;
    };
    // Both together wrote into the buffers of their sockets, and no further.
    assert!(paused < statements, "{paused} statements of {statements} for one feed");
    assert_eq!(api.problem(PATH).await, (503, "unavailable".into()), "a third feed");
    // Whoever takes nothing is cut off in the end, and gives way.
    let waiting = Instant::now();
    let third = loop {
        let (third, fourth) = (api.asked(PATH, &[]).await, api.asked(PATH, &[]).await);
        if third.status() == 200 && fourth.status() == 200 {
            break third;
        }
        assert!(waiting.elapsed() < 2 * DEADLINE, "they keep their places");
        tokio::time::sleep(Duration::from_millis(500)).await;
    };
    for cut_off in [first, second] {
        breaks_off(cut_off, whole.len()).await;
    }

    proxy.cut();
    breaks_off(third, whole.len()).await;
    assert_eq!(api.problem(PATH).await, (503, "unavailable".into()), "no feed begins that cannot be read");
    proxy.restore().await;
    let restored = Instant::now();
    while api.asked(PATH, &[]).await.text().await.is_ok_and(|text| text != whole) {
        assert!(restored.elapsed() < DEADLINE, "feeds never come back");
    }
}

/// Reads a feed to where it is cut off.
async fn breaks_off(mut feed: Response, whole: usize) {
    let mut taken = 0;
    let ended = loop {
        match feed.chunk().await {
            Ok(Some(chunk)) => taken += chunk.len(),
            ended => break ended,
        }
    };
    assert!(ended.is_err(), "it looks like a whole feed after {taken} bytes of {whole}");
    assert!(taken < whole);
}
