//! `cargo dev load`: a short day on a stack of its own, thresholds that are broken, and losses that are found.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use contracts::Table;
use devstack::load::{self, Found, Report, Scenario, Target};
use devstack::{compare, fill};
use harness::{Database, System, tokens, variable};
use tokio::process::Command;
use uuid::Uuid;

/// Longest that a run may take: it starts a stack twice.
const LONGEST: Duration = Duration::from_secs(240);

fn smoke() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/smoke.toml")
}

/// A file with the short day, where each of these parts of it is that instead.
fn scenario(dir: &Path, changes: &[(&str, &str)]) -> PathBuf {
    let mut text = std::fs::read_to_string(smoke()).unwrap();
    for (part, instead) in changes {
        assert!(text.contains(part), "{part}");
        text = text.replacen(part, instead, 1);
    }
    let file = dir.join("changed.toml");
    std::fs::write(&file, text).unwrap();
    file
}

/// The shortest day in which everything happens.
const SHORT: [(&str, &str); 3] = [
    ("quiet_seconds = 6", "quiet_seconds = 2"),
    ("burst_seconds = 5", "burst_seconds = 2"),
    ("after_seconds = 4", "after_seconds = 0"),
];

/// Runs the command itself; its exit code, what it told, and what it said while it ran.
async fn run(scenario: &Path, mysql_url: &str) -> (Option<i32>, String, String) {
    let programs = variable("TORIOKI_BIN_DIR");
    let mut command = Command::new(Path::new(&programs).join("devstack"));
    command.arg("load").arg("--scenario").arg(scenario).args([
        "--built",
        &programs,
        "--mysql-url",
        mysql_url,
    ]);
    let ran = tokio::time::timeout(LONGEST, command.kill_on_drop(true).output()).await.unwrap();
    let Output { status, stdout, stderr } = ran.unwrap();
    let [told, said] = [stdout, stderr].map(|text| String::from_utf8(text).unwrap());
    (status.code(), told, said)
}

#[tokio::test]
async fn a_day_is_run_and_a_broken_threshold_is_exit_code_1() {
    let database = Database::unmigrated();
    let (code, told, said) = run(&smoke(), &database.url()).await;
    assert_eq!(code, Some(0), "{told}\n{said}");
    assert!(!told.contains("BROKEN") && told.contains("kept   lost: 0, at most 0"), "{told}");
    assert!(said.contains(" in flight  p99 "), "no line tells how it goes:\n{said}");
    let report = told.lines().find_map(|line| line.strip_prefix("report: ")).unwrap();
    let page = std::fs::read_to_string(report).unwrap();
    assert_eq!(page.matches("<svg").count(), 5);
    for elsewhere in ["src=", "href=", "@import", "url("] {
        assert!(!page.contains(elsewhere), "the page asks for something else: {elsewhere}");
    }

    let (dir, database) = (tempfile::tempdir().unwrap(), Database::unmigrated());
    let changes = [&SHORT[..], &[("lag_p99_ms = 60000.0", "lag_p99_ms = 0.001")]].concat();
    let (code, told, said) = run(&scenario(dir.path(), &changes), &database.url()).await;
    assert_eq!(code, Some(1), "{told}\n{said}");
    let broken: Vec<&str> = told.lines().filter(|line| line.starts_with("BROKEN")).collect();
    assert_eq!(broken.len(), 1, "{told}");
    assert!(broken[0].starts_with("BROKEN lag_p99_ms: ") && broken[0].ends_with(", at most 0.001"), "{told}");
}

#[tokio::test]
async fn a_mistake_is_told_before_anything_is_started() {
    let dir = tempfile::tempdir().unwrap();
    let wrong = scenario(dir.path(), &[("burst_times = 5.0", "burst_times = 5.0\nburst_colour = \"red\"")]);
    let (code, _, said) = run(&wrong, "mysql://root@127.0.0.1:1").await;
    assert!(code == Some(1) && said.contains("unknown field `burst_colour`"), "{code:?} {said}");
    let (code, _, said) = run(&smoke(), "mysql://root:secret@db.example").await;
    assert!(code == Some(1) && said.contains("db.example is not this machine"), "{code:?} {said}");
    assert!(!said.contains("secret"), "{said}");
}

