//! What is forgotten, when, and that nothing of it is left on either side.

use std::process::Stdio;
use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use chrono::Utc;
use contracts::Table;
use devstack::service::Service;
use harness::{Api, Runtime, System, tokens, until};
use platform::auth::Role;
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Row};
use tokio::process::Command;

const STORE: &str = "hinata.shibuya-01";
const SKU: &str = "hinata.KN1021-BLK-M";
/// What there must be nothing of: name, telephone, mail and account of a customer, and words about them.
const PERSON: [&str; 5] =
    ["山田 花子", "090-1234-5678", "hanako@example.jp", "account-of-hanako", "花子さん"];

fn purge(system: &System, environment: &[(&str, &str)]) -> Command {
    let mut command =
        Command::new(std::path::Path::new(&harness::variable("TORIOKI_BIN_DIR")).join("command-api"));
    command
        .arg("purge")
        .env("DYNAMODB_ENDPOINT", &system.tables.endpoint)
        .env("TABLE_PREFIX", system.tables.prefix.to_string())
        .envs(tokens::environment())
        .envs(environment.iter().copied())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    command
}

async fn purged(system: &System) -> Value {
    let output = purge(system, &[]).output().await.unwrap();
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{output:?}"))
}

/// Lets that many days pass for holds: their time was over so long ago.
async fn let_pass(system: &System, ids: &[String], days: i64) {
    let table = system.tables.prefix.name(Table::Reservations);
    for id in ids {
        let past = (Utc::now() - chrono::Duration::days(days)).timestamp_micros();
        let update = system.tables.client.update_item().table_name(&table);
        let update =
            update.key("pk", AttributeValue::S(id.clone())).update_expression("SET expires_at = :past");
        let update = update.expression_attribute_values(":past", AttributeValue::N(past.to_string()));
        update.send().await.unwrap();
    }
}

/// Removes what the time to live would have removed by then.
async fn remove_expired(system: &System, table: Table, by: chrono::DateTime<Utc>) {
    let name = system.tables.prefix.name(table);
    for item in items(system, table).await {
        let Some(ttl) = item.get("ttl") else { continue };
        if ttl.as_n().unwrap().parse::<i64>().unwrap() <= by.timestamp() {
            let keys = if table == Table::Outbox { vec!["pk", "version"] } else { vec!["pk"] };
            let keys = keys.into_iter().map(|key| (key.to_owned(), item[key].clone())).collect();
            system.tables.client.delete_item().table_name(&name).set_key(Some(keys)).send().await.unwrap();
        }
    }
}

type Item = std::collections::HashMap<String, AttributeValue>;

async fn items(system: &System, table: Table) -> Vec<Item> {
    let scan = system.tables.client.scan().table_name(system.tables.prefix.name(table));
    scan.into_paginator().items().send().collect::<Result<_, _>>().await.unwrap()
}

/// Everything that is stored anywhere, as text, by where it is. What is bytes is read as text, too.
async fn everything(system: &System) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for table in Table::ALL {
        for item in items(system, table).await {
            let mut text = format!("{item:?}");
            for value in item.values() {
                if let Ok(bytes) = value.as_b() {
                    text.push_str(&String::from_utf8_lossy(bytes.as_ref()));
                }
            }
            found.push((format!("DynamoDB {}", table.base_name()), text));
        }
    }
    let pool = &system.database.pool;
    let columns =
        "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = DATABASE()";
    for column in sqlx::query(columns).fetch_all(pool).await.unwrap() {
        let [table, column]: [String; 2] =
            [0, 1].map(|n| String::from_utf8(column.get_unchecked::<Vec<u8>, _>(n)).unwrap());
        let values = format!("SELECT CAST(`{column}` AS BINARY) FROM `{table}` WHERE `{column}` IS NOT NULL");
        let values: Vec<Vec<u8>> = sqlx::query_scalar(AssertSqlSafe(values)).fetch_all(pool).await.unwrap();
        for value in values {
            let mut text = String::from_utf8_lossy(&value).into_owned();
            // Rows in quarantine carry envelopes in base64.
            for word in text.clone().split('"') {
                use base64::Engine;
                if let Ok(bytes) = base64::prelude::BASE64_STANDARD.decode(word) {
                    text.push_str(&String::from_utf8_lossy(&bytes));
                }
            }
            found.push((format!("MySQL {table}.{column}"), text));
        }
    }
    found
}

