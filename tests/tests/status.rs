//! What the relay shows of its work: the status command, its metrics, and its readiness when it falls behind.

use std::path::Path;
use std::time::Duration;

use devstack::service::Service;
use harness::{Api, System, until};
use serde_json::Value;
use tokio::process::Command;

const STORE: &str = "hinata.shibuya-01";
const SKU: &str = "hinata.KN1021-BLK-M";

/// What `outbox-relay status` prints.
async fn status(system: &System, arguments: &[&str]) -> String {
    let program = Path::new(&harness::variable("TORIOKI_BIN_DIR")).join("outbox-relay");
    let mut command = Command::new(program);
    command.arg("status").args(arguments).env("MYSQL_URL", system.database.url_of("support"));
    let output = command.output().await.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// A metric's value, as the relay serves it.
async fn metric(relay: &Service, name: &str) -> f64 {
    let text = reqwest::get(format!("{}/metrics", relay.base_url())).await.unwrap().text().await.unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    line.unwrap_or_else(|| panic!("no {name} in\n{text}")).parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn progress_is_told_to_people_and_programs() {
    let system = System::new().await;
    system.database.add_user("support").await;
    assert_eq!(status(&system, &[]).await, "no shard was seen yet\n0 in quarantine\n");

    let (commands, relay) = (system.command_api().await, system.relay().await);
    assert_eq!(metric(&relay, "torioki_relay_retries_total").await, 0.0);
    Api::from(&commands).stock_up(STORE, "hinata.KN1021", &[SKU], 10).await;
    system.settled().await;
    system
        .database
        .run(
            "INSERT INTO quarantine (stream, sequence_number, reason, record, first_seen_at) \
             VALUES ('arn', '1', 'a reason', '{}', UTC_TIMESTAMP(6))",
        )
        .await;
    let events = system.database.number("SELECT COUNT(*) FROM history").await;

    until("the time is known", || async {
        let told: Value = serde_json::from_str(&status(&system, &["--json"]).await).unwrap();
        told["shards"][0]["lag_ms"].as_i64().is_some_and(|lag| (0..30_000).contains(&lag))
    })
    .await;
    let told: Value = serde_json::from_str(&status(&system, &["--json"]).await).unwrap();
    let shard = &told["shards"][0];
    for member in ["stream", "shard", "sequence_number", "event_at", "applied_at", "as_of"] {
        assert!(shard[member].is_string(), "{member} in {told}");
    }
    let time =
        |member: &str| shard[member].as_str().unwrap().parse::<chrono::DateTime<chrono::Utc>>().unwrap();
    assert!(time("event_at") <= time("applied_at"), "{told}");
    assert_eq!((&told["quarantined"], told["shards"].as_array().unwrap().len()), (&1.into(), 1));
    let text = status(&system, &[]).await;
    for words in ["sequence number", "event time", "applied time", "lag", "1 in quarantine, the oldest since"]
    {
        assert!(text.contains(words), "{words} is not in\n{text}");
    }

    until("the relay counts what is in quarantine", || async {
        metric(&relay, "torioki_relay_quarantined_records").await == 1.0
    })
    .await;
    assert!(metric(&relay, "torioki_relay_lag_seconds").await < 30.0);
    let applied = r#"torioki_relay_events_total{outcome="applied"}"#;
    assert_eq!(metric(&relay, applied).await, events as f64);
    assert_eq!(metric(&relay, "torioki_relay_batch_records_sum").await, events as f64);

    // Where a statement fails, it is begun anew.
    system.database.run("RENAME TABLE history TO elsewhere").await;
    let _ = Api::from(&commands).hold(STORE, SKU, 1).await.expect(201);
    until("it tried again", || async { metric(&relay, "torioki_relay_retries_total").await > 1.0 }).await;
    system.database.run("RENAME TABLE elsewhere TO history").await;
    system.settled().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_relay_that_is_too_far_behind_is_not_ready() {
    let system = System::new().await;
    system.database.add_user("support").await;
    let mut relay = system.relay().await;
    let mut spec = relay.spec().clone();
    relay.stop().await.unwrap();
    // Less than it takes to be sure that a quiet stream is quiet.
    spec.arguments.extend(["--max-lag-seconds", "1"].map(str::to_owned));
    let relay = Service::start(spec.clone()).await.unwrap();
    let reason = async |relay: &Service| Api::from(relay).get("/readyz").await.body["reason"].to_string();
    until("it is not ready", || async { reason(&relay).await.contains("further behind") }).await;
    assert!(metric(&relay, "torioki_relay_lag_seconds").await > 1.0);
    drop(relay);

    spec.arguments.truncate(spec.arguments.len() - 2);
    let mut relay = Service::start(spec).await.unwrap();
    relay.wait_ready(Duration::from_secs(30)).await.unwrap();
}
