//! `outbox-relay quarantine`: the real binary, on records that a real function put aside.

use std::process::{Output, Stdio};

use harness::{Api, Runtime, System, stream_records};
use serde_json::{Value, json};
use tokio::process::Command;

const STORE: &str = "hinata.shibuya-01";
const SKU: &str = "hinata.KN1021-BLK-M";

async fn quarantine(system: &System, arguments: &[&str]) -> Output {
    Command::new(std::path::Path::new(&harness::variable("TORIOKI_BIN_DIR")).join("outbox-relay"))
        .arg("quarantine")
        .args(["--mysql-url", &system.database.url_of("operator")])
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .await
        .unwrap()
}

async fn json_of(system: &System, arguments: &[&str]) -> Value {
    let output = quarantine(system, &[arguments, &["--json"]].concat()).await;
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{output:?}"))
}

/// A system whose function has put every record of a hold aside, as of a newer contract, and one that is broken.
async fn put_aside() -> System {
    let system = System::new().await;
    let service = system.command_api().await;
    let api = Api::from(&service);
    api.stock_up(STORE, "hinata.KN1021", &[SKU], 10).await;
    let id = api.hold(STORE, SKU, 1).await.expect(201).text("reservation_id");
    let _ = api.advance(&id, "collect").await.expect(200);
    let mut records = stream_records(&system).await;
    for record in &mut records {
        let image = &mut record["dynamodb"]["NewImage"];
        if image["pk"]["S"].as_str().unwrap().starts_with("reservation#") {
            image["schema"] = json!({"N": "2"});
        }
    }
    let mut broken = records[0].clone();
    broken["dynamodb"]["SequenceNumber"] = json!("9000");
    broken["dynamodb"]["NewImage"] = json!({"pk": {"S": "shelf"}});
    records.push(broken);
    let mut runtime = Runtime::start().await;
    let _function = runtime.function(
        "outbox-relay",
        "lambda",
        &[("MYSQL_URL", &system.database.url_of("app_projection"))],
    );
    let (outcome, answer) = runtime.invoke(json!({"Records": records})).await;
    assert_eq!((outcome.as_str(), &answer["batchItemFailures"]), ("response", &json!([])));
    system
}

