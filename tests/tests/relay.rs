//! The relay as a process that is killed, and cut off from its engines.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use harness::{Api, Proxy, System, until};

const STORE: &str = "hinata.shibuya-01";
const SKUS: [&str; 4] = ["hinata.A-S", "hinata.A-M", "hinata.A-L", "hinata.A-XL"];

/// Holds of which every other one is collected, until told to stop; how many were placed.
async fn keep_holding(api: Api, stop: Arc<AtomicBool>) -> u32 {
    let mut placed = 0;
    while !stop.load(Ordering::Relaxed) {
        let sku = SKUS[placed as usize % SKUS.len()];
        let id = api.hold(STORE, sku, 1).await.expect(201).text("reservation_id");
        if placed % 2 == 0 {
            let _ = api.advance(&id, "collect").await.expect(200);
        }
        placed += 1;
    }
    placed
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_again_and_again_it_loses_nothing() {
    let system = System::new().await;
    let commands = system.command_api().await;
    let api = Api::from(&commands);
    api.stock_up(STORE, "hinata.A", &SKUS, 100_000).await;

    let stop = Arc::new(AtomicBool::new(false));
    let working: Vec<_> =
        (0..4).map(|_| tokio::spawn(keep_holding(api.clone(), Arc::clone(&stop)))).collect();
    for n in 0..12 {
        let mut relay =
            system.relay_at(&system.tables.endpoint, &system.database.url_of("app_projection")).await;
        // Every life ends at another moment of its work.
        tokio::time::sleep(Duration::from_millis(30 + n * 37)).await;
        relay.kill().unwrap();
        // The next one is not to wait for the end of the lease.
        system.database.run("DELETE FROM leases").await;
    }
    stop.store(true, Ordering::Relaxed);
    let mut placed = 0;
    for worker in working {
        placed += worker.await.unwrap();
    }
    assert!(placed > 20, "only {placed} holds");
    let _relay = system.relay().await;
    system.settled().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_at_once_are_as_good_as_one() {
    let system = System::new().await;
    let commands = system.command_api().await;
    let api = Api::from(&commands);
    let _relays = tokio::join!(system.relay(), system.relay());
    api.stock_up(STORE, "hinata.A", &SKUS, 1000).await;
    for n in 0..40 {
        let id = api.hold(STORE, SKUS[n % 4], 1).await.expect(201).text("reservation_id");
        let _ = api.advance(&id, "cancel").await.expect(200);
    }
    system.settled().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn it_follows_again_once_its_engines_are_back() {
    let system = System::new().await;
    let commands = system.command_api().await;
    let api = Api::from(&commands);
    let (endpoint, url) = (system.tables.endpoint.clone(), system.database.url_of("app_projection"));
    let (mut stream, mut mysql) = (Proxy::start(&endpoint).await, Proxy::start(&url).await);
    let mut relay = system.relay_at(&stream.url(&endpoint), &mysql.url(&url)).await;
    relay.wait_ready(Duration::from_secs(30)).await.unwrap();
    let health = Api::from(&relay);
    let status = || async { health.get("/readyz").await.status };
    api.stock_up(STORE, "hinata.A", &SKUS, 1000).await;
    system.settled().await;

    for engine in [&mut mysql, &mut stream] {
        engine.cut();
        until("the relay is not ready", || async { status().await == 503 }).await;
        assert_eq!(health.get("/livez").await.status, 200);
        let _ = api.hold(STORE, SKUS[0], 1).await.expect(201);
        engine.restore().await;
        until("the relay is ready", || async { status().await == 200 }).await;
        system.settled().await;
    }

    // A server that hangs: connections stay, and nothing comes.
    mysql.stall();
    let _ = api.hold(STORE, SKUS[1], 1).await.expect(201);
    until("the relay is not ready", || async { status().await == 503 }).await;
    mysql.go_on();
    until("the relay is ready", || async { status().await == 200 }).await;
    system.settled().await;
}
