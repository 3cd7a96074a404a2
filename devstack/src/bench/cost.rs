//! What a command, an event and a lookup cost: units of DynamoDB, time on processors, rows that the database touches.

mod commands;
mod database;
mod meter;
mod size;

use std::fmt;
use std::pin::pin;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use futures::{StreamExt, TryStreamExt, stream};
use tokio::time::sleep;

use super::shape::{self, BRAND};
use crate::compare::{self, Counter};
use crate::console::say;
use crate::fill::fill;
use crate::load::{self, Chain};
use crate::stack::Stack;
use crate::usage::Usage;
use commands::{Caller, Commands};
use database::{Status, Work};
use meter::Metered;

pub use meter::Meter;

/// The chain that is asked: small, as nothing of this depends on how much there is but the rows of a search.
const CHAIN: Chain = Chain {
    stores: 10,
    products: 10,
    pieces: 100_000,
    holds: 0,
    zipf: 1.0,
    sale_skus: 1,
    sale_stores: 1,
    sale_pieces: 100_000,
};
/// Holds of one SKU that are placed together, and how many at once.
const TOGETHER: u32 = 512;
const AT_ONCE: usize = 64;
/// Counts whose events the relay is measured by.
const EVENTS: u32 = 3_000;
/// For how long the relay is watched while nothing happens.
const IDLE: Duration = Duration::from_secs(5);
/// How often each lookup is asked: it takes some tenths of a millisecond, and the time of a process is told in hundredths of a
/// second.
const LOOKUPS: u32 = 1_000;

/// A stack that reaches DynamoDB through a meter.
pub struct Metering<'a> {
    /// The stack, empty.
    pub stack: &'a mut Stack,
    /// Its engines.
    pub engines: compare::Target,
    /// What stands between the command API and DynamoDB.
    pub meter: Meter,
}