type Item = HashMap<String, AttributeValue>;

/// A reservation of the write side.
async fn reservation(system: &System, is: impl Fn(&Item) -> bool) -> Item {
    let table = system.tables.prefix.name(Table::Reservations);
    let mut items = system.tables.client.scan().table_name(&table).into_paginator().items().send();
    while let Some(item) = items.try_next().await.unwrap() {
        if is(&item) {
            return item;
        }
    }
    panic!("there is no such reservation");
}

/// Whether it is of the store with the sale, which has five pieces.
fn on_sale(item: &Item) -> bool {
    let sku = item["lines"].as_l().unwrap()[0].as_m().unwrap()["sku"].as_s().unwrap();
    item["store_id"].as_s().unwrap() == "bench.s-00000" && sku == "bench.P000000-XS"
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_lost_or_sold_twice_is_found() {
    let system = System::new().await;
    let (command_api, query_api, _relay) =
        (system.command_api().await, system.query_api().await, system.relay().await);
    let issuer_url = tokens::environment().find_map(|(name, url)| (name == "JWT_ISSUER").then_some(url));
    let target = Target {
        apis: fill::Target {
            command_url: command_api.base_url().to_owned(),
            query_url: query_api.base_url().to_owned(),
            issuer_url: issuer_url.unwrap(),
        },
        engines: compare::Target {
            dynamodb_endpoint: system.tables.endpoint.clone(),
            table_prefix: system.tables.prefix.to_string(),
            mysql_url: system.database.url(),
        },
        processes: Vec::new(),
    };
    let dir = tempfile::tempdir().unwrap();
    let scenario = Scenario::open(&scenario(dir.path(), &SHORT)).unwrap();
    load::prepare(&target, &scenario).await.unwrap();
    let ran = load::run(&target, &scenario).await.unwrap();
    assert_eq!(ran.check(&target).await.unwrap(), Found::default());

    // An acknowledged hold that the projection forgot.
    system.database.run("DELETE FROM reservations ORDER BY reservation_id LIMIT 1").await;
    let found = ran.check(&target).await.unwrap();
    assert_eq!(found.lost.len(), 1, "{found:?}");
    assert!(found.lost[0].ends_with("is not there in MySQL"), "{found:?}");

    // Another that is nowhere any more.
    let table = system.tables.prefix.name(Table::Reservations);
    let item = reservation(&system, |item| !on_sale(item)).await;
    system.tables.client.delete_item().table_name(&table).key("pk", item["pk"].clone()).send().await.unwrap();
    let id = item["pk"].as_s().unwrap();
    let found = ran.check(&target).await.unwrap();
    assert!(found.lost.iter().any(|line| line.contains(id) && line.contains("in DynamoDB")), "{found:?}");

    // One command that placed six, of five pieces.
    let held = reservation(&system, on_sale).await;
    for n in 0..5 {
        let mut again = held.clone();
        again.insert("pk".to_owned(), AttributeValue::S(Uuid::from_u128(n).to_string()));
        system.tables.client.put_item().table_name(&table).set_item(Some(again)).send().await.unwrap();
    }
    let found = ran.check(&target).await.unwrap();
    assert_eq!((found.oversold.len(), found.doubled.len()), (1, 1), "{found:?}");
    assert!(found.oversold[0].contains("bench.s-00000#bench.P000000-XS"), "{found:?}");
    let report = Report::of(ran, found).unwrap();
    let broken: Vec<&str> =
        report.verdicts.iter().filter(|verdict| verdict.is_broken()).map(|verdict| verdict.name).collect();
    assert_eq!(broken, ["lost", "oversold", "doubled", "differences"]);
    assert!(!report.passed() && report.page("a day", "a machine").contains("A threshold was broken."));
}
