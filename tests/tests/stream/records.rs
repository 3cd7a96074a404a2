//! Records that are not what an outbox's stream has.

use harness::{System, until};
use serde_json::{Value, json};

use crate::faults::{Fault, Faulty};
use crate::some_events;

/// Does something to every record.
struct Records(fn(&mut Value));

impl Fault for Records {
    fn answer(&mut self, call: &str, _: &Value, answer: &mut Value) {
        if call == "GetRecords" {
            answer["Records"].as_array_mut().unwrap().iter_mut().for_each(self.0);
        }
    }
}

async fn all_are_put_aside(change: fn(&mut Value), reason: &str) {
    let system = System::new().await;
    let events = some_events(&system).await;
    let stream = Faulty::start(&system.tables.endpoint, Records(change)).await;
    let _relay = system.relay_at(&stream.url, &system.database.url_of("app_projection")).await;
    let database = &system.database;
    until("all is read", || async {
        database.number("SELECT COUNT(*) FROM checkpoints WHERE sequence_number IS NOT NULL").await == 1
    })
    .await;
    let told =
        format!("SELECT COUNT(*) FROM quarantine WHERE reason LIKE '%{reason}%' AND record LIKE '%pk%'");
    assert_eq!(database.number(&told).await, events, "with the row or its key, and why");
    assert_eq!(database.number("SELECT COUNT(*) FROM history").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_row_that_the_stream_does_not_carry_is_put_aside() {
    let keys_only = |record: &mut Value| drop(record["dynamodb"].as_object_mut().unwrap().remove("NewImage"));
    all_are_put_aside(keys_only, "does not carry the new row").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_row_is_put_aside() {
    all_are_put_aside(|record| record["eventName"] = json!("MODIFY"), "MODIFY").await;
}

/// A place that nobody knows is none to go on from, and not to be written.
#[tokio::test(flavor = "multi_thread")]
async fn a_record_without_a_place_or_without_a_change_holds_up_nothing() {
    let system = System::new().await;
    let events = some_events(&system).await;
    let break_some = |record: &mut Value| match &record["dynamodb"]["Keys"]["pk"]["S"] {
        // The last of all.
        Value::String(key) if key.starts_with("reservation#") => {
            drop(record["dynamodb"].as_object_mut().unwrap().remove("SequenceNumber"));
        }
        Value::String(key) if key.starts_with("product#") => {
            drop(record.as_object_mut().unwrap().remove("dynamodb"));
        }
        _ => {}
    };
    let stream = Faulty::start(&system.tables.endpoint, Records(break_some)).await;
    let mut relay = system.relay_at(&stream.url, &system.database.url_of("app_projection")).await;
    let database = &system.database;
    for begins_anew in [false, true, false] {
        until("the others are applied", || async {
            database.number("SELECT COUNT(*) FROM history").await == events - 1
        })
        .await;
        relay.wait_ready(std::time::Duration::from_secs(30)).await.unwrap();
        let aside = "SELECT COUNT(*) FROM quarantine WHERE reason LIKE '%does not tell the change%'";
        assert_eq!(database.number(aside).await, 1);
        assert_eq!(database.number("SELECT COUNT(*) FROM quarantine").await, 1);
        relay.stop().await.unwrap();
        if begins_anew {
            // Read again, it is the same record.
            database.run("DELETE FROM checkpoints").await;
            database.run("DELETE FROM history").await;
        }
        let spec = relay.spec().clone();
        relay = devstack::service::Service::start(spec).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_removed_row_changes_nothing() {
    let system = System::new().await;
    let events = some_events(&system).await;
    let table = system.tables.prefix.name(contracts::Table::Outbox);
    let client = &system.tables.client;
    let row = client.scan().table_name(&table).send().await.unwrap().items.unwrap().swap_remove(0);
    let key = ["pk", "version"].map(|name| (name.to_owned(), row[name].clone()));
    client.delete_item().table_name(&table).set_key(Some(key.into())).send().await.unwrap();

    let _relay = system.relay().await;
    let database = &system.database;
    until("all is read", || async { database.number("SELECT COUNT(*) FROM history").await == events }).await;
    assert_eq!(database.number("SELECT COUNT(*) FROM quarantine").await, 0);
}
