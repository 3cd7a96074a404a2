//! Holds end when their time is over: once, by a sweep, and for everybody at that very moment.

use std::process::Stdio;
use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use contracts::Table;
use devstack::service::Service;
use futures::future::join_all;
use harness::{Api, Faults, Runtime, System, tokens, until};
use serde_json::{Value, json};
use tokio::process::{Child, Command};

const STORE: &str = "hinata.shibuya-01";
const SKU: &str = "hinata.KN1021-BLK-M";

/// A command API that does not sweep while the test lasts.
async fn unswept(system: &System) -> Service {
    swept_every(system, 86_400).await
}

async fn swept_every(system: &System, seconds: u32) -> Service {
    let mut first = system.command_api().await;
    let mut spec = first.spec().clone();
    first.stop().await.unwrap();
    spec.environment.push(("SWEEP_SECONDS".to_owned(), seconds.to_string()));
    let mut service = Service::start(spec).await.unwrap();
    service.wait_ready(Duration::from_secs(30)).await.unwrap();
    service
}

fn sweeper(system: &System) -> Command {
    sweeper_at(system, &system.tables.endpoint)
}

fn sweeper_at(system: &System, dynamodb: &str) -> Command {
    let mut command =
        Command::new(std::path::Path::new(&harness::variable("TORIOKI_BIN_DIR")).join("command-api"));
    command
        .arg("sweep")
        .env("DYNAMODB_ENDPOINT", dynamodb)
        .env("TABLE_PREFIX", system.tables.prefix.to_string())
        .envs(tokens::environment())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true);
    command
}

