//! Ringing the relay: what is written is seen sooner, and nobody can do harm by it.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use devstack::service::Service;
use devstack::stack::nudge_address;
use harness::{Api, System};
use tokio::net::UdpSocket;
use tokio::time::sleep;

const STORE: &str = "hinata.shibuya-01";
const SKU: &str = "hinata.KN1021-BLK-M";
/// A relay that nobody rings reads this seldom here.
const LONG_MS: &str = "60000";
/// Far below that, and far above what a busy machine takes.
const SOON: Duration = Duration::from_secs(20);
/// For how long a relay is flooded.
const FLOOD: Duration = Duration::from_secs(3);
/// Most reads in a second that a flood may cost: one in 5 ms.
const MOST_READS: f64 = 200.0;

/// How many pages a relay has asked its stream for.
async fn reads(relay: &Service) -> f64 {
    let told = reqwest::get(format!("{}/metrics", relay.base_url())).await.unwrap().text().await.unwrap();
    let line = told.lines().find_map(|line| line.strip_prefix("torioki_relay_reads_total "));
    line.unwrap().parse().unwrap()
}

/// Waits until the projection has so many reservations; how long that took.
async fn seen(system: &System, reservations: i64, longest: Duration) -> Duration {
    let start = Instant::now();
    while system.database.number("SELECT COUNT(*) FROM reservations").await < reservations {
        assert!(start.elapsed() < longest, "hold {reservations} is not seen");
        sleep(Duration::from_millis(20)).await;
    }
    start.elapsed()
}

#[tokio::test]
async fn a_hold_is_seen_sooner_than_a_relay_would_look_by_itself() {
    let system = System::new().await;
    let nudge = nudge_address().unwrap();
    let _relay = system.relay_with(&[("NUDGE_LISTEN", &nudge), ("IDLE_MS", LONG_MS)]).await;
    let commands = system.command_api_with(&[("NUDGE", &nudge)]).await;
    let command = Api::from(&commands);
    command.stock_up(STORE, "hinata.KN1021", &[SKU], 5).await;
    for n in 1..=3 {
        let _ = command.hold(STORE, SKU, 1).await.expect(201);
        println!("hold {n} was seen after {:?}", seen(&system, n, SOON).await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_garbage_costs_no_more_than_its_bound_and_harms_nothing() {
    let system = System::new().await;
    let nudge = nudge_address().unwrap();
    let mut relay = system.relay_with(&[("NUDGE_LISTEN", &nudge)]).await;
    let commands = system.command_api().await;
    let command = Api::from(&commands);
    command.stock_up(STORE, "hinata.KN1021", &[SKU], 5).await;
    system.settled().await;

    let to: SocketAddr = nudge.parse().unwrap();
    let flood = tokio::spawn(async move {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let garbage = [0xff; 1_400];
        for n in 0.. {
            // What does not fit any more is lost, as it may be.
            let _ = socket.try_send_to(&garbage[..n % garbage.len()], to);
            if n % 64 == 0 {
                tokio::task::yield_now().await;
            }
        }
    });
    let (start, before) = (Instant::now(), reads(&relay).await);
    let _ = command.hold(STORE, SKU, 1).await.expect(201);
    seen(&system, 1, SOON).await;
    sleep(FLOOD).await;
    let (read, seconds) = (reads(&relay).await - before, start.elapsed().as_secs_f64());
    flood.abort();
    println!("{read} reads in {seconds:.1} s");
    // What the hold itself leads to comes on top.
    assert!(read < MOST_READS * seconds + 10.0, "{read} reads in {seconds:.1} s");
    assert!(read > 6.0 * seconds, "the flood was not heard: {read} reads in {seconds:.1} s");
    relay.check().unwrap();
    let _ = command.hold(STORE, SKU, 1).await.expect(201);
    seen(&system, 2, SOON).await;
    system.settled().await;
}

#[tokio::test]
async fn a_relay_that_nobody_can_ring_harms_no_command() {
    let system = System::new().await;
    let mut relay = system.relay().await;
    let gone = nudge_address().unwrap();
    for (n, nudge) in [gone.as_str(), "nowhere.invalid:9", "no address"].into_iter().enumerate() {
        let commands = system.command_api_with(&[("NUDGE", nudge)]).await;
        let command = Api::from(&commands);
        if n == 0 {
            command.stock_up(STORE, "hinata.KN1021", &[SKU], 50).await;
        }
        let start = Instant::now();
        for _ in 0..10 {
            let _ = command.hold(STORE, SKU, 1).await.expect(201);
        }
        println!("ten holds with {nudge}: {:?}", start.elapsed());
        assert!(start.elapsed() < SOON);
    }
    system.settled().await;
    relay.stop().await.unwrap();
}
