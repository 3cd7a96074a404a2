//! What it takes to tell many what changes: they all follow one count, which changes at a steady rate.

mod follower;
mod told;

use std::fmt;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use futures::{StreamExt, TryStreamExt, stream};
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use sqlx::mysql::{MySqlConnectOptions, MySqlConnection};
use sqlx::{ConnectOptions, Connection};
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};

use super::measure::Times;
use super::{Target, shape};
use crate::console::say;
use crate::usage::Usage;
use follower::Follower;
use told::Told;

/// Who connects at the same time.
const CONNECTING: usize = 64;
/// Files of this process beside the followers' sockets.
const OTHER_FILES: usize = 500;
/// Longest until the last follower has to be told.
const TOLD_WITHIN: Duration = Duration::from_secs(20);

/// Who is told, and of what.
#[derive(Debug, Clone, Copy)]
pub struct Audience {
    /// How many follow.
    pub followers: usize,
    /// For how long nothing happens.
    pub idle: Duration,
    /// How often the count changes then.
    pub changes: u64,
    /// Time from one change to the next.
    pub every: Duration,
}

/// What it took.
#[derive(Debug, Clone, Copy)]
pub struct Telling {
    audience: Audience,
    /// Of one follower, in bytes: when all had come, and after the last change.
    memory: [f64; 2],
    /// Time on processors in a second, for one follower: while nothing happens, and while the count changes.
    cpu: [Duration; 2],
    /// From the commit of a change until the last is told.
    told: Times,
}

impl Audience {
    /// Has them follow a count of the target, whose query API is this process; nobody else may.
    ///
    /// # Errors
    /// When somebody is not served or not told, or what the process uses is not known here.
    pub async fn tell(self, target: &Target, process: u32) -> Result<Telling> {
        allow_files(self.followers)?;
        let usage = || Usage::of(process).context("what the query API uses is not known here");
        let (store, sku) = (shape::store(0), shape::sku(0));
        let path = format!("/v1/stock/stream?store_id={store}&sku={sku}");
        let options: MySqlConnectOptions = target.mysql_url.parse()?;
        let mut relay = options.disable_statement_logging().connect().await?;
        let start = change(&mut relay, &store, &sku).await?;

        // The first one starts what all the others share.
        let first = Follower::connect(&target.query_url, &path).await?;
        let before = usage()?;
        say(format_args!("{} come to follow ...", self.followers));
        let others = (1..self.followers).map(|_| Follower::connect(&target.query_url, &path));
        let mut followers: Vec<Follower> =
            stream::iter(others).buffer_unordered(CONNECTING).try_collect().await?;
        followers.push(first);
        let (told, mut listening) = (Told::new(start, self.changes, self.followers), JoinSet::new());
        for follower in followers {
            listening.spawn(follower.listen(told.clone()));
        }
        let come = usage()?;
        say("nothing happens ...");
        sleep(self.idle).await;
        let rested = usage()?;

        say("it changes ...");
        let (began, mut ticks, mut committed) = (Instant::now(), interval(self.every), Vec::new());
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        for _ in 0..self.changes {
            ticks.tick().await;
            change(&mut relay, &store, &sku).await?;
            committed.push(Instant::now());
        }
        let last = timeout(TOLD_WITHIN, told.all()).await.context("not everybody was told")?;
        let (took, done) = (began.elapsed(), usage()?);
        relay.close().await?;
        if let Some(ended) = listening.try_join_next() {
            ended?.context("somebody was left behind")?;
        }
        let waited =
            committed.iter().zip(last).map(|(from, to)| to.saturating_duration_since(*from)).collect();
        let each = |cpu: Duration, of: Duration| cpu.div_f64(of.as_secs_f64() * self.followers as f64);
        let memory = |now: Usage| {
            now.memory_bytes.saturating_sub(before.memory_bytes) as f64
                / self.followers.saturating_sub(1) as f64
        };
        Ok(Telling {
            audience: self,
            memory: [come, done].map(memory),
            cpu: [each(rested.cpu - come.cpu, self.idle), each(done.cpu - rested.cpu, took)],
            told: Times::of(waited, took),
        })
    }
}

/// As the relay does it; the position at which it stands.
async fn change(relay: &mut MySqlConnection, store: &str, sku: &str) -> Result<u64> {
    let mut transaction = relay.begin().await?;
    let update =
        "UPDATE stock SET version = version + 1, on_hand = on_hand + 1 WHERE store_id = ? AND sku = ?";
    sqlx::query(update).bind(store).bind(sku).execute(&mut *transaction).await?;
    let next = "INSERT INTO positions (name, position) VALUES ('stock', 1) ON DUPLICATE KEY UPDATE position = position + 1";
    sqlx::query(next).execute(&mut *transaction).await?;
    let note = "INSERT INTO stock_changes (store_id, sku, position) \
        SELECT ?, ?, position FROM positions WHERE name = 'stock' ON DUPLICATE KEY UPDATE position = VALUES(position)";
    sqlx::query(note).bind(store).bind(sku).execute(&mut *transaction).await?;
    let last = "SELECT position FROM positions WHERE name = 'stock'";
    let position = sqlx::query_scalar(last).fetch_one(&mut *transaction).await?;
    transaction.commit().await?;
    Ok(position)
}

/// A socket for each follower.
fn allow_files(followers: usize) -> Result<()> {
    let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE)?;
    let wanted = u64::try_from(followers + OTHER_FILES)?;
    ensure!(wanted <= hard, "this takes {wanted} open files, and the system allows {hard} (`ulimit -Hn`)");
    Ok(setrlimit(Resource::RLIMIT_NOFILE, wanted.max(soft), hard)?)
}

/// A line of the table that [`Telling::heading`] begins.
impl fmt::Display for Telling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ms = |time: Duration| time.as_secs_f64() * 1_000.0;
        let ([come, done], [idle, busy]) = (self.memory.map(|bytes| bytes / 1_024.0), self.cpu.map(ms));
        let (p50, p99) = (ms(self.told.p50), ms(self.told.p99));
        let followers = self.audience.followers;
        write!(f, "| {followers} | {come:.1} | {done:.1} | {idle:.4} | {busy:.4} | {p50:.0} | {p99:.0} |")
    }
}

impl Telling {
    /// What stands above its lines.
    #[must_use]
    pub fn heading() -> &'static str {
        "| subscribers | KiB each | after the changes | ms a second each, idle | while it changes | last told, p50 ms | p99 ms |\n\
         | --- | --- | --- | --- | --- | --- | --- |"
    }
}
