//! A new projection is made beside the live one, and nobody sees the change.

use std::process::Output;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use contracts::SCHEMA_LOCK;
use harness::{Api, System, until};

const STORE: &str = "hinata.shibuya-01";
const SKUS: [&str; 3] = ["hinata.A-S", "hinata.A-M", "hinata.A-L"];
/// Never held, so that nothing but a rebuild changes it.
const QUIET: &str = "hinata.B-M";
/// Tables that only exist while a rebuild is under way.
const LEFT: &str = "SELECT COUNT(*) FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE() \
                    AND (TABLE_NAME LIKE '%\\_next' OR TABLE_NAME LIKE '%\\_old')";

async fn rebuild(system: &System) -> Output {
    system.relay_work(&["rebuild"]).output().await.unwrap()
}

async fn rebuilt(system: &System) -> String {
    let output = rebuild(system).await;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(system.database.number(LEFT).await, 0);
    assert_eq!(system.database.number("SELECT COUNT(*) FROM next_projection").await, 0);
    String::from_utf8(output.stdout).unwrap()
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

/// Looks the same things up until told to stop: they are there, never older than before, and never promised to be newer
/// than they are.
async fn keep_asking(api: Api, sku: &'static str, stop: Arc<AtomicBool>) -> usize {
    let (mut asked, mut version, mut as_of) = (0, 0, String::new());
    while !stop.load(Ordering::Relaxed) {
        let answer = api.get(&format!("/v1/stores/{STORE}/stock/{sku}")).await.expect(200);
        let seen = answer.body["version"].as_u64().unwrap();
        assert!(seen >= version, "{sku} was seen in version {version}, and now in {seen}");
        let told = answer.text("as_of");
        assert!(told >= as_of, "it was told as of {as_of}, and now {told}");
        (version, as_of) = (seen, told);
        let stores = api.get(&format!("/v1/skus/{sku}/stores")).await.expect(200);
        assert_eq!(stores.body["stores"].as_array().map(Vec::len), Some(1), "{}", stores.body);
        asked += 1;
    }
    asked
}

#[tokio::test(flavor = "multi_thread")]
async fn queries_never_see_a_gap_while_commands_flow() {
    let system = System::new().await;
    let (commands, queries) = (system.command_api().await, system.query_api().await);
    let _relay = system.relay().await;
    let api = Api::from(&commands);
    api.stock_up(STORE, "hinata.A", &SKUS, 100_000).await;
    api.stock_up(STORE, "hinata.B", &[QUIET], 10).await;
    system.settled().await;
    let known = "SELECT COUNT(*) FROM checkpoints WHERE as_of IS NOT NULL AND finished_at IS NULL";
    until("it is known as of when", || async { system.database.number(known).await == 1 }).await;
    // What only a new projection has not.
    system
        .database
        .run(
            "INSERT INTO stock (store_id, sku, brand, version, on_hand, held, safety, updated_at) \
             VALUES ('hinata.none', 'hinata.none', 'hinata', 1, 1, 0, 0, UTC_TIMESTAMP())",
        )
        .await;
    system.database.run(format!("UPDATE stock SET on_hand = 99 WHERE sku = '{QUIET}'")).await;
    system.database.run("UPDATE stores SET version = 900, name_en = 'nowhere'").await;
    let updated_at = format!(
        "SELECT CAST(UNIX_TIMESTAMP(updated_at) * 1000000 AS SIGNED) FROM stock WHERE sku = '{QUIET}'"
    );
    let updated_before = system.database.number(&updated_at).await;

    let stop = Arc::new(AtomicBool::new(false));
    let holding = tokio::spawn(keep_holding(api.clone(), Arc::clone(&stop)));
    let asked = [SKUS[0], SKUS[1], QUIET]
        .map(|sku| tokio::spawn(keep_asking(Api::from(&queries), sku, Arc::clone(&stop))));
    let mut told = String::new();
    for _ in 0..5 {
        told = rebuilt(&system).await;
    }
    stop.store(true, Ordering::Relaxed);
    for work in asked.into_iter().chain([holding]) {
        let count = work.await.unwrap();
        assert!(count > 10, "{count}");
    }
    system.settled().await;
    assert_eq!(system.database.number(&updated_at).await, updated_before, "the row did not change");
    assert!(told.starts_with("rebuild: "), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_loss_is_mended_and_the_relay_ready_again() {
    let system = System::new().await;
    let commands = system.command_api().await;
    let api = Api::from(&commands);
    let mut relay = system.relay().await;
    api.stock_up(STORE, "hinata.A", &SKUS, 10).await;
    let _ = api.hold(STORE, SKUS[0], 1).await.expect(201);
    system.settled().await;
    relay.stop().await.unwrap();
    // The stream dropped all of it before it was read.
    for table in ["stores", "products", "skus", "stock", "reservations", "reservation_lines", "history"] {
        system.database.run(format!("DELETE FROM {table}")).await;
    }
    system.database.run("UPDATE checkpoints SET trimmed_at = UTC_TIMESTAMP(6)").await;
    let mut relay = system.relay_at(&system.tables.endpoint, &system.database.url_of("app_projection")).await;
    let health = Api::from(&relay);
    until("the loss is told", || async {
        health.get("/readyz").await.body.to_string().contains("stream_trimmed")
    })
    .await;
    let _ = rebuilt(&system).await;
    system.settled().await;
    relay.wait_ready(Duration::from_secs(30)).await.unwrap();
    assert_eq!(system.database.number("SELECT COUNT(trimmed_at) FROM checkpoints").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_any_time_it_harms_nothing_and_can_begin_anew() {
    let system = System::new().await;
    let commands = system.command_api().await;
    let api = Api::from(&commands);
    let mut relay = system.relay().await;
    api.stock_up(STORE, "hinata.A", &SKUS, 100_000).await;
    let stop = Arc::new(AtomicBool::new(false));
    let holding = tokio::spawn(keep_holding(api.clone(), Arc::clone(&stop)));
    for n in 0..20 {
        let mut killed = system.relay_work(&["rebuild"]).spawn().unwrap();
        // Every life ends at another moment of its work.
        tokio::time::sleep(Duration::from_millis(n * 40)).await;
        killed.kill().await.unwrap();
        // Gone with its process, the server lets its locks go.
        relay.wait_ready(Duration::from_secs(30)).await.unwrap();
    }
    stop.store(true, Ordering::Relaxed);
    assert!(holding.await.unwrap() > 10);
    system.settled().await;
    let _ = rebuilt(&system).await;
    system.settled().await;
    relay.wait_ready(Duration::from_secs(30)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn only_one_changes_the_tables() {
    let system = System::new().await;
    let mut holder = system.database.pool.acquire().await.unwrap();
    let lock = sqlx::AssertSqlSafe(format!("SELECT GET_LOCK({SCHEMA_LOCK}, 0)"));
    sqlx::query(lock).execute(&mut *holder).await.unwrap();
    let output = rebuild(&system).await;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && said.contains("another rebuild or migration"), "{said}");
}
