//! The relay as an AWS Lambda function on Kinesis Data Streams for DynamoDB: duplicated, out of order, and in part
//! not what it should be.

use std::time::{Duration, Instant};

use harness::{Api, Proxy, Runtime, System, kinesis_record, stream_records};
use rand::SeedableRng;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use serde_json::{Value, json};

const STORE: &str = "hinata.shibuya-01";
const SKU: &str = "hinata.KN1021-BLK-M";
/// What one transaction may take.
const TRANSACTION: Duration = Duration::from_secs(10);

async fn some_commands(system: &System) {
    let service = system.command_api().await;
    let api = Api::from(&service);
    api.stock_up(STORE, "hinata.KN1021", &[SKU], 10).await;
    for _ in 0..3 {
        let id = api.hold(STORE, SKU, 1).await.expect(201).text("reservation_id");
        let _ = api.advance(&id, "ready").await.expect(200);
        let _ = api.advance(&id, "cancel").await.expect(200);
    }
}

async fn applied(runtime: &mut Runtime, records: &[Value]) {
    let (outcome, answer) = runtime.invoke(json!({"Records": records})).await;
    assert_eq!((outcome.as_str(), &answer["batchItemFailures"]), ("response", &json!([])), "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn duplicates_and_disorder_come_to_the_same() {
    let system = System::new().await;
    some_commands(&system).await;
    let records = stream_records(&system).await;
    // Each three times, at places of its own, in an order that is nobody's.
    let mut mixed: Vec<&Value> = records.iter().chain(&records).chain(&records).collect();
    mixed.shuffle(&mut StdRng::seed_from_u64(4));
    let mixed: Vec<Value> =
        mixed.into_iter().enumerate().map(|(place, record)| kinesis_record(record, place)).collect();
    let mut runtime = Runtime::start().await;
    let _function = runtime.function("outbox-relay", "lambda", &[("MYSQL_URL", &system.database.url())]);
    for some in mixed.chunks(7) {
        applied(&mut runtime, some).await;
    }
    assert_eq!(system.differences().await, Vec::<String>::new());
    // The same function takes the other source, too.
    applied(&mut runtime, &records).await;
    assert_eq!(system.differences().await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_not_applied_is_named_by_its_place_in_kinesis() {
    let system = System::new().await;
    some_commands(&system).await;
    let records: Vec<Value> = stream_records(&system)
        .await
        .iter()
        .enumerate()
        .map(|(n, record)| kinesis_record(record, n))
        .collect();
    let url = system.database.url();
    let mut mysql = Proxy::start(&url).await;
    let mut runtime = Runtime::start().await;
    let _function = runtime.function("outbox-relay", "lambda", &[("MYSQL_URL", &mysql.url(&url))]);
    mysql.cut();
    let (_, answer) = runtime.invoke(json!({"Records": records})).await;
    let first = &records[0]["kinesis"]["sequenceNumber"];
    assert_eq!(answer["batchItemFailures"], json!([{"itemIdentifier": first}]));
    mysql.restore().await;
    applied(&mut runtime, &records).await;
    assert_eq!(system.differences().await, Vec::<String>::new());
}

/// As many records as an event can have, good ones and bad ones.
#[tokio::test(flavor = "multi_thread")]
async fn the_largest_batch_is_one_transaction_in_time() {
    const MOST: usize = 10_000;
    let system = System::new().await;
    some_commands(&system).await;
    let records = stream_records(&system).await;
    let mut runtime = Runtime::start().await;
    let _function = runtime.function("outbox-relay", "lambda", &[("MYSQL_URL", &system.database.url())]);

    let good: Vec<Value> = (0..MOST).map(|n| kinesis_record(&records[n % records.len()], n)).collect();
    let started = Instant::now();
    applied(&mut runtime, &good).await;
    assert!(started.elapsed() < TRANSACTION, "{:?}", started.elapsed());
    assert_eq!(system.differences().await, Vec::<String>::new());

    let bad: Vec<Value> = (MOST..2 * MOST)
        .map(|n| {
            let mut record = records[n % records.len()].clone();
            record["dynamodb"]["NewImage"]["schema"] = json!({"N": "2"});
            kinesis_record(&record, n)
        })
        .collect();
    let started = Instant::now();
    for _ in 0..2 {
        applied(&mut runtime, &bad).await;
    }
    assert!(started.elapsed() < 2 * TRANSACTION, "{:?}", started.elapsed());
    let quarantined = system.database.number("SELECT COUNT(*) FROM quarantine").await;
    assert_eq!(quarantined, i64::try_from(MOST).unwrap());

    // Payloads as large as a row, more of them than one packet of the database takes.
    let payload = "x".repeat(390 << 10);
    let large: Vec<Value> = (0..50)
        .map(|n| {
            kinesis_record(
                &json!({"eventName": "INSERT", "dynamodb": {"NewImage": {"pk": {"S": payload}}}}),
                2 * MOST + n,
            )
        })
        .collect();
    applied(&mut runtime, &large).await;
    let quarantined = system.database.number("SELECT COUNT(*) FROM quarantine").await;
    assert_eq!(quarantined, i64::try_from(MOST + large.len()).unwrap());
}
