//! A day of a chain, at the rates at which people come whether the service is fast or not (`cargo dev load`).
//!
//! Owns who comes, what they send and what is made of the answers. It asks nothing but a stack on this machine, and reads the
//! databases only afterwards, to check that what was acknowledged is there.

mod arrivals;
mod book;
mod chain;
mod check;
mod counters;
mod day;
mod kind;
mod people;
mod report;
mod scenario;
mod shop;
mod tally;
mod thresholds;
mod watch;
mod wire;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, ensure};
use reqwest::Url;
use tokio::time::interval;

use crate::compare::{self, Counter, Sides};
use crate::console::say;
use crate::fill::{self, fill};
use arrivals::{arrivals, holds_before};
use book::{Book, Hold};
use counters::Counters;
use people::People;
use shop::Shop;
use tally::{Counted, Tally};
use watch::{Usages, Watch};
use wire::Wire;

pub(crate) use chain::near;
pub use check::Found;
pub use report::Report;
pub use scenario::{Chain, Scenario};
pub use thresholds::Verdict;

/// How long before the day begins the first of it is made ready.
const LEAD: Duration = Duration::from_millis(200);

/// The stack to load.
#[derive(Debug, Clone)]
pub struct Target {
    /// Its APIs, and whose tokens they take.
    pub apis: fill::Target,
    /// Its engines.
    pub engines: compare::Target,
    /// Its processes, by their names, to see what they use.
    pub processes: Vec<(String, u32)>,
}

/// What a day came to.
#[derive(Debug)]
pub struct Ran {
    scenario: Scenario,
    /// What its customers' addresses begin with.
    run: String,
    counted: Counted,
    acknowledged: Vec<Hold>,
    usages: Vec<Usages>,
    counters: Counters,
    /// Median of a request for nothing, before the day.
    nothing: Duration,
    /// From the end of the day until the last was answered.
    overtime: Duration,
}

impl Target {
    /// # Errors
    /// When a part of it is not on this machine: such a load is an attack on everybody else.
    fn on_loopback(&self) -> Result<()> {
        let fill::Target { command_url, query_url, issuer_url } = &self.apis;
        let compare::Target { dynamodb_endpoint, mysql_url, .. } = &self.engines;
        [command_url, query_url, issuer_url, dynamodb_endpoint, mysql_url]
            .into_iter()
            .try_for_each(|url| loopback(url))
    }
}

/// # Errors
/// When this URL is none, or is not of this machine.
pub fn loopback(url: &str) -> Result<()> {
    // Not shown whole: it may hold a password.
    let url = Url::parse(url).context("a URL of the stack cannot be understood")?;
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    let here = host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
    ensure!(here, "{host} is not this machine: load is for a stack on loopback only");
    Ok(())
}

/// Fills the empty stack with the scenario's chain.
///
/// # Errors
/// When it is not on this machine, or does not take all of it.
pub async fn prepare(target: &Target, scenario: &Scenario) -> Result<()> {
    target.on_loopback()?;
    fill(&scenario.chain.dataset()?, &target.apis).await?;
    Ok(())
}

/// Runs the day on a stack that was filled with the scenario's chain.
///
/// # Errors
/// When the stack is not on this machine, or does not even take the holds of before the day.
pub async fn run(target: &Target, scenario: &Scenario) -> Result<Ran> {
    target.on_loopback()?;
    let fill::Target { command_url, query_url, issuer_url } = &target.apis;
    let began = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let mut shop = Shop {
        command_url: command_url.clone(),
        query_url: query_url.clone(),
        chain: scenario.chain.clone(),
        people: People::of(issuer_url, scenario.chain.stores).await?,
        wire: Wire::new(scenario.in_flight)?,
        beside: Wire::new(day::LAG_AT_ONCE)?,
        book: Book::default(),
        tally: Tally::new(Instant::now())?,
        run: format!("run-{began}"),
    };
    let before = holds_before(scenario)?;
    day::open(&shop, &before).await?;
    let nothing = day::nothing(&shop).await?;
    let counters = counters::read(command_url).await?;

    let start = Instant::now() + LEAD;
    shop.tally = Tally::new(start)?;
    let shop = Arc::new(shop);
    let mut watch = Watch::begin(&target.processes, start);
    let all = arrivals(scenario)?;
    say(format_args!("{} arrivals in {:?} ...", all.len(), scenario.day.until()));
    let came = day::come(&shop, scenario, all, before.len(), start);
    let told = async {
        let mut ticks = interval(watch::EVERY);
        loop {
            ticks.tick().await;
            watch.look();
            day::tell(&shop, start);
        }
    };
    tokio::select! {
        () = came => {}
        () = told => {}
    }
    let overtime = start.elapsed().saturating_sub(scenario.day.until());
    watch.look();
    let counters = counters::rise(&counters, &counters::read(command_url).await?);
    Ok(Ran {
        scenario: scenario.clone(),
        run: shop.run.clone(),
        counted: shop.tally.all(),
        acknowledged: shop.book.holds(),
        usages: watch.seen(),
        counters,
        nothing,
        overtime,
    })
}

impl Ran {
    /// Waits until the projection has everything, and looks whether all is there that was acknowledged, once.
    ///
    /// # Errors
    /// When a side cannot be read.
    pub async fn check(&self, target: &Target) -> Result<Found> {
        let counter = Counter::connect(&target.engines).await?;
        counter.catch_up(counter.published().await?).await?;
        say("checking that nothing is lost or oversold ...");
        let sides = Sides::read(&target.engines).await?;
        Ok(Found::on(&sides, &self.scenario.chain, &self.acknowledged, &self.run))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_loaded() {
        for here in
            ["http://127.0.0.1:8080", "http://localhost:1", "mysql://root:s@[::1]:3306/d", "http://127.9.9.9"]
        {
            loopback(here).unwrap();
        }
        for elsewhere in
            ["http://10.0.0.1", "https://shop.example", "http://localhost.example", "mysql://u:p@db/d"]
        {
            let error = loopback(elsewhere).unwrap_err().to_string();
            assert!(error.contains("is not this machine") && !error.contains("u:p"), "{error}");
        }
        assert!(loopback("127.0.0.1").is_err());
    }
}
