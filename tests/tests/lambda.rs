//! The relay as an AWS Lambda function, driven through the Lambda Runtime API.

use harness::stream_records as records;
use harness::{Api, Proxy, Runtime, System};
use serde_json::{Value, json};
use tokio::process::Child;

const STORE: &str = "hinata.shibuya-01";
const SKU: &str = "hinata.KN1021-BLK-M";

/// The relay as a function.
fn function(runtime: &Runtime, mysql_url: &str) -> Child {
    runtime.function("outbox-relay", "lambda", &[("MYSQL_URL", mysql_url)])
}

async fn some_commands(system: &System) {
    let service = system.command_api().await;
    let api = Api::from(&service);
    api.stock_up(STORE, "hinata.KN1021", &[SKU], 10).await;
    for _ in 0..3 {
        let id = api.hold(STORE, SKU, 1).await.expect(201).text("reservation_id");
        let _ = api.advance(&id, "ready").await.expect(200);
        let _ = api.advance(&id, "collect").await.expect(200);
    }
}

fn failures(answer: &(String, Value)) -> &Value {
    assert_eq!(answer.0, "response", "{answer:?}");
    &answer.1["batchItemFailures"]
}

#[tokio::test(flavor = "multi_thread")]
async fn batches_are_applied_in_any_order_and_as_often_as_they_come() {
    let system = System::new().await;
    some_commands(&system).await;
    let mut records = records(&system).await;
    let mut runtime = Runtime::start().await;
    let _function = function(&runtime, &system.database.url_of("app_projection"));

    // By their names the latest come first: collected, held, made ready, counted.
    records.sort_by_key(|record| record["dynamodb"]["NewImage"]["event_type"].to_string());
    for record in &records {
        let answer = runtime.invoke(json!({"Records": [record]})).await;
        assert_eq!(failures(&answer), &json!([]));
    }
    assert_eq!(system.differences().await, Vec::<String>::new());
    let answer = runtime.invoke(json!({"Records": records})).await;
    assert_eq!(failures(&answer), &json!([]));
    assert_eq!(system.differences().await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_is_not_understood_goes_to_quarantine_and_blocks_nothing() {
    let system = System::new().await;
    some_commands(&system).await;
    let mut records = records(&system).await;
    let broken = |n: usize, change: &dyn Fn(&mut Value)| {
        let mut record = records[0].clone();
        record["dynamodb"]["SequenceNumber"] = json!(format!("{}", 9000 + n));
        change(&mut record["dynamodb"]["NewImage"]);
        record
    };
    let bad = [
        broken(0, &|image| image["envelope"] = json!({"B": "/////w=="})),
        broken(1, &|image| image["envelope"] = json!({"S": "text"})),
        broken(2, &|image| *image = json!({})),
        broken(3, &|image| image["version"] = json!({"N": "99"})),
        broken(4, &|image| image["envelope"] = json!({"B": ""})),
    ];
    let mut bare = broken(5, &|_| {});
    bare["dynamodb"].as_object_mut().unwrap().remove("NewImage");
    let mut changed = broken(6, &|_| {});
    changed["eventName"] = json!("MODIFY");
    let mut removed = records[0].clone();
    removed["eventName"] = json!("REMOVE");
    removed["userIdentity"] = json!({"type": "Service", "principalId": "dynamodb.amazonaws.com"});
    removed["dynamodb"].as_object_mut().unwrap().remove("NewImage");
    for (n, record) in bad.into_iter().chain([bare, changed, removed]).enumerate() {
        records.insert(n * 2, record);
    }

    let mut runtime = Runtime::start().await;
    let _function = function(&runtime, &system.database.url_of("app_projection"));
    for _ in 0..2 {
        let answer = runtime.invoke(json!({"Records": records})).await;
        assert_eq!(failures(&answer), &json!([]));
        assert_eq!(system.differences().await, Vec::<String>::new());
        assert_eq!(system.database.number("SELECT COUNT(*) FROM quarantine").await, 7);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_not_applied_is_named_and_comes_again() {
    let system = System::new().await;
    some_commands(&system).await;
    let records = records(&system).await;
    let url = system.database.url_of("app_projection");
    let mut mysql = Proxy::start(&url).await;
    let mut runtime = Runtime::start().await;
    let _function = function(&runtime, &mysql.url(&url));

    mysql.cut();
    let answer = runtime.invoke(json!({"Records": records})).await;
    assert_eq!(failures(&answer), &json!([{"itemIdentifier": "1000"}]));
    mysql.restore().await;
    let answer = runtime.invoke(json!({"Records": records})).await;
    assert_eq!(failures(&answer), &json!([]));
    assert_eq!(system.differences().await, Vec::<String>::new());
    let empty = runtime.invoke(json!({"Records": []})).await;
    assert_eq!(failures(&empty), &json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_value_that_the_database_refuses_is_singled_out() {
    let system = System::new().await;
    some_commands(&system).await;
    let records = records(&system).await;
    // A projection that is behind the relay's release: one column is too short for what comes.
    system
        .database
        .run("ALTER TABLE reservations MODIFY status VARCHAR(8) CHARACTER SET ascii COLLATE ascii_bin NOT NULL")
        .await;
    let mut runtime = Runtime::start().await;
    let _function = function(&runtime, &system.database.url_of("app_projection"));
    let answer = runtime.invoke(json!({"Records": records})).await;
    assert_eq!(failures(&answer), &json!([]));
    assert_eq!(system.database.number("SELECT COUNT(*) FROM quarantine").await, 3);
    let events = i64::try_from(records.len()).unwrap();
    assert_eq!(system.database.number("SELECT COUNT(*) FROM history").await, events - 3);
}

/// A function is not told of which shard its records are, so nothing can be said of all of them.
#[tokio::test(flavor = "multi_thread")]
async fn a_function_promises_no_time_and_a_poller_takes_over() {
    let system = System::new().await;
    some_commands(&system).await;
    let records = records(&system).await;
    let mut runtime = Runtime::start().await;
    let function = function(&runtime, &system.database.url_of("app_projection"));
    for _ in 0..2 {
        let answer = runtime.invoke(json!({"Records": records})).await;
        assert_eq!(failures(&answer), &json!([]));
    }
    let queries = system.query_api().await;
    let path = format!("/v1/stores/{STORE}/stock/{SKU}");
    assert_eq!(Api::from(&queries).get(&path).await.expect(200).body["as_of"], json!(null));
    assert_eq!(system.database.number("SELECT COUNT(*) FROM checkpoints WHERE as_of IS NULL").await, 1);

    drop(function);
    let _relay = system.relay().await;
    harness::until("the time is known", || async {
        Api::from(&queries).get(&path).await.body["as_of"].is_string()
    })
    .await;
}
