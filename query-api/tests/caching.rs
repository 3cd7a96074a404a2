//! Entity tags, what caches may keep, and that nobody is given what is too old or another's.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends where something is not as expected")]

mod support;

use std::time::{Duration, Instant};

use chrono::{TimeDelta, Utc};
use harness::tokens;
use platform::auth::Role;
use query_api::Source;
use reqwest::Response;
use serde_json::Value;
use sqlx::mysql::MySqlPoolOptions;
use support::{Api, Database, Rows};

const STORE: &str = "hinata.shibuya-01";
const SKU: &str = "hinata.KN1021-BLK-M";
const PATH: &str = "/v1/stores/hinata.shibuya-01/stock/hinata.KN1021-BLK-M";
const LISTED: &str = "/v1/skus/hinata.KN1021-BLK-M/stores";
const HELD: &str = "/v1/reservations/0192f0c1-2d3e-7a4b-8c5d-6e7f80910213";

fn header<'r>(response: &'r Response, name: &str) -> &'r str {
    response.headers().get(name).map_or("", |value| value.to_str().unwrap())
}

/// A projection that is up to date, but for so many seconds.
async fn dated(db: &Database, ago: u32) {
    db.run("DELETE FROM checkpoints").await;
    db.checkpoint("shard-1", &format!("UTC_TIMESTAMP(6) - INTERVAL {ago} SECOND"), "NULL").await;
}

async fn filled() -> Database {
    let db = Database::new().await;
    db.store(STORE).await;
    db.sku(SKU).await;
    db.stock(STORE, SKU, 5, 0, 0).await;
    let id = HELD.rsplit('/').next().unwrap();
    db.reservation(id, STORE, "held", "2026-01-02 05:00:00").await;
    dated(&db, 10).await;
    db
}

async fn api(db: &Database) -> Api {
    Api::start_with(Source::new(db.service_pool("app_query", 4), None, TimeDelta::seconds(60))).await
}

/// What is answered to whoever has the answer with this tag.
async fn revalidated(api: &Api, path: &str, tag: &str) -> Response {
    api.asked(path, &[("if-none-match", tag), ("cache-control", "no-cache")]).await
}

#[tokio::test]
async fn a_tag_is_good_until_anything_but_the_date_changes() {
    let db = filled().await;
    let api = api(&db).await;
    for path in [PATH, LISTED, HELD, "/v1/stores/hinata.shibuya-01/reservations"] {
        dated(&db, 10).await;
        let first = api.response(path).await;
        let tag = header(&first, "etag").to_owned();
        assert!(tag.starts_with('"') && tag.ends_with('"'), "{tag}");
        let bytes = first.bytes().await.unwrap();
        let again = api.response(path).await;
        assert_eq!(header(&again, "etag"), tag);
        assert_eq!(again.bytes().await.unwrap(), bytes, "one tag, the same bytes");

        let same = revalidated(&api, path, &format!("\"other\", W/{tag}")).await;
        assert_eq!((same.status().as_u16(), header(&same, "etag")), (304, tag.as_str()), "{path}");
        assert_ne!(header(&same, "cache-control"), "");
        assert_ne!(header(&same, "vary"), "");
        assert!(same.bytes().await.unwrap().is_empty());

        // The date moves on: another answer has another tag, and the one before is still true.
        dated(&db, 5).await;
        assert_ne!(header(&api.response(path).await, "etag"), tag);
        let good = revalidated(&api, path, &tag).await;
        assert_eq!((good.status().as_u16(), header(&good, "etag")), (304, tag.as_str()), "{path}");
        assert_eq!(revalidated(&api, path, "\"other\"").await.status(), 200);

        // Every column that is answered makes another tag.
        db.run("UPDATE stock SET version = version + 1").await;
        db.run("UPDATE reservations SET version = version + 1").await;
        assert_eq!(revalidated(&api, path, &tag).await.status(), 200, "{path}");
    }
}

#[tokio::test]
async fn an_answer_that_is_too_old_says_so_and_is_not_called_good() {
    let db = filled().await;
    let api = api(&db).await;
    let fresh = api.response(PATH).await;
    let tag = header(&fresh, "etag").to_owned();
    assert_eq!(fresh.json::<Value>().await.unwrap().get("stale"), None);
    dated(&db, 61).await;
    let late = revalidated(&api, PATH, &tag).await;
    assert_eq!(late.status(), 200);
    assert_eq!(late.json::<Value>().await.unwrap()["stale"], true);
    let (status, missing) = api.any("/v1/stores/hinata.none/stock/hinata.none").await;
    assert_eq!((status.as_u16(), &missing["stale"]), (404, &Value::Bool(true)));
    // What somebody got an hour ago would have to be called stale now.
    dated(&db, 0).await;
    let micros = (Utc::now() - TimeDelta::hours(1)).timestamp_micros();
    let old = format!("{}.{micros}\"", tag.split('.').next().unwrap());
    assert_eq!(revalidated(&api, PATH, &old).await.status(), 200);
    db.run("DELETE FROM checkpoints").await;
    let unknown = api.get(PATH).await;
    assert_eq!((&unknown["as_of"], unknown.get("stale")), (&Value::Null, None));
}

