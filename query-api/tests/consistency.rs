//! What a lookup with a consistency token waits for, where it is read then, and what waiting costs.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends where something is not as expected")]

mod support;

use std::time::{Duration, Instant};

use chrono::TimeDelta;
use contracts::consistency::Token;
use contracts::events::Envelope;
use harness::{Proxy, until};
use query_api::Source;
use support::{Api, Database, Rows, STALE_SECONDS};
use uuid::Uuid;

const STORE: &str = "hinata.shibuya-01";
const SKU: &str = "hinata.KN1021-BLK-M";
const PATH: &str = "/v1/stores/hinata.shibuya-01/stock/hinata.KN1021-BLK-M";

fn event(aggregate: &str, version: u64) -> Envelope {
    let event_id = Uuid::now_v7().to_string();
    Envelope { aggregate: aggregate.to_owned(), version, event_id, ..Default::default() }
}

fn token(events: &[Envelope]) -> String {
    Token::of(events).unwrap().to_string()
}

fn of_stock(version: u64) -> Envelope {
    event(&format!("stock#{STORE}#{SKU}"), version)
}

/// The history of an event, as the relay writes it with the rows.
async fn happened(db: &Database, event: &Envelope) {
    let Envelope { aggregate, version, event_id, .. } = event;
    db.run(format!(
        "INSERT INTO history (aggregate, version, brand, event_id, event_type, actor, causation_id, traceparent, \
         occurred_at) VALUES ('{aggregate}', {version}, 'hinata', '{event_id}', 'X', 'x', 'x', 'x', NOW(6))"
    ))
    .await;
}

async fn status(api: &Api, token: &str, prefer: &str) -> u16 {
    api.asked(PATH, &[("consistency-token", token), ("prefer", prefer)]).await.status().as_u16()
}

#[tokio::test]
async fn every_event_of_the_token_has_to_be_there_with_its_rows() {
    let db = Database::new().await;
    let api = Api::start(&db.user("app_query"), 2).await;
    db.stock(STORE, SKU, 5, 0, 0).await;
    let (stock, hold) = (of_stock(3), event("reservation#0192f0c1-2d3e-7a4b-8c5d-6e7f80910213", 1));
    let both = token(&[stock.clone(), hold.clone()]);
    assert_eq!(status(&api, &both, "").await, 503);
    happened(&db, &stock).await;
    assert_eq!(status(&api, &token(std::slice::from_ref(&stock)), "").await, 200);
    assert_eq!(status(&api, &both, "").await, 503);
    // A rebuild may know of an event before its rows are there.
    happened(&db, &hold).await;
    assert_eq!(status(&api, &both, "").await, 503);
    db.reservation("0192f0c1-2d3e-7a4b-8c5d-6e7f80910213", STORE, "held", "2026-01-02 05:00:00").await;
    assert_eq!(status(&api, &both, "").await, 200);

    // A later version of the same, and an event that nobody was told of.
    assert_eq!(status(&api, &token(&[of_stock(4)]), "").await, 503);
    assert_eq!(status(&api, &token(&[of_stock(3)]), "").await, 503);
    for aggregate in ["store#hinata.shibuya-01", "product#hinata.P"] {
        assert_eq!(status(&api, &token(&[event(aggregate, 1)]), "").await, 503, "{aggregate}");
    }
    db.store(STORE).await;
    let store = event("store#hinata.shibuya-01", 1);
    happened(&db, &store).await;
    assert_eq!(status(&api, &token(&[store]), "").await, 200);
}

/// The pool has eight connections: whoever waits must have none.
#[tokio::test(flavor = "multi_thread")]
async fn all_who_wait_cost_one_reader_and_one_too_many_is_sent_away() {
    harness::allow_files(8192);
    let db = Database::new().await;
    let api = Api::start(&db.user("app_query"), 8).await;
    db.store(STORE).await;
    db.stock(STORE, SKU, 5, 0, 0).await;
    let awaited = of_stock(3);
    let token = token(std::slice::from_ref(&awaited));
    let mut waiting = Vec::new();
    for _ in 0..500 {
        let (api, token) = (api.clone(), token.clone());
        // On a slow machine the first would have waited long enough before the last is there: all ask again.
        waiting.push(tokio::spawn(async move { while status(&api, &token, "wait=10").await == 503 {} }));
        tokio::time::sleep(Duration::from_millis(6)).await;
    }
    // Once all places are taken, one more is told so at once.
    until("nobody else may wait", || async {
        let start = Instant::now();
        status(&api, &token, "wait=2").await == 503 && start.elapsed() < Duration::from_millis(1500)
    })
    .await;
    let start = Instant::now();
    assert_eq!(api.get(PATH).await["available"], 5);
    assert!(start.elapsed() < Duration::from_millis(500), "{:?}", start.elapsed());
    happened(&db, &awaited).await;
    for one in waiting {
        one.await.unwrap();
    }
}

#[tokio::test]
async fn waiting_survives_a_database_that_goes_away() {
    let db = Database::new().await;
    let mut proxy = Proxy::start(&db.url()).await;
    let api = Api::start(&proxy.url(&db.url_of("app_query")).parse().unwrap(), 2).await;
    db.store(STORE).await;
    db.stock(STORE, SKU, 5, 0, 0).await;
    let awaited = of_stock(3);
    let token = token(std::slice::from_ref(&awaited));
    let waits = tokio::spawn({
        let api = api.clone();
        async move { status(&api, &token, "wait=10").await }
    });
    tokio::time::sleep(Duration::from_millis(200)).await;
    proxy.cut();
    tokio::time::sleep(Duration::from_millis(500)).await;
    happened(&db, &awaited).await;
    proxy.restore().await;
    assert_eq!(waits.await.unwrap(), 200);
}

#[tokio::test]
async fn lookups_read_the_replica_and_those_with_a_token_the_writer_where_that_is_ahead() {
    let (writer, replica) = tokio::join!(Database::new(), Database::new());
    let source = Source::new(
        writer.service_pool("app_query", 2),
        Some(replica.service_pool("app_query", 2)),
        TimeDelta::seconds(STALE_SECONDS),
    );
    let api = Api::start_with(source).await;
    let awaited = of_stock(3);
    let token = token(std::slice::from_ref(&awaited));
    for db in [&writer, &replica] {
        db.store(STORE).await;
    }
    replica.stock(STORE, SKU, 9, 0, 0).await;
    replica.run("UPDATE stock SET version = 2").await;
    assert_eq!(api.get(PATH).await["available"], 9);
    assert_eq!(status(&api, &token, "").await, 503);

    writer.stock(STORE, SKU, 5, 0, 0).await;
    happened(&writer, &awaited).await;
    let asked = async || -> serde_json::Value {
        api.asked(PATH, &[("consistency-token", &token)]).await.json().await.unwrap()
    };
    assert_eq!(asked().await["available"], 5, "only the writer has it");
    assert_eq!(api.get(PATH).await["available"], 9, "without a token the replica is asked");

    // Once the replica has it, it is asked again.
    replica.run("UPDATE stock SET version = 3, on_hand = 7").await;
    happened(&replica, &awaited).await;
    assert_eq!(asked().await["available"], 7);
}
