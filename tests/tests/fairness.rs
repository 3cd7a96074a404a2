//! One kind of client at its limit leaves the others' latency as it was.

use std::time::{Duration, Instant};

use devstack::service::Service;
use futures::future::join_all;
use harness::{Api, LimitsFile, Proxy, System, tokens};
use platform::auth::Role;
use tokio::sync::watch;
use tokio::task::JoinSet;

const STORE: &str = "hinata.shibuya-01";
const SKU: &str = "hinata.KN1021-BLK-M";
const PATH: &str = "/v1/stores/hinata.shibuya-01/stock/hinata.KN1021-BLK-M";
/// Requests of tills under way at once that are allowed, and how many there would be.
const ALLOWED: usize = 4;
const FLOOD: usize = 10 * ALLOWED;
/// What a till waits that was turned away: at once again would only measure how fast this machine can refuse.
const PAUSE: Duration = Duration::from_millis(800);
/// How long a flood lasts before it counts: forty connections and tokens at once would only measure how they begin.
const BEGINS: Duration = Duration::from_secs(1);
/// How late the database answers: waiting, not computing, is what a lookup's time is made of, on a busy machine too.
const LATE: Duration = Duration::from_millis(300);
/// Shoppers, and how often each asks in a round.
const SHOPPERS: usize = 4;
const LOOKUPS: usize = 12;
/// Rounds of each kind. The least disturbed one counts: what else the machine does can only add to a round, and tills that
/// took the shoppers' places would be in every one.
const ROUNDS: usize = 4;
/// Most that the flood may make of a shopper's p99.
const MOST: f64 = 1.5;

/// A round's p99 of what shoppers wait.
async fn round(shopper: &Api) -> Duration {
    let one = async || {
        let mut took = Vec::new();
        for _ in 0..LOOKUPS {
            let start = Instant::now();
            let _ = shopper.get(PATH).await.expect(200);
            took.push(start.elapsed());
        }
        took
    };
    let mut took: Vec<Duration> = join_all((0..SHOPPERS).map(|_| one())).await.concat();
    took.sort();
    took[took.len() * 99 / 100]
}

/// Tills that ask without a pause while they are answered, until told to stop. Each takes its last answer: a request that is
/// given up costs its connection to the database, and the next round would measure how a new one is made.
fn flood(service: &Service, stop: &watch::Receiver<bool>) -> JoinSet<()> {
    let token = tokens::token(Role::Pos, "hinata", &[STORE], "till");
    let till = Api::new(service.base_url()).with_token(token);
    (0..FLOOD)
        .map(|_| {
            let (till, stop) = (till.clone(), stop.clone());
            async move {
                while !*stop.borrow() {
                    if till.get(PATH).await.status == 429 {
                        tokio::time::sleep(PAUSE).await;
                    }
                }
            }
        })
        .collect()
}

/// The least of both kinds of rounds, in turn: quiet, and beside a flood of tills of whom so many are let in.
async fn measured(in_flight: usize) -> (Duration, Duration) {
    let system = System::counted(STORE, SKU).await;
    let proxy = Proxy::start(&system.database.url()).await;
    let in_flight = in_flight.to_string();
    let limits = ["in_flight", "in_flight_each"].map(|name| ("clients.pos", name, in_flight.as_str()));
    let file = LimitsFile::new(&limits);
    let mysql = proxy.url(&system.database.url_of("app_query"));
    let environment = [file.environment().as_slice(), &[("MYSQL_URL", &mysql)]].concat();
    let service = system.query_api_with(&environment).await;
    let shopper = Api::new(service.base_url());
    proxy.slow(LATE);
    let _ = round(&shopper).await;
    let (mut quiet, mut flooded) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        quiet.push(round(&shopper).await);
        let (stop, stopped) = watch::channel(false);
        let tills = flood(&service, &stopped);
        tokio::time::sleep(BEGINS).await;
        flooded.push(round(&shopper).await);
        stop.send_replace(true);
        tills.join_all().await;
    }
    println!("quiet {quiet:?}, flooded {flooded:?}");
    (quiet.into_iter().min().expect("rounds"), flooded.into_iter().min().expect("rounds"))
}

#[tokio::test(flavor = "multi_thread")]
async fn tills_at_ten_times_their_limit_leave_shoppers_as_they_were() {
    let (quiet, flooded) = measured(ALLOWED).await;
    let ratio = flooded.as_secs_f64() / quiet.as_secs_f64();
    assert!(
        ratio < MOST,
        "p99 of shoppers: {quiet:?} when quiet, {flooded:?} beside the flood, {ratio:.2} times"
    );
}
