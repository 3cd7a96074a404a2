//! `cargo dev bench`: how fast things are.

mod command_api;
mod cost;
mod hold;
mod projection;
mod query;
mod relay;
mod sse;

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use clap::Subcommand;
use tokio::process::Command;

use super::build;
use super::machine;
use crate::limits;
use crate::process::{Group, Process};
use crate::service::{Service, Spec};

/// How long the query API may take until it is ready.
const READY_TIMEOUT: Duration = Duration::from_secs(30);

#[derive(Subcommand)]
pub(super) enum Bench {
    /// Every lookup, on 10 thousand rows of stock and on 10 million: fills both anew, asks, and removes them.
    Query(query::Query),
    /// Subscribers to stock as it changes, up to 10,000 of one query API: its memory and its time on processors for each of
    /// them, and how soon the last is told.
    Sse,
    /// Holds of one SKU and of many, where commands for one count go together and where each goes alone; and holds beside bare
    /// transactions of their items.
    Hold,
    /// A backlog of events that the relay drains, beside each half of that work alone; and how soon a hold is seen.
    Relay(relay::Relay),
    /// What commands, events and lookups cost: units of DynamoDB, time on processors, rows.
    Cost,
    /// What holds are measured against, in a process of its own.
    #[command(hide = true)]
    Bare(hold::Bare),
}

impl Bench {
    pub(super) async fn run(self) -> Result<bool> {
        // Also what is measured beside the service has to be as fast as it can be.
        match self {
            Self::Query(query) if cfg!(debug_assertions) => optimised(&query.arguments()).await,
            Self::Query(query) => query.run().await,
            Self::Sse if cfg!(debug_assertions) => optimised(&["sse".to_owned()]).await,
            Self::Sse => sse::run().await,
            Self::Hold if cfg!(debug_assertions) => optimised(&["hold".to_owned()]).await,
            Self::Hold => hold::run().await,
            Self::Relay(relay) if cfg!(debug_assertions) => optimised(&relay.arguments()).await,
            Self::Relay(relay) => relay.run().await,
            Self::Cost if cfg!(debug_assertions) => optimised(&["cost".to_owned()]).await,
            Self::Cost => cost::run().await,
            Self::Bare(bare) => bare.run().await,
        }
    }
}

/// Runs this measuring anew, in a program with all optimisations.
async fn optimised(arguments: &[String]) -> Result<bool> {
    let mut command = build::optimised()?;
    command.arg("bench").args(arguments);
    let mut run = Process::spawn("the measuring", &mut command, Group::Own, None)?;
    Ok(run.wait().await?.success())
}

/// Starts a service by the name of its files and of its program, and waits until it is ready.
async fn start(
    state_dir: &Path,
    (name, program): (&str, &str),
    command: &str,
    arguments: &[&str],
    environment: impl IntoIterator<Item = (&str, String)>,
) -> Result<Service> {
    let (limits, file) = limits::environment(state_dir)?;
    let limits = (limits.to_owned(), file.to_string_lossy().into_owned());
    let environment = environment.into_iter().map(|(name, value)| (name.to_owned(), value));
    let arguments = [&[command, "--listen", "127.0.0.1:0"], arguments].concat();
    let spec = Spec {
        name: name.to_owned(),
        program: build::bin_dir()?.join(program),
        arguments: arguments.into_iter().map(str::to_owned).collect(),
        environment: environment.chain([limits]).collect(),
        dir: state_dir.to_owned(),
        group: Group::Own,
    };
    let mut service = Service::start(spec).await?;
    service.wait_ready(READY_TIMEOUT).await?;
    Ok(service)
}

async fn migrate(what: &str, engine: (&str, &str)) -> Result<()> {
    run_migrate(&[what], engine).await
}

async fn run_migrate(arguments: &[&str], (variable, engine): (&str, &str)) -> Result<()> {
    let mut command = Command::new(build::bin_dir()?.join("migrate"));
    command
        .args(arguments)
        .env(variable, engine)
        .env("RUST_LOG", "warn")
        .stdin(Stdio::null())
        .stdout(Stdio::null());
    let status = command.kill_on_drop(true).status().await.context("cannot run migrate")?;
    ensure!(status.success(), "migrate says why above ({status})");
    Ok(())
}

/// What figures are of.
fn circumstances(engines: &str) -> String {
    format!("{}, which clients, engines and services share; {engines}.", machine::described())
}
