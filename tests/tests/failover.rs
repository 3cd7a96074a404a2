//! The projection's server demoted, killed and halted: a real one of the test's own, of every kind that the machine has.
//!
//! Commands are taken all the while, the relay says that it cannot work, and soon after the server's return the projection
//! has everything again, without anybody's help.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use devstack::engines::Mysql;
use devstack::engines::mysql::{Flavour, flavours};
use devstack::service::Service;
use harness::{Answer, Api, Database, System, Tables, until};
use reqwest::Method;
use serde_json::json;
use tempfile::TempDir;
use tokio::task::JoinHandle;

const STORE: &str = "hinata.shibuya-01";
const SKU: &str = "hinata.KN1021-BLK-M";
const STOCK: &str = "/v1/stores/hinata.shibuya-01/stock/hinata.KN1021-BLK-M";
/// Longest until the relay says that it is not ready: a transaction that hangs is given up after ten seconds.
const RED: Duration = Duration::from_secs(15);
/// Longest until all is well again after the server's return: the relay's longest pause is three seconds.
const CAUGHT_UP: Duration = Duration::from_secs(10);
/// Holds that have to be placed while the server is away.
const MEANWHILE: usize = 20;

/// Everything, on a server of its own. What uses the server is dropped before it.
struct Stack {
    relay: Api,
    queries: Api,
    commands: Api,
    _services: [Service; 3],
    system: System,
    engine: Option<Mysql>,
    dir: TempDir,
    flavour: Flavour,
}

impl Stack {
    async fn start(flavour: Flavour) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let engine = Mysql::start_own(dir.path(), flavour, None).await.unwrap();
        let system = System::on(Tables::new().await, Database::on(&engine.url()));
        system.database.migrate().await;
        system.database.let_in().await;
        let mut services = [
            system.relay_at(&system.tables.endpoint, &system.database.url_of("app_projection")).await,
            system.query_api_at(&system.database.url_of("app_query")).await,
            system.command_api().await,
        ];
        for service in &mut services {
            service.wait_ready(Duration::from_secs(30)).await.unwrap();
        }
        let [relay, queries, commands] = services.each_ref().map(Api::from);
        commands.stock_up(STORE, "hinata.KN1021", &[SKU], 100_000).await;
        system.settled().await;
        Self { relay, queries, commands, _services: services, system, engine: Some(engine), dir, flavour }
    }

    fn engine(&mut self) -> &mut Mysql {
        self.engine.as_mut().unwrap()
    }

    /// Makes the server a replica's, or again the writer.
    async fn set_read_only(&self, on: bool) {
        let variables: &[&str] = match self.flavour {
            Flavour::MariaDb => &["read_only"],
            Flavour::MySql => &["super_read_only", "read_only"],
        };
        for variable in variables {
            self.system.database.run(format!("SET GLOBAL {variable} = {}", u8::from(on))).await;
        }
    }

    async fn relay_is_ready(&self) -> bool {
        self.relay.get("/readyz").await.status == 200
    }

    async fn answer(&self) -> Answer {
        self.queries.get(STOCK).await
    }

    /// Which of the relay's connections there are.
    async fn connections(&self) -> Vec<u64> {
        let ids = "SELECT CAST(id AS UNSIGNED) FROM information_schema.processlist WHERE user = ?";
        let relay = self.system.database.user("app_projection");
        sqlx::query_scalar(ids)
            .bind(relay.get_username())
            .fetch_all(&self.system.database.pool)
            .await
            .unwrap()
    }
}

/// Holds, one after the other, each of which must be taken.
struct Holding {
    stop: Arc<AtomicBool>,
    placed: Arc<AtomicUsize>,
    task: JoinHandle<()>,
}

