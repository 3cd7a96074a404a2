//! `cargo dev bench relay`: a backlog, drained by each in turn on a database of its own; then holds, and when they are seen.

use std::path::Path;

use anyhow::{Context, Result};
use clap::Args;
use sqlx::mysql::MySqlConnectOptions;
use sqlx::{ConnectOptions, Connection};

use super::command_api::CommandApi;
use super::{circumstances, migrate, start};
use crate::bench::{self, Drained, Lag, Outbox};
use crate::cli::build;
use crate::cli::lock::Lock;
use crate::console::{say, tell};
use crate::engines::{Dynamodb, Mysql};
use crate::service::Service;
use crate::stack;

/// What is measured, and what makes tables and schema.
const PROGRAMS: [&str; 3] = ["outbox-relay", "command-api", "migrate"];
/// The outbox, with the prefix that tables have unless told otherwise.
const OUTBOX: &str = "torioki-outbox";
/// The database of each figure.
const DATABASE: &str = "bench";

#[derive(Args)]
pub(in crate::cli) struct Relay {
    /// Events of the backlog.
    #[arg(long, default_value_t = 100_000, value_parser = clap::value_parser!(u32).range(1_000..))]
    events: u32,
}

impl Relay {
    pub(super) fn arguments(&self) -> Vec<String> {
        vec!["relay".to_owned(), "--events".to_owned(), self.events.to_string()]
    }

    pub(super) async fn run(self) -> Result<bool> {
        let state_dir = build::state_dir("bench")?;
        let _lock = Lock::take(&state_dir)?;
        stack::forget(&state_dir)?;
        build::programs(&PROGRAMS).await?;
        let events = usize::try_from(self.events)?;

        let engine = Dynamodb::start(&state_dir.join("dynamodb"))?;
        let endpoint = engine.endpoint();
        migrate("dynamodb", ("DYNAMODB_ENDPOINT", &endpoint)).await?;
        let outbox = Outbox { endpoint: endpoint.clone(), table: OUTBOX.to_owned() };
        say(format_args!("writing {events} events ..."));
        outbox.fill(events).await?;
        let read = told("read alone", outbox.read(events).await?);
        let (upsert, _) =
            on_a_fresh_database(&state_dir, async |mysql| bench::upsert(mysql, events).await).await?;
        let upsert = told("written alone", upsert);
        let (ours, server) = on_a_fresh_database(&state_dir, async |mysql| {
            bench::drain(async || relay(&state_dir, &endpoint, mysql, &[]).await, mysql, events).await
        })
        .await?;
        let (one_by_one, _) =
            on_a_fresh_database(&state_dir, async |mysql| outbox.one_by_one(mysql, events).await).await?;
        let one_by_one = told("one by one", one_by_one);
        engine.stop();

        say("placing holds ...");
        let lags = [lag(&state_dir, false).await?, lag(&state_dir, true).await?];
        let measured = bench::Relay { ours, one_by_one, read, upsert, lags };
        let plot = build::state_dir("bench-relay")?.with_extension("svg");
        std::fs::write(&plot, measured.chart().to_string())
            .with_context(|| format!("cannot write {}", plot.display()))?;
        tell(circumstances(&format!("the embedded DynamoDB, and {server}, begun anew for each figure")));
        tell(measured.to_string().trim_end());
        tell(format_args!("\nDrawn in {}.", plot.display()));
        Ok(true)
    }
}

fn told(what: &str, drained: Drained) -> Drained {
    say(format_args!("{what}: {drained}"));
    drained
}

/// A relay of tables at an endpoint, ready.
async fn relay(state_dir: &Path, endpoint: &str, mysql_url: &str, how: &[&str]) -> Result<Service> {
    let engines = [("DYNAMODB_ENDPOINT", endpoint.to_owned()), ("MYSQL_URL", mysql_url.to_owned())];
    start(state_dir, ("outbox-relay", "outbox-relay"), "poll", how, engines).await
}

/// Does something with a projection that is empty, on a server that was made for it; and what the server says it is.
async fn on_a_fresh_database<T>(
    state_dir: &Path,
    work: impl AsyncFnOnce(&str) -> Result<T>,
) -> Result<(T, String)> {
    let dir = state_dir.join("mysql");
    crate::engines::mysql::forget(&dir)?;
    let engine = Mysql::start(&dir).await?;
    let options: MySqlConnectOptions = engine.url().parse()?;
    let mut connection = options.clone().connect().await?;
    let version: String = sqlx::query_scalar("SELECT VERSION()").fetch_one(&mut connection).await?;
    connection.close().await?;
    let url = options.database(DATABASE).to_url_lossy().to_string();
    migrate("mysql", ("MYSQL_URL", &url)).await?;
    let worked = work(&url).await;
    engine.stop().await?;
    Ok((worked?, version))
}

/// How soon holds are seen, on engines of their own.
async fn lag(state_dir: &Path, nudged: bool) -> Result<Lag> {
    let nudge = stack::nudge_address()?;
    let (rings, listens): (&[&str], &[&str]) =
        if nudged { (&["--nudge", &nudge], &["--nudge-listen", &nudge]) } else { (&[], &[]) };
    let dir = state_dir.join(if nudged { "nudged" } else { "polled" });
    let engine = Dynamodb::start(&dir.join("dynamodb"))?;
    let endpoint = engine.endpoint();
    migrate("dynamodb", ("DYNAMODB_ENDPOINT", &endpoint)).await?;
    let (lag, _) = on_a_fresh_database(&dir, async |mysql| {
        let mut relay = relay(&dir, &endpoint, mysql, listens).await?;
        let mut command_api = CommandApi::start(&dir, &endpoint, rings).await?;
        let lag = bench::lag(&command_api.api, &relay, mysql).await;
        command_api.service.stop().await?;
        relay.stop().await?;
        lag
    })
    .await?;
    engine.stop();
    Ok(lag)
}
