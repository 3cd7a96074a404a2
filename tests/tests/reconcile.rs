//! The projection is compared with command state, and mended from it.

#[path = "stream/faults.rs"]
mod faults;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use faults::{Fault, Faulty};
use harness::{Api, System};
use serde_json::{Value, json};

const STORE: &str = "hinata.shibuya-01";
const SKUS: [&str; 3] = ["hinata.A-S", "hinata.A-M", "hinata.A-L"];

/// Whether no difference remains, and what is told.
async fn reconcile(system: &System, arguments: &[&str]) -> (bool, String) {
    let output = system.relay_work(&[&["reconcile"], arguments].concat()).output().await.unwrap();
    let told = String::from_utf8(output.stdout).unwrap();
    assert!(told.contains("differences remain"), "{}", String::from_utf8_lossy(&output.stderr));
    (output.status.success(), told)
}

/// Holds, each of which moves on, until told to stop; how many.
async fn keep_holding(api: Api, stop: Arc<AtomicBool>) -> usize {
    let mut placed = 0;
    while !stop.load(Ordering::Relaxed) {
        let id = api.hold(STORE, SKUS[placed % 3], 1).await.expect(201).text("reservation_id");
        let _ = api.advance(&id, ["collect", "cancel"][placed % 2]).await.expect(200);
        placed += 1;
    }
    placed
}

/// Each kind of difference, once.
async fn spoil(system: &System) {
    for sql in [
        "DELETE FROM stock WHERE sku = 'hinata.A-S'",
        "UPDATE products SET version = 0, name_en = 'Old'",
        "UPDATE stores SET version = 900000, name_en = 'Elsewhere'",
        "UPDATE skus SET size = LOWER(size) WHERE sku = 'hinata.A-L'",
        "INSERT INTO stock (store_id, sku, brand, version, on_hand, held, safety, updated_at) \
         VALUES ('hinata.none', 'hinata.none', 'hinata', 1, 1, 0, 0, UTC_TIMESTAMP())",
        "INSERT INTO reservation_lines (reservation_id, sku, store_id, brand, running, quantity, version) \
         SELECT reservation_id, 'hinata.none', store_id, brand, 0, 1, version FROM reservations LIMIT 1",
    ] {
        system.database.run(sql).await;
    }
}

const KINDS: [&str; 6] = [
    "stock, missing: 1 found",
    "products, version behind: 1 found",
    "stores, version ahead: 1 found",
    "skus, field differs: 1 found",
    "stock, stray: 1 found",
    "reservation_lines, stray: 1 found",
];

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_of_difference_is_told_and_mended() {
    let system = System::new().await;
    let (commands, _relay) = (system.command_api().await, system.relay().await);
    let api = Api::from(&commands);
    api.stock_up(STORE, "hinata.A", &SKUS, 10).await;
    let _ = api.hold(STORE, SKUS[1], 1).await.expect(201);
    system.settled().await;
    let (is_same, told) = reconcile(&system, &[]).await;
    assert!(is_same && told.ends_with("0 differences remain\n") && !told.contains("found"), "{told}");

    spoil(&system).await;
    let (is_same, told) = reconcile(&system, &[]).await;
    assert!(!is_same && told.ends_with(" 6 differences remain\n"), "{told}");
    for kind in KINDS {
        assert!(told.contains(kind), "no `{kind}` in:\n{told}");
    }
    assert!(told.contains("hinata.A-L: in size at version 1"), "{told}");
    assert!(!system.differences().await.is_empty(), "nothing was to be changed");

    let (is_same, told) = reconcile(&system, &["--repair"]).await;
    assert!(is_same && told.ends_with(" 0 differences remain\n"), "{told}");
    assert_eq!(told.matches("1 found, 1 repaired").count(), KINDS.len(), "{told}");
    assert_eq!(system.differences().await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_on_its_way_is_no_difference() {
    let system = System::new().await;
    let (commands, _relay) = (system.command_api().await, system.relay().await);
    let api = Api::from(&commands);
    api.stock_up(STORE, "hinata.A", &SKUS, 100_000).await;
    let stop = Arc::new(AtomicBool::new(false));
    let holding = tokio::spawn(keep_holding(api.clone(), Arc::clone(&stop)));
    for _ in 0..4 {
        let (is_same, told) = reconcile(&system, &[]).await;
        assert!(is_same && !told.contains("found"), "{told}");
    }
    stop.store(true, Ordering::Relaxed);
    assert!(holding.await.unwrap() > 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn it_mends_while_commands_flow_and_after_it_was_killed() {
    let system = System::new().await;
    let (commands, _relay) = (system.command_api().await, system.relay().await);
    let api = Api::from(&commands);
    api.stock_up(STORE, "hinata.A", &SKUS, 100_000).await;
    let stop = Arc::new(AtomicBool::new(false));
    let holding = tokio::spawn(keep_holding(api.clone(), Arc::clone(&stop)));
    let (_, _) = reconcile(&system, &[]).await;
    spoil(&system).await;
    // Rows that move all the time, and that the relay takes for newer than all that comes.
    system.database.run("UPDATE stock SET version = version + 1000000, held = 77").await;
    for n in 0..4 {
        let mut killed = system.relay_work(&["reconcile", "--repair"]).spawn().unwrap();
        tokio::time::sleep(Duration::from_millis(n * 300)).await;
        killed.kill().await.unwrap();
    }
    let (is_same, told) = reconcile(&system, &["--repair"]).await;
    assert!(is_same, "{told}");
    stop.store(true, Ordering::Relaxed);
    assert!(holding.await.unwrap() > 5);
    system.settled().await;
}

/// A table that answers for one key at a time.
#[derive(Default)]
struct Unprocessed(HashMap<String, Value>);

impl Fault for Unprocessed {
    fn ask(&mut self, call: &str, request: &mut Value) -> Result<(), &'static str> {
        if call == "BatchGetItem" {
            for asked in request["RequestItems"].as_object_mut().unwrap().values_mut() {
                let rest = asked["Keys"].as_array_mut().unwrap().split_off(1);
                self.0.insert(asked["Keys"].to_string(), rest.into());
            }
        }
        Ok(())
    }

    fn answer(&mut self, call: &str, request: &Value, answer: &mut Value) {
        if call == "BatchGetItem" {
            for (table, asked) in request["RequestItems"].as_object().unwrap() {
                let rest = self.0.remove(&asked["Keys"].to_string()).unwrap();
                if rest.as_array().is_some_and(|rest| !rest.is_empty()) {
                    answer["UnprocessedKeys"] =
                        json!({table: {"Keys": rest, "ConsistentRead": asked["ConsistentRead"]}});
                }
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_was_not_processed_is_not_taken_for_missing() {
    let system = System::new().await;
    let (commands, _relay) = (system.command_api().await, system.relay().await);
    Api::from(&commands).stock_up(STORE, "hinata.A", &SKUS, 10).await;
    system.settled().await;
    let tables = Faulty::start(&system.tables.endpoint, Unprocessed::default()).await;
    let mut work = system.relay_work(&["reconcile", "--repair"]);
    let output = work.env("DYNAMODB_ENDPOINT", &tables.url).output().await.unwrap();
    let told = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success() && !told.contains("found"), "{told}");
    tables.with(|Unprocessed(asked)| assert!(asked.is_empty()));
    assert_eq!(system.differences().await, Vec::<String>::new());
}