#[tokio::test]
async fn caches_are_told_who_may_keep_what() {
    let db = filled().await;
    let api = api(&db).await;
    for path in [PATH, LISTED] {
        let answer = api.asked(path, &[]).await;
        assert_eq!(header(&answer, "cache-control"), "public, max-age=2, stale-while-revalidate=10");
        assert_eq!(header(&answer, "vary"), "consistency-token");
    }
    for path in [HELD, "/v1/stores/hinata.shibuya-01/reservations"] {
        let answer = api.asked(path, &[]).await;
        assert_eq!(header(&answer, "cache-control"), "private, no-cache");
        assert_eq!(header(&answer, "vary"), "authorization, consistency-token");
    }
    for path in ["/v1/skus/hinata.none/stores", "/v1/reservations/0192f0c1-2d3e-7a4b-8c5d-6e7f80910214"] {
        assert_eq!(header(&api.asked(path, &[]).await, "cache-control"), "no-store");
    }
}

/// The answers of one route must never be found by another caller's request for it.
#[tokio::test]
async fn nobody_is_given_what_another_may_see() {
    let db = filled().await;
    let api = api(&db).await;
    let guest = reqwest::Client::new();
    let other = tokens::token(Role::Manager, "aoi", &[], "other");
    for path in [HELD, "/v1/stores/hinata.shibuya-01/reservations"] {
        let tag = header(&api.asked(path, &[]).await, "etag").to_owned();
        let url = format!("{}{path}", api.url);
        let asked = guest.get(&url).header("if-none-match", &tag).send().await.unwrap();
        assert_eq!(asked.status(), 401, "{path}");
        let asked = guest.get(&url).header("if-none-match", &tag).bearer_auth(&other).send().await.unwrap();
        assert_eq!(asked.status(), 404, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn those_who_ask_the_same_at_once_share_one_read() {
    let db = filled().await;
    // One connection, whose own counters tell how often it was asked.
    let pool = MySqlPoolOptions::new().max_connections(1).connect_lazy_with(db.user("app_query"));
    let api = Api::start_on(pool.clone()).await;
    let reads = async || {
        let row = sqlx::query_as::<_, (String, String)>("SHOW SESSION STATUS LIKE 'Com_stmt_execute'");
        let (_, value) = row.fetch_one(&pool).await.unwrap();
        value.parse::<i64>().unwrap()
    };
    let _ = api.get(PATH).await;
    let before = reads().await;
    let _ = api.get(PATH).await;
    let one = reads().await - before;
    assert!(one >= 2, "{one}");
    // Nobody is answered until all have asked.
    let mut writer = db.pool.acquire().await.unwrap();
    sqlx::raw_sql("LOCK TABLES stock WRITE").execute(&mut *writer).await.unwrap();
    let asking: Vec<_> = (0..100)
        .map(|_| {
            let api = api.clone();
            tokio::spawn(async move { api.asked(PATH, &[]).await.json::<Value>().await.unwrap() })
        })
        .collect();
    tokio::time::sleep(Duration::from_millis(500)).await;
    sqlx::raw_sql("UNLOCK TABLES").execute(&mut *writer).await.unwrap();
    for asked in asking {
        assert_eq!(asked.await.unwrap()["available"], 5);
    }
    // Some may come after the first were answered, and too late to be given the same.
    let all = reads().await - before - one;
    assert!(all <= 3 * one, "{all} statements for a hundred callers, {one} for one");
}

#[tokio::test]
async fn what_is_kept_is_never_older_than_its_bound() {
    let db = filled().await;
    let api = api(&db).await;
    let available = async || api.asked(PATH, &[]).await.json::<Value>().await.unwrap()["available"].clone();
    for on_hand in 1..20 {
        let _ = available().await;
        db.run(format!("UPDATE stock SET on_hand = {on_hand}, version = version + 1")).await;
        let changed = Instant::now();
        assert_eq!(api.get(PATH).await["available"], on_hand, "asked not to use what is kept");
        loop {
            let asked = Instant::now();
            if available().await == on_hand {
                break;
            }
            assert!(asked - changed < Duration::from_millis(250), "{:?}", asked - changed);
        }
    }
}
