//! From a hold's acknowledgement until it is seen in the projection.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use futures::future::try_join_all;
use sqlx::Connection;
use sqlx::mysql::MySqlConnection;

use super::super::hold::{Api, Case, Run};
use super::super::measure::Times;
use super::watch::counter;
use crate::service::Service;

/// Holds a second, as they come at a sale, whether those before are placed or not.
const PER_SECOND: f64 = 200.0;
/// For how long, first to warm up, then to measure.
const WARM_UP: Duration = Duration::from_secs(2);
const MEASURED: Duration = Duration::from_secs(8);
/// SKUs that they are of: what is measured is not the wait for one count.
const SKUS: usize = 64;
/// Between two looks at the projection.
const STEP: Duration = Duration::from_micros(300);
/// How long it may take until the last is seen.
const SEEN_WITHIN: Duration = Duration::from_secs(10);
/// Ids that are read again at each look: they are given before the commit, so a lower one may come after a higher.
const AGAIN: usize = 64;
/// How long nothing happens before idle reads are counted, and for how long they are.
const SETTLES: Duration = Duration::from_secs(3);
const IDLE: Duration = Duration::from_secs(5);
/// What the relay counts reads of its stream by.
const READS: &str = "torioki_relay_reads_total";

/// How late the projection is, and what that costs.
#[derive(Debug, Clone, Copy)]
pub struct Lag {
    pub(super) times: Times,
    /// Reads of the stream in a second in which nothing happens. The embedded engine's stream has one shard.
    pub(super) idle_reads: f64,
}

/// When each hold was seen.
type Seen = HashMap<String, Instant>;

/// Places holds at a fixed rate, and looks when each is seen.
///
/// # Errors
/// When a hold is refused or never seen.
pub async fn lag(api: &Api, relay: &Service, mysql_url: &str) -> Result<Lag> {
    let run = Run::of(api, Case { clients: 0, skus: SKUS });
    run.stock_up().await?;
    let (url, done) = (mysql_url.to_owned(), Arc::new(AtomicBool::new(false)));
    let stop = Arc::clone(&done);
    // A thread of its own: what looks so often must not wait for a turn among the clients.
    let watcher = thread::spawn(move || watch(&url, &stop));
    let start = Instant::now();
    let times = (0..).map(|n| Duration::from_secs_f64(f64::from(n) / PER_SECOND));
    let holds = times.take_while(|after| *after < WARM_UP + MEASURED).enumerate().map(|(n, after)| {
        let run = &run;
        async move {
            tokio::time::sleep_until((start + after).into()).await;
            let held = run.hold(n % SKUS).await?;
            let id = held["reservation_id"].as_str().context("a hold without an id")?.to_owned();
            anyhow::Ok((after, id, Instant::now()))
        }
    });
    let holds = try_join_all(holds).await?;
    let last = holds.last().map(|(_, id, _)| id.clone()).unwrap_or_default();
    let seen = seen(watcher, &done, mysql_url, &last).await?;
    let measured = holds.iter().filter(|(after, ..)| *after >= WARM_UP).map(|(_, id, acknowledged)| {
        let seen = seen.get(id).with_context(|| format!("hold {id} was never seen"))?;
        Ok(seen.saturating_duration_since(*acknowledged))
    });
    let times = Times::of(measured.collect::<Result<_>>()?, MEASURED);
    tokio::time::sleep(SETTLES).await;
    let http = reqwest::Client::new();
    let before = counter(&http, relay, READS).await?;
    tokio::time::sleep(IDLE).await;
    let reads = counter(&http, relay, READS).await? - before;
    Ok(Lag { times, idle_reads: f64::from(u32::try_from(reads)?) / IDLE.as_secs_f64() })
}

/// What was seen, once the last hold is there.
async fn seen(
    watcher: thread::JoinHandle<Result<Seen>>,
    done: &AtomicBool,
    mysql_url: &str,
    last: &str,
) -> Result<Seen> {
    let mut connection = MySqlConnection::connect(mysql_url).await?;
    let deadline = Instant::now() + SEEN_WITHIN;
    let there = "SELECT COUNT(*) FROM reservations WHERE reservation_id = ?";
    while sqlx::query_scalar::<_, i64>(there).bind(last).fetch_one(&mut connection).await? == 0 {
        ensure!(Instant::now() < deadline, "hold {last} is not seen after {SEEN_WITHIN:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    // Those before it may still be missing: they are looked for once more.
    tokio::time::sleep(SETTLES).await;
    done.store(true, Ordering::Relaxed);
    tokio::task::spawn_blocking(|| watcher.join())
        .await?
        .map_err(|_| anyhow::anyhow!("the watcher failed"))?
}

/// Looks again and again, by one row, whether anything was committed; and then, which holds.
fn watch(mysql_url: &str, done: &AtomicBool) -> Result<Seen> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut connection = MySqlConnection::connect(mysql_url).await?;
        let (mut seen, mut newest, mut position) = (Seen::new(), BTreeSet::<String>::new(), None);
        while !done.load(Ordering::Relaxed) {
            let now: Option<u64> = sqlx::query_scalar("SELECT position FROM positions WHERE name = 'stock'")
                .fetch_optional(&mut connection)
                .await?;
            if now != position {
                position = now;
                let after = newest.first().cloned().unwrap_or_default();
                let ids =
                    sqlx::query_scalar("SELECT reservation_id FROM reservations WHERE reservation_id > ?");
                let ids: Vec<String> = ids.bind(after).fetch_all(&mut connection).await?;
                let at = Instant::now();
                for id in ids {
                    seen.entry(id.clone()).or_insert(at);
                    newest.insert(id);
                }
                while newest.len() > AGAIN {
                    newest.pop_first();
                }
            }
            thread::sleep(STEP);
        }
        Ok(seen)
    })
}
