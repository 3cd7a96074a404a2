//! A rebuild or a reconciliation that was broken off goes on where it was.

#[path = "stream/faults.rs"]
mod faults;

use std::collections::BTreeMap;
use std::process::Stdio;
use std::time::Duration;

use faults::{Fault, Faulty};
use harness::{Api, Proxy, System, until};
use serde_json::Value;
use tokio::process::Command;

/// Stocks: some pages of each of the four segments.
const STOCKS: u32 = 6_000;
/// Most items of a page, as the relay reads them; and segments of a table.
const PAGE: usize = 500;
const SEGMENTS: usize = 4;
const LEFT: &str = "SELECT COUNT(*) FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE() \
                    AND (TABLE_NAME LIKE '%\\_next' OR TABLE_NAME LIKE '%\\_old')";
const UNFINISHED: &str = "SELECT COUNT(*) FROM unfinished_work";

/// How often which table was scanned.
#[derive(Default)]
struct Scans(BTreeMap<String, usize>);

impl Scans {
    fn of(&self, table: &str) -> usize {
        self.0.iter().filter(|(name, _)| name.ends_with(table)).map(|(_, count)| count).sum()
    }
}

impl Fault for Scans {
    fn ask(&mut self, call: &str, request: &mut Value) -> Result<(), &'static str> {
        if call == "Scan" {
            *self.0.entry(request["TableName"].as_str().unwrap().to_owned()).or_default() += 1;
        }
        Ok(())
    }
}

/// A system in which there is much to read.
async fn filled() -> System {
    let system = System::new().await;
    let (commands, _relay) = (system.command_api().await, system.relay().await);
    Api::from(&commands).stock_up("hinata.shibuya-01", "hinata.A", &["hinata.A-S"], 10).await;
    system.settled().await;
    system.tables.put_stocks(0..STOCKS).await;
    system
}

/// In what the projection differs. The many stocks have no events, which is no matter of the projection.
async fn differences(system: &System) -> Vec<String> {
    let mut differences = system.differences().await;
    differences.retain(|difference| !difference.starts_with("events of stock#hinata.store-"));
    differences
}

/// The work, on tables that count how often they are scanned.
fn work(system: &System, tables: &Faulty<Scans>, arguments: &[&str]) -> Command {
    let mut work = system.relay_work(arguments);
    work.env("DYNAMODB_ENDPOINT", &tables.url).stdout(Stdio::piped());
    work
}

/// Does the work, and kills it in the middle of the stocks.
async fn break_off(system: &System, arguments: &[&str]) -> Faulty<Scans> {
    let tables = Faulty::start(&system.tables.endpoint, Scans::default()).await;
    let mut killed = work(system, &tables, arguments).spawn().unwrap();
    until("it is in the middle", || async { tables.with(|scans| scans.of("stock") > SEGMENTS + 2) }).await;
    killed.kill().await.unwrap();
    assert!(tables.with(std::mem::take).of("stock") < STOCKS as usize / PAGE, "it was done before");
    assert!(system.database.number(UNFINISHED).await > 0);
    tables
}

