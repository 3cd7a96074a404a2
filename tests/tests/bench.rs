//! What `cargo dev bench query` fills and asks: a projection as the relay would have written it, and questions about it. And
//! that what the relay is measured against does the same work, and that subscribers are told.

use std::time::Duration;

use contracts::Table;
use devstack::bench::{self, Audience, BRAND, Outbox, QUESTIONS, Shape, Target, Telling};
use harness::{Api, Database, System};
use platform::auth::Role;
use serde_json::Value;

/// Rows of stock: enough that every kind of row is there.
const ROWS: u64 = 3_000;
/// How often each question is asked, each time about something else.
const TIMES: u64 = 25;

/// Whether anything is found: some list in it has something, or it is about one thing.
fn finds(answer: &Value) -> bool {
    let lists: Vec<&Vec<Value>> = answer.as_object().unwrap().values().filter_map(Value::as_array).collect();
    lists.is_empty() || lists.iter().any(|list| !list.is_empty())
}

#[tokio::test(flavor = "multi_thread")]
async fn every_question_of_the_bench_finds_something() {
    let system = System::new().await;
    let shape = Shape::of(ROWS);
    bench::fill(&system.database.url(), shape).await.unwrap();
    for (table, rows) in [
        ("stores", shape.stores),
        ("stock", shape.rows()),
        ("products", shape.products),
        ("reservations", shape.reservations),
        ("history", shape.reservations),
    ] {
        let counted = system.database.number(&format!("SELECT COUNT(*) FROM {table}")).await;
        assert_eq!(u64::try_from(counted), Ok(rows), "{table}");
    }
    // The indexes that were taken away for the time of filling are there again.
    let indexes = |database: &str| {
        format!(
            "SELECT COUNT(*) FROM information_schema.statistics WHERE table_schema = '{database}' AND table_name = 'stock'"
        )
    };
    let empty = System::new().await;
    let [filled, made] = [&system, &empty].map(|system| system.database.options.get_database().unwrap());
    assert_eq!(system.database.number(&indexes(filled)).await, empty.database.number(&indexes(made)).await);

    let service = system.query_api().await;
    let queries = Api::from(&service).with_token(system.token(Role::Manager, BRAND, &[], "manager"));
    for question in &QUESTIONS {
        let mut found = 0;
        for n in 0..TIMES {
            let answer = queries.get(&question.path(shape, n)).await.expect(200).body;
            assert_eq!(answer.get("stale"), None);
            found += u64::from(finds(&answer));
        }
        println!("{}: {found} of {TIMES} find something", question.name);
        assert!(found > 0, "{}: nothing is ever found", question.name);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_bench_sees_everybody_told() {
    let system = System::new().await;
    let shape = Shape::of(ROWS);
    bench::fill(&system.database.url(), shape).await.unwrap();
    let service = system.query_api().await;
    let query_url = service.base_url().to_owned();
    let target = Target { query_url, mysql_url: system.database.url(), caller: String::new(), shape };
    let (idle, every) = (Duration::from_millis(200), Duration::from_millis(50));
    let audience = Audience { followers: 50, idle, changes: 20, every };
    // An error where somebody is not told of something.
    let told = audience.tell(&target, service.pid()).await.unwrap().to_string();
    println!("{}\n{told}", Telling::heading());
    for line in Telling::heading().lines() {
        assert_eq!(line.matches('|').count(), told.matches('|').count(), "{told}");
    }
}

/// Events of a backlog: some are of one count or one hold.
const EVENTS: usize = 3_000;

/// How many rows a table has, and a sum over all that stands in them.
async fn content(database: &Database, table: &str, columns: &str) -> (i64, i64) {
    let sum = format!("SELECT CAST(SUM(CRC32(CONCAT_WS('|', {columns}))) AS SIGNED) FROM {table}");
    (database.number(&format!("SELECT COUNT(*) FROM {table}")).await, database.number(&sum).await)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_relay_is_measured_against_writes_the_same_rows() {
    let system = System::new().await;
    let (endpoint, table) = (system.tables.endpoint.clone(), system.tables.prefix.name(Table::Outbox));
    let outbox = Outbox { endpoint, table };
    outbox.fill(EVENTS).await.unwrap();
    let read = outbox.read(EVENTS).await.unwrap();
    let url = system.database.url();
    let drained = bench::drain(async || Ok(system.relay().await), &url, EVENTS).await;
    drop(drained.unwrap());
    let (single, many) = tokio::join!(Database::new(), Database::new());
    let one_by_one = outbox.one_by_one(&single.url(), EVENTS).await.unwrap();
    let together = bench::upsert(&many.url(), EVENTS).await.unwrap();
    println!("read: {read}; one by one: {one_by_one}; together: {together}");
    for (table, columns) in [
        ("stock", "store_id, sku, brand, on_hand, held, safety, updated_at, version"),
        (
            "reservations",
            "reservation_id, pickup_code, brand, store_id, status, customer_name, customer_phone, \
             phone_reversed, capability_hash, placed_at, expires_at, extensions, updated_at, version",
        ),
        ("reservation_lines", "reservation_id, sku, store_id, brand, running, quantity, version"),
        (
            "history",
            "aggregate, version, brand, event_id, event_type, actor, actor_id, causation_id, occurred_at",
        ),
    ] {
        let ours = content(&system.database, table, columns).await;
        assert!(ours.0 > 0, "{table} is empty");
        assert_eq!(content(&single, table, columns).await, ours, "{table}, one by one");
        assert_eq!(content(&many, table, columns).await, ours, "{table}, together");
    }
}
