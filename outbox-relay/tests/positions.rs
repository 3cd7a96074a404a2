//! Whoever follows positions misses no change, whatever commits beside it.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod outbox;

use std::collections::HashMap;
use std::time::Duration;

use contracts::events::{Envelope, envelope};
use harness::Database;
use outbox_relay::core::{Batch, Change, Progress, Projector, Record};
use serde_dynamo::Item;
use tokio::time::{sleep, timeout};

use outbox::{counted, row};

fn event(sku: &str, version: u64) -> Record {
    let mut event = Envelope { aggregate: format!("stock#hinata.s#{sku}"), ..counted(version, 1) };
    if let Some(envelope::Event::StockCounted(counted)) = &mut event.event {
        counted.stock.as_mut().unwrap().sku = sku.to_owned();
    }
    let change = Change::Inserted(Item::from(row(&event)));
    Record { id: version.to_string(), sequence_number: Some(version.to_string()), created_at: None, change }
}

async fn project(projector: &Projector, shard: &str, records: &[Record]) {
    let batch = Batch { stream: "s", records, progress: Progress::Shard(shard) };
    projector.project(batch).await.unwrap();
}

/// Reads as the query API does: the last position first, then what changed up to it.
#[derive(Default)]
struct Follower {
    position: u64,
    seen: HashMap<String, u64>,
}

impl Follower {
    async fn look(&mut self, db: &Database) {
        let last = sqlx::query_scalar::<_, u64>("SELECT position FROM positions WHERE name = 'stock'");
        let Some(last) = last.fetch_optional(&db.pool).await.unwrap() else { return };
        let changed = "SELECT stock.sku, stock.version FROM stock_changes JOIN stock USING (store_id, sku) \
                       WHERE position > ? AND position <= ?";
        let changed = sqlx::query_as::<_, (String, u64)>(changed).bind(self.position).bind(last);
        for (sku, version) in changed.fetch_all(&db.pool).await.unwrap() {
            let known = self.seen.entry(sku).or_default();
            assert!(version >= *known);
            *known = version;
        }
        self.position = last;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_that_hangs_before_its_commit_is_not_overtaken() {
    let db = Database::new().await;
    let projector = Projector::new(db.service_pool("app_projection", 4));
    let mut follower = Follower::default();
    // The place in the first shard cannot be written: its transaction has done all else, and waits.
    let mut lock = db.pool.begin().await.unwrap();
    let place = "INSERT INTO checkpoints (stream, shard) VALUES ('s', 'first')";
    sqlx::query(place).execute(&mut *lock).await.unwrap();
    let start = |shard: &'static str, sku: &'static str| {
        let projector = projector.clone();
        tokio::spawn(async move { project(&projector, shard, &[event(sku, 1)]).await })
    };
    let first = start("first", "hinata.a");
    sleep(Duration::from_millis(300)).await;
    let second = start("second", "hinata.b");
    for _ in 0..10 {
        follower.look(&db).await;
        sleep(Duration::from_millis(50)).await;
    }
    lock.rollback().await.unwrap();
    for one in [first, second] {
        timeout(Duration::from_secs(10), one).await.unwrap().unwrap();
    }
    follower.look(&db).await;
    assert_eq!(follower.seen, HashMap::from([("hinata.a".to_owned(), 1), ("hinata.b".to_owned(), 1)]));
}

#[tokio::test(flavor = "multi_thread")]
async fn shards_side_by_side_leave_no_gap() {
    const SHARDS: usize = 6;
    const BATCHES: u64 = 40;
    let db = Database::new().await;
    let projector = Projector::new(db.service_pool("app_projection", 8));
    let shards: Vec<_> = (0..SHARDS)
        .map(|shard| {
            let projector = projector.clone();
            tokio::spawn(async move {
                for version in 1..=BATCHES {
                    let skus = (0..4).map(|n| format!("hinata.{shard}-{n}"));
                    let records: Vec<Record> = skus.map(|sku| event(&sku, version)).collect();
                    project(&projector, &format!("shard-{shard}"), &records).await;
                }
            })
        })
        .collect();
    let mut follower = Follower::default();
    while !shards.iter().all(tokio::task::JoinHandle::is_finished) {
        follower.look(&db).await;
    }
    for shard in shards {
        shard.await.unwrap();
    }
    follower.look(&db).await;
    assert_eq!(follower.position, SHARDS as u64 * BATCHES);
    assert_eq!(follower.seen.len(), SHARDS * 4);
    assert!(follower.seen.values().all(|version| *version == BATCHES), "{:?}", follower.seen);
}
