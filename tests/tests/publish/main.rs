//! `outbox-relay publish` as a process: what other services get, and what happens when they cannot take it.

mod target;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use contracts::Table;
use devstack::service::Service;
use harness::{Api, Proxy, System, until};
use target::{Mood, Place, SECRET, Target, outbox, places};

const STORE: &str = "hinata.shibuya-01";
const SKUS: [&str; 4] = ["hinata.A-S", "hinata.A-M", "hinata.A-L", "hinata.A-XL"];
const READY: Duration = Duration::from_secs(30);

async fn publisher(system: &System, url: &str) -> Service {
    system.publisher("webhook", &format!("{url}/hook"), &[("WEBHOOK_SECRET", SECRET)]).await
}

/// A metric's value, as the publisher serves it.
async fn metric(publisher: &Service, name: &str) -> f64 {
    let text = reqwest::get(format!("{}/metrics", publisher.base_url())).await.unwrap().text().await.unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    line.unwrap_or_else(|| panic!("no {name} in\n{text}")).parse().unwrap()
}

/// Some holds, of which every other one is collected.
async fn hold(api: &Api, count: usize) {
    for n in 0..count {
        let id = api.hold(STORE, SKUS[n % SKUS.len()], 1).await.expect(201).text("reservation_id");
        if n % 2 == 0 {
            let _ = api.advance(&id, "collect").await.expect(200);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_gets_every_event_signed_in_order_and_without_contacts() {
    let (system, target) = (System::new().await, Target::start().await);
    let commands = system.command_api().await;
    let api = Api::from(&commands);
    api.stock_up(STORE, "hinata.A", &SKUS, 1000).await;
    let mut publisher = publisher(&system, &target.url).await;
    publisher.wait_ready(READY).await.unwrap();
    hold(&api, 20).await;
    target.has_all(&system).await;

    let taken = target.taken();
    assert_eq!(taken.len(), outbox(&system).await.len(), "nothing failed, so nothing comes twice");
    let text = serde_json::to_string(&taken).unwrap();
    for private in ["山田", "090-0000", "capability", "customer"] {
        assert!(!text.contains(private), "{private} leaves the house");
    }
    // Of different reservations, whichever is told first.
    let is_held = |event: &&serde_json::Value| {
        event["type"] == "torioki.reservation.held.v1"
            && event["data"]["reservation"]["lines"][0]["sku"] == SKUS[0]
            && event["data"]["stocks"][0]["on_hand"] == 1000
    };
    assert_eq!(taken.iter().find(is_held).unwrap()["source"], "/brands/hinata");

    // Stopped and started again, it goes on where it was: a place is written after what was taken.
    let now = chrono::Utc::now().naive_utc();
    let written = format!("SELECT COUNT(*) FROM publications WHERE as_of > '{now}'");
    until("its place is written", || async { system.database.number(&written).await == 1 }).await;
    publisher.stop().await.unwrap();
    hold(&api, 4).await;
    let _publisher = self::publisher(&system, &target.url).await;
    target.has_all(&system).await;
    assert_eq!(target.taken().len(), outbox(&system).await.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_target_that_takes_nothing_holds_up_nobody_and_is_told_later() {
    let (system, target) = (System::new().await, Target::start().await);
    let mut way = Proxy::start(&target.url).await;
    let commands = system.command_api().await;
    let api = Api::from(&commands);
    let _relay = system.relay().await;
    let mut publisher = publisher(&system, way.url(&target.url).trim_end_matches('/')).await;
    publisher.wait_ready(READY).await.unwrap();
    let health = Api::from(&publisher);
    let status = || async { health.get("/readyz").await.status };
    api.stock_up(STORE, "hinata.A", &SKUS, 1000).await;
    target.has_all(&system).await;

    for mood in [Mood::Answers(500), Mood::Answers(401), Mood::Busy(1)] {
        target.turn(mood.clone());
        hold(&api, 4).await;
        until("the publisher is not ready", || async { status().await == 503 }).await;
        system.settled().await;
        let before = target.taken().len();
        target.turn(Mood::Good);
        target.has_all(&system).await;
        assert!(target.taken().len() > before, "{mood:?} kept nothing back");
        until("the publisher is ready", || async { status().await == 200 }).await;
    }

    way.cut();
    hold(&api, 4).await;
    until("the publisher is not ready", || async { status().await == 503 }).await;
    system.settled().await;
    way.restore().await;
    target.has_all(&system).await;
    until("the publisher is ready", || async { status().await == 200 }).await;

    target.turn(Mood::Slow(Duration::from_secs(2)));
    hold(&api, 4).await;
    system.settled().await;
    target.has_all(&system).await;
    assert_eq!(system.database.number("SELECT COUNT(*) FROM undelivered").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_refused_or_not_understood_is_put_aside_and_the_rest_goes_on() {
    let (system, target) = (System::new().await, Target::start().await);
    let commands = system.command_api().await;
    let api = Api::from(&commands);
    let refused = format!("stock#{STORE}#{}", SKUS[1]);
    target.turn(Mood::Refuses(422, refused.clone()));
    let strange = [
        ("pk", AttributeValue::S("stock#strange".to_owned())),
        ("version", AttributeValue::N("1".to_owned())),
        ("envelope", AttributeValue::B(Blob::new([0xff; 9]))),
    ];
    let put = system.tables.client.put_item().table_name(system.tables.prefix.name(Table::Outbox));
    let put = strange.into_iter().fold(put, |put, (name, value)| put.item(name, value));
    put.send().await.unwrap();
    api.stock_up(STORE, "hinata.A", &SKUS, 1000).await;
    hold(&api, 8).await;

    let mut publisher = publisher(&system, &target.url).await;
    publisher.wait_ready(READY).await.unwrap();
    let number = |sql: &'static str| system.database.number(sql);
    until("both are put aside", || async { number("SELECT COUNT(*) FROM undelivered").await == 2 }).await;
    assert_eq!(number("SELECT COUNT(*) FROM undelivered WHERE reason = 'answered 422' AND event LIKE '%A-M%' AND record IS NULL").await, 1);
    assert_eq!(
        number("SELECT COUNT(*) FROM undelivered WHERE event IS NULL AND record LIKE '%stock#strange%'")
            .await,
        1
    );

    // The rest is all there; the strange one is in the outbox, and no event.
    let all = outbox(&system).await;
    until("the rest is there", || async { target.taken().len() == all.len() - 2 }).await;
    assert!(target.taken().iter().all(|event| event["subject"] != refused.as_str()));

    let outcome = async |name: &str| {
        metric(&publisher, &format!("torioki_publish_events_total{{outcome=\"{name}\"}}")).await
    };
    assert_eq!(outcome("delivered").await, (all.len() - 2) as f64);
    assert_eq!((outcome("refused").await, outcome("put_aside").await), (5.0, 2.0));
    assert_eq!(metric(&publisher, "torioki_publish_waiting_events").await, 0.0);
    until("it is measured", || async {
        metric(&publisher, "torioki_publish_undelivered_events").await == 2.0
            && metric(&publisher, "torioki_publish_lag_seconds").await < 30.0
    })
    .await;
    until("the status tells of it", || async {
        let output = system.relay_work(&["status", "--json"]).output().await.unwrap();
        let told: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        let publication = &told["publications"][0];
        assert_eq!((&publication["target"], &publication["undelivered"]), (&"test".into(), &2.into()));
        publication["shards"][0]["lag_ms"].as_i64().is_some_and(|lag| (0..30_000).contains(&lag))
    })
    .await;
    let told = system.relay_work(&["status"]).output().await.unwrap().stdout;
    let told = String::from_utf8(told).unwrap();
    for words in ["published to test", "sequence number", "lag", "2 undelivered"] {
        assert!(told.contains(words), "{words} is not in\n{told}");
    }
}

/// The rest goes on at once, but what follows in the same aggregate waits for what becomes of it.
#[tokio::test(flavor = "multi_thread")]
async fn an_event_at_which_the_target_breaks_is_put_aside_once_others_were_taken() {
    let (system, target) = (System::new().await, Target::start().await);
    let commands = system.command_api().await;
    let api = Api::from(&commands);
    api.stock_up(STORE, "hinata.A", &SKUS, 1000).await;
    let aggregate = format!("stock#{STORE}#{}", SKUS[1]);
    let broken = (aggregate.clone(), 2);
    target.turn(Mood::BreaksAt(broken.clone()));
    let mut publisher = publisher(&system, &target.url).await;
    publisher.wait_ready(READY).await.unwrap();
    let adjust = async || {
        let path = format!("/v1/stores/{STORE}/stock/{}/adjustments", SKUS[1]);
        let _ = api.post(&path, serde_json::json!({"delta": 1, "reason": "found"})).await.expect(201);
    };
    adjust().await;
    adjust().await;
    let number = |sql: &'static str| system.database.number(sql);
    let aside = "SELECT COUNT(*) FROM undelivered WHERE reason = 'answered 500'";

    // Nothing else comes: whether it is the event or the target, nobody knows.
    until("it is tried so often", || async { target.tries() > 11 }).await;
    assert_eq!((number(aside).await, Api::from(&publisher).get("/readyz").await.status), (0, 503));
    let follows = |place: &Place| place.0 == aggregate && place.1 > 2;
    until("it is put aside", || async {
        let before = target.taken().len();
        hold(&api, 1).await;
        until("others are taken", || async { target.taken().len() > before }).await;
        let taken = target.taken();
        let done = number(aside).await == 1;
        assert!(done || !places(&taken).any(|place| follows(&place)), "the order of {aggregate} is lost");
        done
    })
    .await;
    let mut all = outbox(&system).await;
    all.remove(&broken);
    until("the rest is there", || async { places(&target.taken()).collect::<BTreeSet<_>>() == all }).await;
    assert_eq!(number("SELECT COUNT(*) FROM undelivered").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_target_that_takes_less_than_there_is_gets_all_of_it() {
    let (system, target) = (System::new().await, Target::start().await);
    let commands = system.command_api().await;
    let api = Api::from(&commands);
    api.stock_up(STORE, "hinata.A", &SKUS, 1000).await;
    hold(&api, 80).await;
    target.turn(Mood::Limits(8));
    let mut publisher = publisher(&system, &target.url).await;
    publisher.wait_ready(READY).await.unwrap();
    // As long as it takes to put an event aside that fails by itself.
    tokio::time::sleep(Duration::from_secs(40)).await;
    assert!(target.asked() > 100 && target.taken().len() > 10);
    target.turn(Mood::Good);
    target.has_all(&system).await;
    assert_eq!(system.database.number("SELECT COUNT(*) FROM undelivered").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_while_it_delivers_it_loses_nothing_and_keeps_the_order() {
    let (system, target) = (System::new().await, Target::start().await);
    let commands = system.command_api().await;
    let api = Api::from(&commands);
    api.stock_up(STORE, "hinata.A", &SKUS, 1000).await;
    target.turn(Mood::Slow(Duration::from_millis(20)));
    let stop = Arc::new(AtomicBool::new(false));
    let stopped = Arc::clone(&stop);
    let working = tokio::spawn(async move {
        while !stopped.load(Ordering::Relaxed) {
            hold(&api, 4).await;
        }
    });
    for n in 0..8 {
        let mut publisher = publisher(&system, &target.url).await;
        // Every life ends at another moment of its work.
        let before = target.taken().len();
        until("something is taken", || async { target.taken().len() > before }).await;
        tokio::time::sleep(Duration::from_millis(n * 7)).await;
        publisher.kill().unwrap();
    }
    stop.store(true, Ordering::Relaxed);
    working.await.unwrap();
    let _publisher = publisher(&system, &target.url).await;
    target.has_all(&system).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_publishers_of_one_name_one_works_and_the_other_takes_over() {
    let (system, target) = (System::new().await, Target::start().await);
    let commands = system.command_api().await;
    let api = Api::from(&commands);
    let mut working = publisher(&system, &target.url).await;
    working.wait_ready(READY).await.unwrap();
    let mut waiting = publisher(&system, &target.url).await;
    waiting.wait_ready(READY).await.unwrap();
    api.stock_up(STORE, "hinata.A", &SKUS, 1000).await;
    hold(&api, 20).await;
    target.has_all(&system).await;
    assert_eq!(target.taken().len(), outbox(&system).await.len(), "one of them alone sends");
    working.kill().unwrap();
    let start = std::time::Instant::now();
    hold(&api, 4).await;
    target.has_all(&system).await;
    assert!(start.elapsed() < Duration::from_secs(10), "it took {:?}", start.elapsed());
    // One that stops in order does not keep the next one waiting.
    let _next = publisher(&system, &target.url).await;
    waiting.stop().await.unwrap();
    let start = std::time::Instant::now();
    hold(&api, 4).await;
    target.has_all(&system).await;
    assert!(start.elapsed() < Duration::from_secs(4), "it took {:?}", start.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_queue_and_a_bus_get_what_failed_once_more_and_in_order() {
    let system = System::new().await;
    let commands = system.command_api().await;
    let api = Api::from(&commands);
    api.stock_up(STORE, "hinata.A", &SKUS, 1000).await;
    hold(&api, 20).await;
    for (kind, to) in [("sqs", "https://queue.example/1/events.fifo"), ("eventbridge", "events")] {
        system.database.run("DELETE FROM publications").await;
        let target = Target::start().await;
        let mut publisher = system.publisher(kind, to, &[("PUBLISH_ENDPOINT", &target.url)]).await;
        target.has_all(&system).await;
        assert_eq!(target.taken().len(), outbox(&system).await.len(), "only what failed is sent again");
        let sent: usize = target.calls().iter().map(|call| call["Entries"].as_array().unwrap().len()).sum();
        assert!(sent > target.taken().len(), "nothing failed");
        publisher.stop().await.unwrap();
    }
}
