//! Two pollers at once: one works, the other waits for its turn.

use std::time::{Duration, Instant};

use devstack::service::Service;
use harness::{Api, System, until};

const STORE: &str = "hinata.shibuya-01";
const SKU: &str = "hinata.A-S";
/// How long nobody may work after the one that worked is gone.
const TAKES_OVER_WITHIN: Duration = Duration::from_secs(10);
/// How long nobody works after it stopped in order: the other one looks every second.
const FOLLOWS_WITHIN: Duration = Duration::from_secs(3);

struct Relays {
    system: System,
    api: Api,
    _commands: Service,
    working: Service,
    waiting: Service,
}

impl Relays {
    async fn new() -> Self {
        let system = System::new().await;
        let commands = system.command_api().await;
        let api = Api::from(&commands);
        let working = system.relay().await;
        let waiting = system.relay().await;
        api.stock_up(STORE, "hinata.A", &[SKU], 100_000).await;
        system.settled().await;
        let relays = Self { system, api, _commands: commands, working, waiting };
        assert!(relays.leads(&relays.working).await, "the first one works");
        relays
    }

    /// Whether the lease is this one's, by the name that it tells in its log.
    async fn leads(&self, relay: &Service) -> bool {
        let owner = "SELECT owner FROM leases WHERE name = 'poll'";
        let owner: Option<String> =
            sqlx::query_scalar(owner).fetch_optional(&self.system.database.pool).await.unwrap();
        let log = std::fs::read_to_string(relay.log()).unwrap();
        owner.is_some_and(|owner| log.contains(&owner))
    }

    async fn hold(&self) {
        let _ = self.api.hold(STORE, SKU, 1).await.expect(201);
    }

    /// The one that waited works, and what is written now is applied, within a time.
    async fn is_taken_over(&self, within: Duration) {
        let start = Instant::now();
        self.hold().await;
        until("the other one works", || async { self.leads(&self.waiting).await }).await;
        self.system.settled().await;
        assert!(start.elapsed() < within, "it took {:?}", start.elapsed());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_poller_that_waits_takes_over_after_a_kill() {
    let mut relays = Relays::new().await;
    assert!(!relays.leads(&relays.waiting).await);
    relays.working.kill().unwrap();
    relays.is_taken_over(TAKES_OVER_WITHIN).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_poller_that_waits_takes_over_at_once_after_a_stop() {
    let mut relays = Relays::new().await;
    relays.working.stop().await.unwrap();
    relays.is_taken_over(FOLLOWS_WITHIN).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_poller_that_was_paused_finds_that_it_is_not_its_turn() {
    let mut relays = Relays::new().await;
    // Somewhere in its work: some of these are on their way when it is paused.
    for _ in 0..5 {
        relays.hold().await;
    }
    relays.working.pause().unwrap();
    relays.is_taken_over(TAKES_OVER_WITHIN).await;
    relays.working.resume().unwrap();
    relays.working.wait_ready(Duration::from_secs(30)).await.unwrap();
    for _ in 0..5 {
        relays.hold().await;
    }
    relays.system.settled().await;
    assert!(relays.leads(&relays.waiting).await && !relays.leads(&relays.working).await);

    // And its turn comes again.
    relays.waiting.kill().unwrap();
    relays.hold().await;
    until("the first one works again", || async { relays.leads(&relays.working).await }).await;
    relays.system.settled().await;
}

/// The commit that a paused poller is in the middle of keeps the lease only until the server gives it up.
#[tokio::test(flavor = "multi_thread")]
async fn whoever_holds_the_lease_in_a_silent_transaction_is_cut_off() {
    let relays = Relays::new().await;
    let mut silent = relays.system.database.pool.begin().await.unwrap();
    // What the poller does on each of its connections.
    sqlx::query("SET SESSION wait_timeout = 5").execute(&mut *silent).await.unwrap();
    sqlx::query("SELECT owner FROM leases LOCK IN SHARE MODE").fetch_all(&mut *silent).await.unwrap();
    let Relays { mut working, waiting, system, .. } = relays;
    working.kill().unwrap();
    let start = Instant::now();
    let log = || std::fs::read_to_string(waiting.log()).unwrap();
    until("the other one works", || async { log().contains("leads") }).await;
    assert!(start.elapsed() < TAKES_OVER_WITHIN, "it took {:?}", start.elapsed());
    system.settled().await;
}
