//! The relay as an AWS Lambda function on Kinesis Data Streams for DynamoDB: duplicated, out of order, and in part
//! not what it should be.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use contracts::events::{Actor, Envelope, Stock, StockCounted, actor, envelope};
use harness::{Api, Proxy, Runtime, System, kinesis_record, stream_records};
use prost::Message;
use rand::SeedableRng;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use serde_json::{Value, json};

const STORE: &str = "hinata.shibuya-01";
const SKU: &str = "hinata.KN1021-BLK-M";

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
    let _function = runtime.function(
        "outbox-relay",
        "lambda",
        &[("MYSQL_URL", &system.database.url_of("app_projection"))],
    );
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
    let url = system.database.url_of("app_projection");
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

/// Counts of as many SKUs, as records of a stream would have them.
fn counts(many: usize) -> Vec<Value> {
    let count = |n: usize| {
        let sku = format!("hinata.K{n}");
        let stock = Some(Stock {
            store_id: STORE.into(),
            sku: sku.clone(),
            version: 1,
            on_hand: 5,
            ..Stock::default()
        });
        let envelope = Envelope {
            event_id: uuid::Uuid::from_u128(n as u128).to_string(),
            aggregate: format!("stock#{STORE}#{sku}"),
            version: 1,
            brand: "hinata".into(),
            occurred_at: Some(prost_types::Timestamp { seconds: 1_700_000_000, nanos: 0 }),
            actor: Some(Actor { kind: actor::Kind::Pos.into(), id: "till".into() }),
            causation_id: "c".repeat(64),
            traceparent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".into(),
            event: Some(envelope::Event::StockCounted(StockCounted { stock, ..StockCounted::default() })),
            ..Envelope::default()
        };
        let image = json!({
            "pk": {"S": envelope.aggregate}, "version": {"N": "1"},
            "envelope": {"B": BASE64_STANDARD.encode(envelope.encode_to_vec())},
        });
        json!({"eventName": "INSERT", "dynamodb": {"ApproximateCreationDateTime": 1_700_000_000, "NewImage": image}})
    };
    (0..many).map(count).collect()
}

/// As many records as an event can have, good ones and bad ones. One that is not applied within the time of a
/// transaction would be named as a failure.
#[tokio::test(flavor = "multi_thread")]
async fn the_largest_batch_is_one_transaction_in_time() {
    const MOST: usize = 10_000;
    let system = System::new().await;
    let number = async |table: &str| system.database.number(&format!("SELECT COUNT(*) FROM {table}")).await;
    let mut runtime = Runtime::start().await;
    let _function = runtime.function(
        "outbox-relay",
        "lambda",
        &[("MYSQL_URL", &system.database.url_of("app_projection"))],
    );

    let records = counts(MOST);
    let good: Vec<Value> = records.iter().enumerate().map(|(n, record)| kinesis_record(record, n)).collect();
    applied(&mut runtime, &good).await;
    let rows = [number("stock").await, number("history").await, number("quarantine").await];
    assert_eq!(rows, [10_000, 10_000, 0]);

    let newer = |(n, record): (usize, &Value)| {
        let mut record = record.clone();
        record["dynamodb"]["NewImage"]["schema"] = json!({"N": "2"});
        kinesis_record(&record, MOST + n)
    };
    let bad: Vec<Value> = records.iter().enumerate().map(newer).collect();
    for _ in 0..2 {
        applied(&mut runtime, &bad).await;
        assert_eq!(number("quarantine").await, 10_000);
    }

    // Payloads as large as a row, more of them than one packet of the database takes.
    let image = json!({"pk": {"S": "x".repeat(390 << 10)}});
    let large = json!({"eventName": "INSERT", "dynamodb": {"NewImage": image}});
    let large: Vec<Value> = (0..50).map(|n| kinesis_record(&large, 2 * MOST + n)).collect();
    applied(&mut runtime, &large).await;
    assert_eq!(number("quarantine").await, 10_050);
}