async fn sweep(system: &System) -> Value {
    let output = sweeper(system).output().await.unwrap();
    assert!(output.status.success(), "{output:?}");
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Lets the time of a hold be over, as if it had been placed long ago.
async fn let_expire(system: &System, ids: &[String]) {
    let table = system.tables.prefix.name(Table::Reservations);
    for id in ids {
        let past = (chrono::Utc::now() - chrono::Duration::seconds(1)).timestamp_micros();
        let update = system.tables.client.update_item().table_name(&table);
        let update = update.key("pk", AttributeValue::S(id.clone()));
        let update = update.update_expression("SET expires_at = :past");
        update
            .expression_attribute_values(":past", AttributeValue::N(past.to_string()))
            .send()
            .await
            .unwrap();
    }
}

async fn holds(api: &Api, count: usize) -> Vec<String> {
    let placed = join_all((0..count).map(|n| async move {
        let body = json!({
            "store_id": STORE, "lines": [{"sku": SKU, "quantity": 1}],
            "customer": {"name": "花子", "phone": format!("090-0000-{n:04}")},
        });
        api.post("/v1/reservations", body).await.expect(201).text("reservation_id")
    }));
    placed.await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_too_late_is_too_late_without_any_sweep() {
    let system = System::new().await;
    let commands = unswept(&system).await;
    let api = Api::from(&commands);
    api.stock_up(STORE, "hinata.KN1021", &[SKU], 5).await;
    let ids = holds(&api, 2).await;
    let_expire(&system, &ids).await;
    for to in ["ready", "collect", "extend"] {
        assert_eq!(api.advance(&ids[0], to).await.outcome(), (409, "reservation_expired"), "{to}");
    }
    // Giving up what nobody may have any more is still possible.
    let _ = api.advance(&ids[0], "cancel").await.expect(200);
    assert_eq!(sweep(&system).await, json!({"expired": 1, "skipped": 0, "failed": 0}));
    let again = api.advance(&ids[1], "collect").await;
    assert_eq!(
        (again.outcome(), &again.body["reservation_status"]),
        ((409, "invalid_transition"), &json!("expired"))
    );
    let _relay = system.relay().await;
    system.settled().await;
}

/// How many holds have ended so, by their events.
async fn expired(system: &System) -> i32 {
    let table = system.tables.prefix.name(Table::Outbox);
    let scan = system.tables.client.scan().table_name(table).filter_expression("event_type = :expired");
    let scan = scan.expression_attribute_values(":expired", AttributeValue::S("ReservationExpired".into()));
    scan.send().await.unwrap().count()
}

#[tokio::test(flavor = "multi_thread")]
async fn sweeps_in_a_storm_end_each_hold_once() {
    const HOLDS: usize = 40;
    let system = System::new().await;
    let commands = unswept(&system).await;
    let api = Api::from(&commands);
    api.stock_up(STORE, "hinata.KN1021", &[SKU], 200).await;
    let mut ids = holds(&api, HOLDS / 2).await;
    ids.extend(holds(&api, HOLDS / 2).await);
    let_expire(&system, &ids).await;

    let faults = Faults::start(&system.tables.endpoint).await;
    faults.storm(7);
    // A sweep that meets a fault leaves the rest to the next one.
    until("all holds have ended", || async {
        let _ = sweeper_at(&system, faults.url()).output().await.unwrap();
        expired(&system).await == i32::try_from(HOLDS).unwrap()
    })
    .await;
    faults.calm();
    until("every late write has arrived", || async { faults.idle() }).await;
    assert_eq!(sweep(&system).await, json!({"expired": 0, "skipped": 0, "failed": 0}));
    assert_eq!(expired(&system).await, i32::try_from(HOLDS).unwrap());
    let _relay = system.relay().await;
    system.settled().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_sweepers_and_one_killed_end_each_hold_once() {
    const HOLDS: usize = 120;
    let system = System::new().await;
    let commands = unswept(&system).await;
    let api = Api::from(&commands);
    api.stock_up(STORE, "hinata.KN1021", &[SKU], 200).await;
    let running = holds(&api, 5).await;
    let mut ids = Vec::new();
    while ids.len() < HOLDS {
        ids.extend(holds(&api, 20).await);
    }
    let_expire(&system, &ids).await;

    let outbox = || expired(&system);
    // One is killed when it has begun.
    let mut killed: Child = sweeper(&system).spawn().unwrap();
    until("the sweep has begun", || async { outbox().await > 0 }).await;
    killed.kill().await.unwrap();
    let before = outbox().await;
    assert!(before < i32::try_from(HOLDS).unwrap(), "the sweep was done before it was killed");

    let (one, two) = tokio::join!(sweep(&system), sweep(&system));
    let expired = [&one, &two].map(|swept| swept["expired"].as_i64().unwrap());
    assert_eq!(expired.iter().sum::<i64>() + i64::from(before), i64::try_from(HOLDS).unwrap(), "{one} {two}");
    assert_eq!(outbox().await, i32::try_from(HOLDS).unwrap());
    assert_eq!(sweep(&system).await, json!({"expired": 0, "skipped": 0, "failed": 0}));

    let _relay = system.relay().await;
    system.settled().await;
    let held = "SELECT held FROM stock";
    assert_eq!(system.database.number(&held.replace("held", "CAST(held AS SIGNED)")).await, 5);
    let _ = api.advance(&running[0], "collect").await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_api_sweeps_by_itself_and_so_does_a_function() {
    let system = System::new().await;
    let commands = unswept(&system).await;
    let api = Api::from(&commands);
    api.stock_up(STORE, "hinata.KN1021", &[SKU], 9).await;

    let ids = holds(&api, 3).await;
    let_expire(&system, &ids[..2]).await;
    let mut runtime = Runtime::start().await;
    let auth: Vec<(String, String)> = tokens::environment().collect();
    let prefix = system.tables.prefix.to_string();
    let mut environment =
        vec![("DYNAMODB_ENDPOINT", system.tables.endpoint.as_str()), ("TABLE_PREFIX", &prefix)];
    environment.extend(auth.iter().map(|(name, value)| (name.as_str(), value.as_str())));
    let _function = runtime.function("command-api", "sweep", &environment);
    // As a schedule of EventBridge sends it.
    let event = json!({
        "version": "0", "id": "53dc4d37-cffa-4f76-80c9-8b7d4a4d2eaa", "detail-type": "Scheduled Event",
        "source": "aws.events", "account": "123456789012", "time": "2026-10-08T16:53:06Z",
        "region": "ap-northeast-1", "resources": ["arn:aws:events:ap-northeast-1:123456789012:rule/sweep"],
        "detail": {},
    });
    let (outcome, body) = runtime.invoke(event).await;
    assert_eq!((outcome.as_str(), &body["expired"]), ("response", &json!(2)), "{body}");

    let _sweeping = swept_every(&system, 1).await;
    let_expire(&system, &ids[2..]).await;
    until("the API has swept", || async {
        let moved = api.advance(&ids[2], "ready").await;
        moved.body["reservation_status"] == "expired"
    })
    .await;
}