/// Where something of the person is.
async fn traces(system: &System) -> Vec<String> {
    let holds = |text: &str| PERSON.iter().any(|word| text.contains(word));
    let mut places: Vec<String> = everything(system)
        .await
        .into_iter()
        .filter(|(_, text)| holds(text))
        .map(|(place, _)| place)
        .collect();
    places.sort();
    places.dedup();
    places
}

async fn hold(api: &Api) -> String {
    let [name, phone, email, ..] = PERSON;
    let body = json!({
        "store_id": STORE, "lines": [{"sku": SKU, "quantity": 1}],
        "customer": {"name": name, "phone": phone, "email": email},
    });
    api.post("/v1/reservations", body).await.expect(201).text("reservation_id")
}

/// Holds of the same person: one cancelled by themselves, one by staff, one collected; and one that runs.
async fn holds(system: &System, commands: &Service) -> (Vec<String>, String) {
    let staff = Api::from(commands);
    staff.stock_up(STORE, "hinata.KN1021", &[SKU], 9).await;
    let customer = staff.with_token(system.token(Role::Customer, "hinata", &[], PERSON[3]));
    let own = hold(&customer).await;
    let of_staff = hold(&staff).await;
    let guests = hold(&staff.as_guest()).await;
    let runs = hold(&customer).await;
    // More is promised than is there: each end of a hold then also moves the shortfall.
    let _ = staff.put(&format!("/v1/stores/{STORE}/stock/{SKU}"), json!({"on_hand": 3})).await.expect(200);
    let why = json!({"reason": format!("{} asked for it", PERSON[4])});
    let _ = customer.post(&format!("/v1/reservations/{own}/cancel"), why.clone()).await.expect(200);
    let _ = staff.post(&format!("/v1/reservations/{of_staff}/cancel"), why).await.expect(200);
    let _ = staff.advance(&guests, "collect").await.expect(200);
    (vec![own, of_staff, guests], runs)
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_a_customer_is_left_after_the_retention() {
    let system = System::new().await;
    let commands = system.command_api().await;
    let (ended, runs) = holds(&system, &commands).await;
    let relay = system.relay().await;
    system.settled().await;
    assert!(!traces(&system).await.is_empty());

    // Too early for all; then for the one that runs.
    let_pass(&system, &ended, 29).await;
    assert_eq!(purged(&system).await, json!({"anonymised": 0, "skipped": 0, "failed": 0}));
    let_pass(&system, &ended, 31).await;
    assert_eq!(purged(&system).await, json!({"anonymised": 3, "skipped": 0, "failed": 0}));
    assert_eq!(purged(&system).await, json!({"anonymised": 0, "skipped": 0, "failed": 0}));
    // The test moved the holds' times behind the projection's back; the events bring them there.
    system.settled().await;
    let api = Api::from(&commands);
    assert_eq!(api.advance(&ended[0], "collect").await.outcome(), (409, "invalid_transition"));

    let _ = api.advance(&runs, "collect").await.expect(200);
    let_pass(&system, std::slice::from_ref(&runs), 31).await;
    assert_eq!(purged(&system).await["anonymised"], 1);
    system.settled().await;

    // A record that was never understood has its own end.
    system
        .database
        .run(format!(
            "INSERT INTO quarantine (stream, sequence_number, reason, record, first_seen_at) \
             VALUES ('s', '1', 'refused: {}', '{{\"x\":{{\"S\":\"{}\"}}}}', UTC_TIMESTAMP(6) - INTERVAL 31 DAY)",
            PERSON[0], PERSON[1]
        ))
        .await;
    system
        .database
        .run(format!(
            "INSERT INTO undelivered (target, stream, sequence_number, reason, record, put_aside_at) \
             VALUES ('t', 's', '1', 'refused: {}', '{{\"x\":{{\"S\":\"{}\"}}}}', UTC_TIMESTAMP(6) - INTERVAL 31 DAY)",
            PERSON[0], PERSON[1]
        ))
        .await;
    let traced = traces(&system).await;
    for place in ["MySQL quarantine.record", "MySQL undelivered.record"] {
        assert!(traced.contains(&place.to_owned()), "{place}: {traced:?}");
    }
    let output =
        Command::new(std::path::Path::new(&harness::variable("TORIOKI_BIN_DIR")).join("outbox-relay"))
            .args(["quarantine", "--mysql-url", &system.database.url_of("operator"), "purge"])
            .output();
    let output = output.await.unwrap();
    assert!(output.status.success(), "{output:?}");

    for table in [Table::Outbox, Table::Idempotency, Table::Customers] {
        remove_expired(&system, table, Utc::now() + chrono::Duration::days(30)).await;
    }
    assert_eq!(traces(&system).await, Vec::<String>::new());
    assert!(items(&system, Table::Customers).await.is_empty(), "nor a hash of them");
    let kept = items(&system, Table::Reservations).await;
    assert_eq!(kept.len(), 4, "the holds themselves are kept");
    for item in kept {
        for name in ["capability_hash", "customer_id", "due_shard"] {
            assert!(!item.contains_key(name), "{name}: {item:?}");
        }
        assert_eq!(item["customer_keys"], AttributeValue::L(Vec::new()));
    }
    drop(relay);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_comes_late_brings_nothing_back() {
    let system = System::new().await;
    let commands = system.command_api().await;
    let (ended, _) = holds(&system, &commands).await;
    let mut records = harness::stream_records(&system).await;
    let_pass(&system, &ended, 31).await;
    assert_eq!(purged(&system).await["anonymised"], 3);
    let mut runtime = Runtime::start().await;
    let _function = runtime.function(
        "outbox-relay",
        "lambda",
        &[("MYSQL_URL", &system.database.url_of("app_projection"))],
    );
    // First all, then the old ones again, one by one and in the wrong order.
    let all = harness::stream_records(&system).await;
    for record in &all {
        let (_, answer) = runtime.invoke(json!({"Records": [record]})).await;
        assert_eq!(answer["batchItemFailures"], json!([]));
    }
    system.database.run("DELETE FROM history WHERE event_type <> 'ReservationAnonymised'").await;
    records.reverse();
    for record in &records {
        let (_, answer) = runtime.invoke(json!({"Records": [record]})).await;
        assert_eq!(answer["batchItemFailures"], json!([]));
    }
    let told = "SELECT COUNT(*) FROM history WHERE reason LIKE '%花子%'";
    assert_eq!(system.database.number(told).await, 0);
    let named = "SELECT COUNT(*) FROM reservations WHERE customer_name <> ''";
    assert_eq!(system.database.number(named).await, 1, "only the one that runs");
    assert_eq!(system.differences().await, Vec::<String>::new());
}

/// The events of the purge are lost, and the projection is mended from state: it forgets all the same.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_mended_from_state_forgets_too() {
    for mending in [&["rebuild"][..], &["reconcile", "--repair"]] {
        let system = System::new().await;
        let commands = system.command_api().await;
        let (ended, _) = holds(&system, &commands).await;
        let mut relay = system.relay().await;
        system.settled().await;
        relay.stop().await.unwrap();
        let_pass(&system, &ended, 31).await;
        assert_eq!(purged(&system).await["anonymised"], 3);
        remove_expired(&system, Table::Outbox, Utc::now() + chrono::Duration::days(30)).await;
        let told =
            "SELECT COUNT(*) FROM history WHERE reason LIKE '%花子%' AND aggregate LIKE 'reservation#%'";
        assert!(system.database.number(told).await > 0);
        let mended = system.relay_work(mending).output().await.unwrap();
        assert!(mended.status.success(), "{mended:?}");
        assert_eq!(system.database.number(told).await, 0, "{mending:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_purges_and_one_killed_forget_each_hold_once() {
    const HOLDS: usize = 60;
    let system = System::new().await;
    let commands = system.command_api().await;
    let api = Api::from(&commands);
    api.stock_up(STORE, "hinata.KN1021", &[SKU], 100).await;
    let mut ids = Vec::new();
    for _ in 0..HOLDS {
        let id = hold(&api).await;
        let _ = api.advance(&id, "cancel").await.expect(200);
        ids.push(id);
    }
    let_pass(&system, &ids, 31).await;
    let published = || async {
        let rows = items(&system, Table::Outbox).await;
        let anonymised = AttributeValue::S("ReservationAnonymised".into());
        rows.into_iter().filter(|row| row["event_type"] == anonymised).count()
    };
    let mut killed = purge(&system, &[]).spawn().unwrap();
    until("the purge has begun", || async { published().await > 0 }).await;
    killed.kill().await.unwrap();
    let before = published().await;
    assert!(before < HOLDS, "the purge was done before it was killed");
    let (one, other) = tokio::join!(purged(&system), purged(&system));
    let anonymised: u64 = [&one, &other].iter().map(|purged| purged["anonymised"].as_u64().unwrap()).sum();
    // What the killed one had sent may have been written after it was counted.
    assert!(usize::try_from(anonymised).unwrap() + before <= HOLDS, "{one} {other}");
    assert_eq!(published().await, HOLDS, "{one} {other}");
    let _relay = system.relay().await;
    system.settled().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_schedule_purges_and_what_is_too_short_is_refused() {
    let system = System::new().await;
    let commands = system.command_api().await;
    let (ended, _) = holds(&system, &commands).await;
    let_pass(&system, &ended, 31).await;

    let refused: [&[(&str, &str)]; 5] = [
        &[("PURGE_DAYS", "8")],
        &[("PURGE_DAYS", "30"), ("OUTBOX_DAYS", "29")],
        &[("OUTBOX_DAYS", "1")],
        &[("OUTBOX_DAYS", "366"), ("PURGE_DAYS", "400")],
        &[("PURGE_DAYS", "-1")],
    ];
    for environment in refused {
        let output = purge(&system, environment).output().await.unwrap();
        assert!(!output.status.success() && output.stdout.is_empty(), "{environment:?} {output:?}");
    }

    let mut runtime = Runtime::start().await;
    let auth: Vec<(String, String)> = tokens::environment().collect();
    let prefix = system.tables.prefix.to_string();
    let mut environment =
        vec![("DYNAMODB_ENDPOINT", system.tables.endpoint.as_str()), ("TABLE_PREFIX", &prefix)];
    environment.extend(auth.iter().map(|(name, value)| (name.as_str(), value.as_str())));
    let _function = runtime.function("command-api", "purge", &environment);
    let (outcome, body) = runtime.invoke(json!({"detail-type": "Scheduled Event", "detail": {}})).await;
    assert_eq!((outcome.as_str(), &body["anonymised"]), ("response", &json!(3)), "{body}");
}

#[tokio::test(flavor = "multi_thread")]
async fn events_are_kept_as_long_as_is_configured() {
    let system = System::new().await;
    let mut first = system.command_api().await;
    let mut spec = first.spec().clone();
    first.stop().await.unwrap();
    spec.environment.push(("OUTBOX_DAYS".to_owned(), "3".to_owned()));
    let mut commands = Service::start(spec).await.unwrap();
    commands.wait_ready(Duration::from_secs(30)).await.unwrap();
    Api::from(&commands).stock_up(STORE, "hinata.KN1021", &[SKU], 1).await;
    for row in items(&system, Table::Outbox).await {
        let days =
            (row["ttl"].as_n().unwrap().parse::<i64>().unwrap() - Utc::now().timestamp()) as f64 / 86_400.0;
        assert!((2.9..=3.0).contains(&days), "{days} days");
    }
}
