//! What `cargo dev bench query` fills and asks: a projection as the relay would have written it, and questions about it.

use devstack::bench::{self, BRAND, QUESTIONS, Shape};
use harness::{Api, System};
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