/// What each thing took.
pub struct Costs {
    commands: Vec<(&'static str, Metered)>,
    lookups: Vec<(&'static str, Work)>,
    /// Time on processors for an event, in the relay and in the database, and of the relay in a second without any.
    event: [Duration; 2],
    idle: Duration,
}

impl Metering<'_> {
    /// Measures everything.
    ///
    /// # Errors
    /// When anything is refused, or the projection does not follow.
    pub async fn costs(&mut self) -> Result<Costs> {
        let apis = self.stack.apis();
        fill(&CHAIN.dataset()?, &apis).await?;
        let caller = Caller::new(&apis)?;
        say("measuring commands ...");
        let mut commands = Commands { caller: &caller, meter: &self.meter }.each().await?;
        self.meter.take();
        let holds: Vec<String> = (0..TOGETHER).map(|n| format!("together-{n}")).collect();
        let mut placed = pin!(stream::iter(&holds).map(|key| caller.place(key, 0)).buffer_unordered(AT_ONCE));
        while placed.try_next().await?.is_some() {}
        commands.push(("place, 64 at once of one SKU", self.meter.take().each_of(TOGETHER)));
        say("measuring the relay ...");
        let (event, idle) = self.event(&caller).await?;
        say("measuring lookups ...");
        let hold = caller.place("looked-up", 0).await?;
        catch_up(&self.engines).await?;
        // What it does by itself would be counted as the lookups' work.
        self.stack.outbox_relay.pause()?;
        let lookups = self.lookups(&caller.authorization().await?, &hold).await;
        self.stack.outbox_relay.resume()?;
        Ok(Costs { commands, lookups: lookups?, event, idle })
    }

    /// Time on processors of the relay and of the database until now.
    fn relay_and_database(&self) -> Result<[Duration; 2]> {
        let processes = self.stack.processes();
        let cpu = |wanted: &str| {
            let process = processes.iter().find(|(name, _)| name == wanted);
            let used = process.and_then(|(_, pid)| Usage::of(*pid));
            used.map(|usage| usage.cpu).with_context(|| format!("what {wanted} uses is not known here"))
        };
        Ok([cpu("outbox-relay")?, cpu("MySQL")?])
    }

    /// Time on processors that the relay and the database take for an event, and the relay in a second without any.
    async fn event(&self, caller: &Caller) -> Result<([Duration; 2], Duration)> {
        let published = catch_up(&self.engines).await?;
        let before = self.relay_and_database()?;
        sleep(IDLE).await;
        let idle = less(self.relay_and_database()?, before).map(|cpu| cpu.div_f64(IDLE.as_secs_f64()));

        let (before, start) = (self.relay_and_database()?, Instant::now());
        let keys: Vec<(u32, String)> = (0..EVENTS).map(|n| (n, format!("event-{n}"))).collect();
        let mut counts =
            pin!(stream::iter(&keys).map(|(n, key)| caller.count(key, *n)).buffer_unordered(AT_ONCE));
        while counts.try_next().await?.is_some() {}
        let events = u32::try_from(catch_up(&self.engines).await? - published)?;
        let (used, took) = (less(self.relay_and_database()?, before), start.elapsed().as_secs_f64());
        let by_itself = idle.map(|cpu| cpu.mul_f64(took));
        Ok((less(used, by_itself).map(|cpu| cpu / events), idle[0]))
    }

    async fn lookups(&self, authorization: &str, hold: &str) -> Result<Vec<(&'static str, Work)>> {
        let mut status = Status::connect(self.stack.mysql_url()).await?;
        let http = reqwest::Client::new();
        let service = self.stack.query_api.pid();
        let used =
            || Usage::of(service).map(|usage| usage.cpu).context("what the query API uses is not known");
        let mut lookups = Vec::new();
        for (name, path) in questions(hold) {
            let (before, [_, database], cpu) = (status.read().await?, self.relay_and_database()?, used()?);
            for n in 0..LOOKUPS {
                let url = format!("{}{}", self.stack.query_url(), path(n));
                super::ask(&http, &url, authorization, super::Freshness::Anew).await?.bytes().await?;
            }
            let ([_, database], cpu) =
                (less(self.relay_and_database()?, [database; 2]), used()?.saturating_sub(cpu));
            let done = status.read().await?;
            let each = |all: f64| all / f64::from(LOOKUPS);
            let work = Work {
                statements: each(done.statements - before.statements),
                rows: each(done.rows - before.rows),
                service: cpu / LOOKUPS,
                database: database / LOOKUPS,
            };
            lookups.push((name, work));
        }
        Ok(lookups)
    }
}

/// Waits until the projection has all events, and says how many.
async fn catch_up(engines: &compare::Target) -> Result<usize> {
    let counter = Counter::connect(engines).await?;
    let published = counter.published().await?;
    counter.catch_up(published).await?;
    Ok(published)
}

fn less(all: [Duration; 2], some: [Duration; 2]) -> [Duration; 2] {
    let ([a, b], [c, d]) = (all, some);
    [a.saturating_sub(c), b.saturating_sub(d)]
}

/// A lookup's name, and its path when it is asked for the nth time.
type Question<'a> = (&'static str, Box<dyn Fn(u32) -> String + 'a>);

fn questions(hold: &str) -> [Question<'_>; 5] {
    let store = |n: u32| shape::store((n % CHAIN.stores).into());
    let sku = |n: u32| shape::sku((n % (CHAIN.products * 5)).into());
    let product = |n: u32| shape::product((n % CHAIN.products).into());
    let near = |n: u32| load::near(n % CHAIN.stores);
    [
        ("one SKU in one store", Box::new(move |n| format!("/v1/stores/{}/stock/{}", store(n), sku(n)))),
        (
            "nearest stores with a SKU",
            Box::new(move |n| format!("/v1/skus/{}/stores?near={}", sku(n), near(n))),
        ),
        (
            "availability of a product",
            Box::new(move |n| format!("/v1/products/{}/availability?near={}", product(n), near(n))),
        ),
        (
            "search, three words",
            Box::new(move |n| {
                format!("/v1/products?brand={BRAND}&q={}", shape::name((n % CHAIN.products).into()))
            }),
        ),
        ("one reservation", Box::new(move |_| format!("/v1/reservations/{hold}"))),
    ]
}

/// As Markdown.
impl fmt::Display for Costs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "| command | items | bytes | write units | by the engine | read units | by the engine | transactions |"
        )?;
        writeln!(f, "| --- | --- | --- | --- | --- | --- | --- | --- |")?;
        for (name, Metered { ruled, said, transactions, items, bytes }) in &self.commands {
            writeln!(
                f,
                "| {name} | {items:.2} | {bytes:.0} | {:.2} | {:.2} | {:.2} | {:.2} | {transactions:.3} |",
                ruled.write, said.write, ruled.read, said.read
            )?;
        }
        let [relay, database] = self.event.map(ms);
        writeln!(
            f,
            "\nAn event: {relay:.3} ms in the relay, {database:.3} ms in the database; without any, the relay takes"
        )?;
        writeln!(f, "{:.2} ms a second.\n", ms(self.idle))?;
        writeln!(f, "| lookup | statements | rows | ms in the query API | ms in the database |")?;
        writeln!(f, "| --- | --- | --- | --- | --- |")?;
        for (name, Work { statements, rows, service, database }) in &self.lookups {
            let (service, database) = (ms(*service), ms(*database));
            writeln!(f, "| {name} | {statements:.1} | {rows:.1} | {service:.2} | {database:.2} |")?;
        }
        Ok(())
    }
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}
