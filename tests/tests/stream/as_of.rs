//! `as_of` says only what was read.

use harness::{System, until};
use serde_json::{Value, json};

use crate::faults::{Fault, Faulty};
use crate::{as_of, some_events};

/// Pages are refused, or empty before the records come.
#[derive(Default)]
struct Pages {
    refused: Option<&'static str>,
    empty: u32,
    asked: u32,
}

impl Fault for Pages {
    fn ask(&mut self, call: &str, _: &mut Value) -> Result<(), &'static str> {
        if call != "GetRecords" {
            return Ok(());
        }
        self.asked += 1;
        match self.refused {
            Some(code) if self.empty == 0 => Err(code),
            _ => Ok(()),
        }
    }

    fn answer(&mut self, call: &str, request: &Value, answer: &mut Value) {
        if call == "GetRecords" && self.empty > 0 {
            self.empty -= 1;
            *answer = json!({"Records": [], "NextShardIterator": request["ShardIterator"]});
        }
    }
}

/// While the stream gives no record, nothing is promised; once it does, all is.
async fn nothing_is_promised_while(pages: Pages) {
    let system = System::new().await;
    some_events(&system).await;
    let stream = Faulty::start(&system.tables.endpoint, pages).await;
    let queries = system.query_api().await;
    let _relay = system.relay_at(&stream.url, &system.database.url_of("app_projection")).await;
    let enough = stream.with(|pages| pages.empty) + 12;
    until("the relay has asked often", || async { stream.with(|pages| pages.asked) > enough }).await;
    let database = &system.database;
    assert_eq!(database.number("SELECT COUNT(*) FROM checkpoints").await, 1, "the shard is known");
    assert_eq!(database.number("SELECT COUNT(*) FROM checkpoints WHERE as_of IS NOT NULL").await, 0);
    assert_eq!(as_of(&queries).await, None);

    stream.with(|pages| pages.refused = None);
    system.settled().await;
    until("the time is known", || async { as_of(&queries).await.is_some() }).await;
    let before = as_of(&queries).await;
    until("it moves on", || async { as_of(&queries).await > before }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expired_iterator_is_no_empty_page() {
    nothing_is_promised_while(Pages { refused: Some("ExpiredIteratorException"), ..Pages::default() }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trimmed_iterator_is_no_empty_page() {
    nothing_is_promised_while(Pages { refused: Some("TrimmedDataAccessException"), ..Pages::default() })
        .await;
}

/// On AWS pages without records come before those with some.
#[tokio::test(flavor = "multi_thread")]
async fn the_first_empty_pages_promise_nothing() {
    nothing_is_promised_while(Pages { refused: Some("InternalServerError"), empty: 5, asked: 0 }).await;
}

/// The emulator's one shard as two: a parent that is open for a while, and its child with all the records.
#[derive(Default)]
struct Split {
    real: String,
    ended: bool,
}

const PARENT: &str = "shardId-00000000000000000001-parent";
const CHILD: &str = "shardId-00000000000000000002-child";

impl Fault for Split {
    fn ask(&mut self, call: &str, request: &mut Value) -> Result<(), &'static str> {
        if call == "GetShardIterator" {
            let shard = request["ShardId"].as_str().unwrap().to_owned();
            // The parent has a record's place only from the child, as both are one to the engine.
            request["ShardId"] = json!(if shard == PARENT { "shardId-of-nothing" } else { &self.real });
        }
        Ok(())
    }

    fn answer(&mut self, call: &str, _: &Value, answer: &mut Value) {
        if call == "DescribeStream" {
            let shard = answer["StreamDescription"]["Shards"][0].clone();
            self.real = shard["ShardId"].as_str().unwrap().to_owned();
            let (mut parent, mut child) = (shard.clone(), shard);
            parent["ShardId"] = json!(PARENT);
            child["ShardId"] = json!(CHILD);
            child["ParentShardId"] = json!(PARENT);
            answer["StreamDescription"]["Shards"] = json!([parent, child]);
        }
        let empty = answer["Records"].as_array().is_some_and(Vec::is_empty);
        if call == "GetRecords" && self.ended && empty {
            self.ended = false;
            answer.as_object_mut().unwrap().remove("NextShardIterator");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shard_that_is_known_but_not_read_holds_it_back() {
    let system = System::new().await;
    some_events(&system).await;
    let stream = Faulty::start(&system.tables.endpoint, Split::default()).await;
    let queries = system.query_api().await;
    let _relay = system.relay_at(&stream.url, &system.database.url_of("app_projection")).await;
    let database = &system.database;
    until("the parent is stamped", || async {
        database.number("SELECT COUNT(*) FROM checkpoints WHERE as_of IS NOT NULL").await == 1
    })
    .await;
    assert_eq!(database.number("SELECT COUNT(*) FROM checkpoints").await, 2);
    assert_eq!(as_of(&queries).await, None, "nothing is known of the child");

    stream.with(|split| split.ended = true);
    system.settled().await;
    until("the time is known", || async { as_of(&queries).await.is_some() }).await;
    let ended = "SELECT COUNT(*) FROM checkpoints WHERE finished_at IS NOT NULL";
    assert_eq!(database.number(ended).await, 1);
}
