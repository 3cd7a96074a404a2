//! What the stream dropped before it was read is told, and stays told until somebody acts.

use devstack::service::Service;
use harness::{System, until};
use serde_json::Value;

use crate::faults::{Fault, Faulty};
use crate::{as_of, readiness, some_events};

/// The loss is told everywhere, and once it is mended all is well.
async fn is_told_until_mended(system: &System, relay: &Service, queries: &Service) {
    until("it is told", || async { readiness(relay).await.1.contains("stream_trimmed") }).await;
    let log = std::fs::read_to_string(relay.log()).unwrap();
    assert!(log.contains(r#""problem":"stream_trimmed""#), "{log}");
    assert_eq!(as_of(queries).await, None, "no time is true of what lost events");
    until("it is measured", || async {
        let metrics = reqwest::get(format!("{}/metrics", relay.base_url())).await.unwrap();
        metrics.text().await.unwrap().contains("torioki_relay_trimmed_shards 1")
    })
    .await;
    let mended = system.relay_work(&["reconcile", "--repair"]).output().await.unwrap();
    assert!(mended.status.success(), "{mended:?}");
    until("it is ready", || async { readiness(relay).await.0 }).await;
    let recent = "SELECT COUNT(*) FROM checkpoints WHERE finished_at IS NULL AND as_of > UTC_TIMESTAMP() - INTERVAL 1 HOUR";
    until("the time moves", || async { system.database.number(recent).await == 1 }).await;
    until("it is said", || async { as_of(queries).await.is_some() }).await;
}

/// The checkpoints that a relay left, which was stopped so long ago.
async fn left_behind(system: &System, hours: u32) {
    let mut relay = system.relay().await;
    let read = "SELECT COUNT(*) FROM checkpoints WHERE as_of IS NOT NULL";
    until("all is read", || async { system.database.number(read).await == 1 }).await;
    relay.stop().await.unwrap();
    system
        .database
        .run(format!("UPDATE checkpoints SET as_of = UTC_TIMESTAMP() - INTERVAL {hours} HOUR"))
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shard_that_left_the_stream_unread_is_told() {
    let system = System::new().await;
    some_events(&system).await;
    left_behind(&system, 0).await;
    system
        .database
        .run(
            "INSERT INTO checkpoints (stream, shard, sequence_number, as_of) SELECT stream, 'shardId-gone', \
             sequence_number, UTC_TIMESTAMP() - INTERVAL 2 DAY FROM checkpoints",
        )
        .await;
    let queries = system.query_api().await;
    let relay = system.relay_at(&system.tables.endpoint, &system.database.url_of("app_projection")).await;
    is_told_until_mended(&system, &relay, &queries).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_not_read_of_a_stream_that_was_turned_off_is_told() {
    let system = System::new().await;
    some_events(&system).await;
    left_behind(&system, 0).await;
    system
        .database
        .run(
            "INSERT INTO checkpoints (stream, shard, sequence_number, as_of, finished_at) VALUES \
             ('the one before', 'shardId-1', '1', UTC_TIMESTAMP(), NULL), \
             ('the one before', 'shardId-0', '1', UTC_TIMESTAMP(), UTC_TIMESTAMP()), \
             ('one of last week', 'shardId-1', '1', UTC_TIMESTAMP(), UTC_TIMESTAMP() - INTERVAL 8 DAY)",
        )
        .await;
    let queries = system.query_api().await;
    let relay = system.relay_at(&system.tables.endpoint, &system.database.url_of("app_projection")).await;
    is_told_until_mended(&system, &relay, &queries).await;
    // What was read to its end is no loss, and after a week nobody asks.
    let left = "SELECT COUNT(*) FROM checkpoints WHERE stream LIKE '%one%'";
    assert_eq!(system.database.number(left).await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_shard_that_was_left_too_long_is_told() {
    let system = System::new().await;
    left_behind(&system, 48).await;
    let queries = system.query_api().await;
    let relay = system.relay_at(&system.tables.endpoint, &system.database.url_of("app_projection")).await;
    until("it is told", || async { readiness(&relay).await.1.contains("stream_trimmed") }).await;
    some_events(&system).await;
    is_told_until_mended(&system, &relay, &queries).await;
}

/// A stream that goes back a day no more, and a place that is older.
struct NoSuchPlace;

impl Fault for NoSuchPlace {
    fn ask(&mut self, call: &str, request: &mut Value) -> Result<(), &'static str> {
        let is_of_place =
            call == "GetShardIterator" && request["ShardIteratorType"] == "AFTER_SEQUENCE_NUMBER";
        if is_of_place { Err("TrimmedDataAccessException") } else { Ok(()) }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_place_that_the_stream_dropped_is_told() {
    let system = System::new().await;
    some_events(&system).await;
    left_behind(&system, 48).await;
    let stream = Faulty::start(&system.tables.endpoint, NoSuchPlace).await;
    let queries = system.query_api().await;
    let relay = system.relay_at(&stream.url, &system.database.url_of("app_projection")).await;
    is_told_until_mended(&system, &relay, &queries).await;
}

/// The shop was closed for days, and the relay saw that: the last record it applied is gone, and nothing else is.
#[tokio::test(flavor = "multi_thread")]
async fn a_place_that_was_dropped_after_it_was_read_to_the_end_is_no_loss() {
    let system = System::new().await;
    some_events(&system).await;
    left_behind(&system, 2).await;
    let stream = Faulty::start(&system.tables.endpoint, NoSuchPlace).await;
    let mut relay = system.relay_at(&stream.url, &system.database.url_of("app_projection")).await;
    relay.wait_ready(std::time::Duration::from_secs(30)).await.unwrap();
    some_events(&system).await;
    system.settled().await;
    assert_eq!(
        system.database.number("SELECT COUNT(*) FROM checkpoints WHERE trimmed_at IS NOT NULL").await,
        0
    );
}