/// Does the work, and kills it in the middle of the stocks; then does it again. What the second one scanned and told.
async fn broken_off(system: &System, arguments: &[&str]) -> (Scans, String) {
    let tables = break_off(system, arguments).await;
    let output = work(system, &tables, arguments).output().await.unwrap();
    let told = String::from_utf8(output.stdout).unwrap();
    assert_eq!(system.database.number(UNFINISHED).await, 0, "{told}");
    (tables.with(std::mem::take), told)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rebuild_goes_on_where_it_was_killed() {
    let system = filled().await;
    let (scans, told) = broken_off(&system, &["rebuild"]).await;
    assert_eq!((scans.of("outbox"), scans.of("masters")), (0, 0), "they were read to their end");
    let pages = STOCKS as usize / PAGE + SEGMENTS;
    assert!(scans.of("stock") < pages, "{} of about {pages} pages were read again", scans.of("stock"));
    assert!(scans.of("reservations") > 0);
    let items: u32 = told.lines().last().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    assert!(items > STOCKS, "{told}");
    assert_eq!(differences(&system).await, Vec::<String>::new());
    assert_eq!(system.database.number(LEFT).await, 0);

    // And with nothing to go on with, from the beginning.
    system.database.run("UPDATE stock SET on_hand = 77").await;
    let output = system.relay_work(&["rebuild"]).output().await.unwrap();
    assert!(output.status.success(), "{output:?}");
    assert_eq!(differences(&system).await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rebuild_that_was_broken_off_long_ago_begins_anew() {
    let system = filled().await;
    let mut killed = system.relay_work(&["rebuild"]).spawn().unwrap();
    until("it is under way", || async { system.database.number(UNFINISHED).await > 0 }).await;
    killed.kill().await.unwrap();
    system.database.run("UPDATE next_projection SET started_at = started_at - INTERVAL 21 HOUR").await;
    system.database.run("DELETE FROM stores_next").await;
    let output = system.relay_work(&["rebuild"]).output().await.unwrap();
    assert!(output.status.success(), "{output:?}");
    assert_eq!(differences(&system).await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reconciliation_goes_on_with_what_it_had_found() {
    let system = filled().await;
    // Found before the stocks, and not looked at again.
    system.database.run("UPDATE stores SET version = 0, name_en = 'Old'").await;
    let (scans, told) = broken_off(&system, &["reconcile"]).await;
    assert_eq!(scans.of("masters"), 0, "it was read to its end");
    assert!(told.contains("stores, version behind: 1 found, 0 repaired"), "{told}");
    assert!(told.contains(&format!("stock, missing: {STOCKS} found")), "{told}");

    let (_, told) = broken_off(&system, &["reconcile", "--repair"]).await;
    assert!(told.ends_with(" 0 differences remain\n"), "{told}");
    assert!(told.contains("stores, version behind: 1 found, 1 repaired"), "{told}");
    assert_eq!(differences(&system).await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_mended_since_is_no_difference_that_remains() {
    let system = filled().await;
    for mended in [&["reconcile", "--repair"][..], &["rebuild"]] {
        system.database.run("UPDATE stores SET version = 0, name_en = 'Old'").await;
        drop(break_off(&system, &["reconcile"]).await);
        let output = system.relay_work(mended).output().await.unwrap();
        assert!(output.status.success(), "{output:?}");
        let output = system.relay_work(&["reconcile"]).output().await.unwrap();
        let told = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success() && told.ends_with(" 0 differences remain\n"), "{mended:?}: {told}");
    }
}

/// What is lost after a part was read, is not in that part.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_lost_since_is_mended_from_the_beginning() {
    let system = filled().await;
    for mending in [&["reconcile", "--repair"][..], &["rebuild"]] {
        let tables = break_off(&system, mending).await;
        system.database.run("UPDATE stores SET version = 0, name_en = 'Old'").await;
        system.database.run("UPDATE checkpoints SET trimmed_at = UTC_TIMESTAMP(6)").await;
        let output = work(&system, &tables, mending).output().await.unwrap();
        assert!(output.status.success(), "{output:?}");
        assert!(tables.with(std::mem::take).of("masters") > 0, "{mending:?} went on behind them");
        let lost = "SELECT COUNT(*) FROM checkpoints WHERE trimmed_at IS NOT NULL";
        assert_eq!(system.database.number(lost).await, 0);
        assert_eq!(differences(&system).await, Vec::<String>::new());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_goes_away_is_waited_for() {
    let system = filled().await;
    for arguments in [&["reconcile", "--repair"][..], &["rebuild"]] {
        let mut proxy = Proxy::start(&system.database.url()).await;
        let mut work = system.relay_work(arguments);
        let work =
            work.env("MYSQL_URL", proxy.url(&system.database.url_of("operator"))).stdout(Stdio::piped());
        let running = work.spawn().unwrap();
        until("it is under way", || async { system.database.number(UNFINISHED).await > SEGMENTS as i64 })
            .await;
        proxy.cut();
        tokio::time::sleep(Duration::from_secs(3)).await;
        proxy.restore().await;
        let output = running.wait_with_output().await.unwrap();
        assert!(output.status.success(), "{output:?}");
        assert_eq!(differences(&system).await, Vec::<String>::new());
        assert_eq!(system.database.number(LEFT).await, 0);
    }
}