impl Holding {
    fn start(api: Api) -> Self {
        let (stop, placed) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let (stopped, count) = (Arc::clone(&stop), Arc::clone(&placed));
        let task = tokio::spawn(async move {
            while !stopped.load(Ordering::Relaxed) {
                let _ = api.hold(STORE, SKU, 1).await.expect(201);
                count.fetch_add(1, Ordering::Relaxed);
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        });
        Self { stop, placed, task }
    }

    /// Returns once so many more were placed.
    async fn more(&self, count: usize) {
        let enough = self.placed.load(Ordering::Relaxed) + count;
        until("holds are placed", || async {
            assert!(!self.task.is_finished(), "a hold was not taken");
            self.placed.load(Ordering::Relaxed) >= enough
        })
        .await;
    }

    async fn stop(self) -> usize {
        self.stop.store(true, Ordering::Relaxed);
        self.task.await.unwrap();
        self.placed.load(Ordering::Relaxed)
    }
}

/// How long it took until that came true, which must be soon.
async fn within<F: Future<Output = bool>>(
    longest: Duration,
    what: &str,
    mut check: impl FnMut() -> F,
) -> Duration {
    let start = Instant::now();
    while !check().await {
        assert!(start.elapsed() < longest, "not within {longest:?}: {what}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    start.elapsed()
}

/// Breaks the server, waits until that is seen, mends it, and waits until nothing is left to be seen.
async fn survives(
    what: &str,
    break_it: impl AsyncFn(&mut Stack),
    while_broken: impl AsyncFn(&mut Stack),
    mend: impl AsyncFn(&mut Stack),
) {
    let flavours = flavours();
    if flavours.is_empty() {
        eprintln!("SKIPPED: this machine has no MariaDB or MySQL of its own to be {what}");
    }
    for flavour in flavours {
        let mut stack = Stack::start(flavour).await;
        let holding = Holding::start(stack.commands.clone());
        holding.more(MEANWHILE).await;
        until("the relay is ready", || stack.relay_is_ready()).await;

        break_it(&mut stack).await;
        let red = within(RED, "the relay is not ready", || async { !stack.relay_is_ready().await }).await;
        assert_eq!(stack.relay.get("/livez").await.status, 200, "that is no reason to restart it");
        while_broken(&mut stack).await;
        holding.more(MEANWHILE).await;

        mend(&mut stack).await;
        let mended = chrono::Utc::now().to_rfc3339_opts(chrono::SecondsFormat::Millis, true);
        let caught_up = within(CAUGHT_UP, "all is well", || async {
            let answer = stack.answer().await;
            let as_of = answer.body["as_of"].as_str().unwrap_or_default().to_owned();
            answer.status == 200 && as_of > mended && stack.relay_is_ready().await
        })
        .await;
        eprintln!("{flavour:?} {what}: not ready after {red:?}, caught up {caught_up:?} after its return");

        let placed = holding.stop().await;
        stack.system.settled().await;
        let reservations = stack.system.database.number("SELECT COUNT(*) FROM reservations").await;
        assert_eq!(usize::try_from(reservations).unwrap(), placed, "every hold that was taken");
    }
}

/// Every question is answered 503, soon, and says when to come again.
async fn queries_are_unavailable(stack: &mut Stack) {
    until("a question is answered 503", || async { stack.answer().await.status == 503 }).await;
    let start = Instant::now();
    let answer = stack.answer().await;
    assert_eq!(answer.outcome(), (503, "unavailable"));
    assert!(answer.says_when_to_retry() && start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_writer_that_is_demoted() {
    survives(
        "demoted",
        async |stack| {
            let before = stack.connections().await;
            assert!(!before.is_empty(), "the relay has no connection");
            stack.set_read_only(true).await;
            // Each of them would answer pings for ever.
            let still = || async { stack.connections().await.iter().any(|id| before.contains(id)) };
            within(RED, "its connections are given up", || async { !still().await }).await;
        },
        async |stack| {
            assert_eq!(stack.answer().await.status, 200, "a replica can be read");
            // But what is waited for never arrives there, and nothing changes.
            let adjustment = json!({"delta": 1, "reason": "found"});
            let awaited = stack.commands.post(&format!("{STOCK}/adjustments"), adjustment).await.expect(201);
            let token = awaited.headers["consistency-token"].to_str().unwrap();
            let headers = [("consistency-token", token), ("prefer", "wait=1")];
            let answer = stack.queries.send(Method::GET, STOCK, &headers, String::new()).await;
            assert_eq!(answer.outcome(), (503, "unavailable"));
            let stream = format!("/v1/stock/stream?store_id={STORE}&sku={SKU}");
            assert_eq!(stack.queries.opened(&stream).await.status, 503);
        },
        async |stack| stack.set_read_only(false).await,
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_killed() {
    survives(
        "killed",
        async |stack| stack.engine().kill().unwrap(),
        queries_are_unavailable,
        async |stack| {
            let port = stack.engine().port();
            // Its guard first: it tidies up what the next one needs.
            drop(stack.engine.take());
            let again = Mysql::start_own(stack.dir.path(), stack.flavour, Some(port)).await;
            stack.engine = Some(again.unwrap());
        },
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_hangs() {
    survives(
        "halted",
        async |stack| stack.engine().pause().unwrap(),
        queries_are_unavailable,
        async |stack| stack.engine().resume().unwrap(),
    )
    .await;
}