/// What a release that knows the newer contract would find.
async fn learn_the_newer_contract(system: &System) {
    let sql = r#"UPDATE quarantine SET record = REPLACE(record, '"schema":{"N":"2"}', '"schema":{"N":"1"}')"#;
    system.database.run(sql).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn records_are_listed_in_pages_and_by_filters() {
    let system = put_aside().await;
    let all = json_of(&system, &["list"]).await;
    let listed = all["records"].as_array().unwrap();
    assert_eq!((listed.len(), &all["next"]), (3, &Value::Null), "{all}");
    assert!(listed.iter().all(|entry| entry["record"].is_null() && entry["first_seen_at"].is_string()));

    let first = json_of(&system, &["list", "--limit", "2"]).await;
    assert_eq!(first["records"].as_array().unwrap()[..], listed[..2]);
    let after = first["next"].to_string();
    let second = json_of(&system, &["list", "--limit", "2", "--after", &after]).await;
    assert_eq!((&second["records"], &second["next"]), (&json!([listed[2]]), &Value::Null));

    let newer = json_of(&system, &["list", "--reason", "newer"]).await;
    assert_eq!(newer["records"].as_array().unwrap().len(), 2);
    let stream = listed[0]["stream"].as_str().unwrap();
    assert_eq!(json_of(&system, &["list", "--stream", stream]).await, all);
    assert_eq!(json_of(&system, &["list", "--stream", "other"]).await["records"], json!([]));
    for wrong in [["list", "--limit", "0"], ["list", "--limit", "101"]] {
        assert!(!quarantine(&system, &wrong).await.status.success());
    }
    let told = String::from_utf8(quarantine(&system, &["list", "--limit", "2"]).await.stdout).unwrap();
    assert!(told.lines().count() == 3 && told.ends_with(&format!("more: --after {after}\n")), "{told}");

    let id = listed[0]["id"].to_string();
    let shown = json_of(&system, &["show", &id]).await;
    assert_eq!(shown["record"]["schema"], json!({"N": "2"}), "{shown}");
    assert!(!quarantine(&system, &["show", "999"]).await.status.success());
}

/// AWS promises a sequence number to be one record's within its shard only.
#[tokio::test(flavor = "multi_thread")]
async fn records_of_two_shards_with_one_sequence_number_are_both_kept() {
    let system = System::new().await;
    let record = |event_id: &str| {
        json!({
            "eventID": event_id, "eventName": "MODIFY", "eventSource": "aws:dynamodb", "eventSourceARN": "arn",
            "dynamodb": {"SequenceNumber": "7", "Keys": {"pk": {"S": event_id}}},
        })
    };
    let mut runtime = Runtime::start().await;
    let _function = runtime.function(
        "outbox-relay",
        "lambda",
        &[("MYSQL_URL", &system.database.url_of("app_projection"))],
    );
    for shard in ["one", "other", "one"] {
        let (_, answer) = runtime.invoke(json!({"Records": [record(shard)]})).await;
        assert_eq!(answer["batchItemFailures"], json!([]), "{answer}");
    }
    let (_, answer) = runtime.invoke(json!({"Records": [record("one"), record("other")]})).await;
    assert_eq!(answer["batchItemFailures"], json!([]), "{answer}");
    let listed = json_of(&system, &["list"]).await;
    let places: Vec<&Value> =
        listed["records"].as_array().unwrap().iter().map(|entry| &entry["sequence_number"]).collect();
    assert_eq!(places, ["7", "7"], "{listed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redrive_applies_what_is_understood_by_now_and_keeps_the_rest() {
    let system = put_aside().await;
    let before = json_of(&system, &["list"]).await;
    let as_of = "SELECT COUNT(*) FROM checkpoints";
    let checkpoints = system.database.number(as_of).await;
    // Nothing has changed: all stay, and none is written.
    let output = quarantine(&system, &["redrive", "--all"]).await;
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert_eq!(json_of(&system, &["list"]).await, before);

    learn_the_newer_contract(&system).await;
    // Two at once: each record is applied by one of them.
    let (one, other) =
        tokio::join!(json_of(&system, &["redrive", "--all"]), json_of(&system, &["redrive", "--all"]));
    let applied = [&one, &other].map(|answer| answer["applied"].as_u64().unwrap());
    assert_eq!(applied.iter().sum::<u64>(), 2, "{one} {other}");
    assert_eq!(system.differences().await, Vec::<String>::new());
    assert_eq!(system.database.number("SELECT COUNT(*) FROM quarantine").await, 1);
    assert_eq!(system.database.number(as_of).await, checkpoints, "a redrive moves no place in a stream");

    let left = json_of(&system, &["list"]).await["records"][0]["id"].to_string();
    assert_eq!(quarantine(&system, &["redrive", &left]).await.status.code(), Some(1));
    assert_eq!(quarantine(&system, &["redrive", "999"]).await.status.code(), Some(1));
    assert_eq!(quarantine(&system, &["redrive"]).await.status.code(), Some(2), "neither ids nor --all");
}

/// A value that the database refuses leaves neither half of the work.
#[tokio::test(flavor = "multi_thread")]
async fn a_redrive_writes_all_or_nothing() {
    let system = put_aside().await;
    learn_the_newer_contract(&system).await;
    let history = "SELECT COUNT(*) FROM history";
    let before = system.database.number(history).await;
    // As long as the longest name there is by now: the two of the hold are longer.
    let narrow =
        "ALTER TABLE history MODIFY event_type VARCHAR(14) CHARACTER SET ascii COLLATE ascii_bin NOT NULL";
    system.database.run(narrow).await;
    let answer = json_of(&system, &["redrive", "--all"]).await;
    assert_eq!((&answer["applied"], answer["stays"].as_array().unwrap().len()), (&json!(0), 3), "{answer}");
    assert_eq!(system.database.number(history).await, before);
    assert_eq!(system.database.number("SELECT COUNT(*) FROM reservations").await, 0);
    assert_eq!(system.database.number("SELECT COUNT(*) FROM quarantine").await, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_discard_takes_a_reason_and_is_logged() {
    let system = put_aside().await;
    let listed = json_of(&system, &["list", "--reason", "missing"]).await;
    let id = listed["records"][0]["id"].to_string();
    for incomplete in [vec!["discard", &id], vec!["discard", &id, "--reason", ""]] {
        assert_eq!(quarantine(&system, &incomplete).await.status.code(), Some(2));
    }
    assert_eq!(system.database.number("SELECT COUNT(*) FROM quarantine").await, 3);
    let output = quarantine(&system, &["discard", &id, "--reason", "sent by a test"]).await;
    assert!(output.status.success(), "{output:?}");
    let log = String::from_utf8(output.stderr).unwrap();
    for word in ["sent by a test", "9000", "arn:aws:dynamodb"] {
        assert!(log.contains(word), "{word}: {log}");
    }
    assert_eq!(system.database.number("SELECT COUNT(*) FROM quarantine").await, 2);
    assert_eq!(quarantine(&system, &["discard", &id, "--reason", "again"]).await.status.code(), Some(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_purge_empties_what_is_old_and_keeps_it_listed() {
    let system = put_aside().await;
    let kept = "SELECT COUNT(*) FROM quarantine WHERE record <> ''";
    let purge = ["purge", "--days", "30"];
    let purged = async || {
        let output = quarantine(&system, &purge).await;
        serde_json::from_slice::<Value>(&output.stdout).unwrap_or_else(|_| panic!("{output:?}"))["purged"]
            .clone()
    };
    assert_eq!(purged().await, 0);
    system
        .database
        .run("UPDATE quarantine SET first_seen_at = UTC_TIMESTAMP(6) - INTERVAL 31 DAY WHERE id > 1")
        .await;
    assert_eq!(purged().await, 2);
    assert_eq!(purged().await, 0);
    assert_eq!(system.database.number(kept).await, 1);
    // They are listed as what they are, and wait for nobody.
    let listed = json_of(&system, &["list"]).await;
    let emptied: Vec<bool> =
        listed["records"].as_array().unwrap().iter().map(|entry| entry["emptied_at"].is_string()).collect();
    assert_eq!(emptied, [false, true, true]);
    assert_eq!(json_of(&system, &["list", "--full"]).await["records"].as_array().unwrap().len(), 1);
    let status = system.relay_work(&["status"]).output().await.unwrap();
    assert!(String::from_utf8(status.stdout).unwrap().contains("1 in quarantine"));
    learn_the_newer_contract(&system).await;
    let answer = json_of(&system, &["redrive", "--all"]).await;
    assert_eq!(answer, json!({"applied": 1, "stays": []}));
    assert_eq!(json_of(&system, &["redrive", "2"]).await["stays"][0]["reason"], "its content was purged");
    assert!(
        !quarantine(&system, &["purge", "--days", "3"]).await.status.success(),
        "an outbox row may be younger"
    );
}
