//! `cargo dev bench hold`: each case twice, each time on an engine and a command API of its own; then holds beside the bare
//! transactions of their items.

use std::path::Path;
use std::process::Stdio;

use anyhow::{Context, Result, ensure};
use clap::Args;
use tokio::process::Command;

use super::command_api::CommandApi;
use super::{circumstances, migrate};
use crate::bench::{self, Beside, CASES, Case, Holds, Path as Paths, Sent};
use crate::cli::build;
use crate::cli::lock::Lock;
use crate::console::{say, tell};
use crate::engines::Dynamodb;
use crate::stack;

/// What is measured, and what makes its tables.
const PROGRAMS: [&str; 2] = ["command-api", "migrate"];
/// Arguments of a command API where commands go together, and of one where each goes alone. It sweeps in a day, which is no part of
/// what is measured.
const COMBINED: &[&str] = &["--sweep-seconds", "86400"];
const ALONE: &[&str] = &["--sweep-seconds", "86400", "--no-combining"];
/// Clients of the case whose rate tells what a sale's is.
const SALE: usize = 64;
/// How much of that comes at a fixed rate: as much as one would let come to it.
const SHARE: f64 = 0.7;
/// How many clients place holds beside the bare loop, each of a SKU of its own.
const BESIDE: [usize; 2] = [1, SALE];
/// How often: other people's work on the machine falls on one of the two, and on another one the next time.
const ROUNDS: usize = 3;

/// The bare loop, on an engine that has one hold.
#[derive(Args)]
pub(in crate::cli) struct Bare {
    #[arg(long)]
    endpoint: String,
    #[arg(long)]
    clients: usize,
}

impl Bare {
    pub(super) async fn run(self) -> Result<bool> {
        tell(serde_json::to_string(&bench::bare(&self.endpoint, self.clients).await?)?);
        Ok(true)
    }
}

/// What is measured, while its engine runs.
struct Running {
    command_api: CommandApi,
    endpoint: String,
}

pub(super) async fn run() -> Result<bool> {
    let state_dir = build::state_dir("bench")?;
    let _lock = Lock::take(&state_dir)?;
    stack::forget(&state_dir)?;
    build::programs(&PROGRAMS).await?;
    let beside = beside(&state_dir).await?;
    let mut cases = Vec::new();
    for case in CASES {
        say(format_args!("{} clients, {} SKUs ...", case.clients, case.skus));
        let placed = async |how| {
            let holds = async |on: &mut Running| bench::holds(&on.command_api.api, case).await;
            on_a_fresh_engine(&state_dir, how, holds).await
        };
        let alone = placed(ALONE).await?;
        cases.push((case, [alone, placed(COMBINED).await?]));
    }
    let most = cases.iter().find(|(case, _)| case.clients == SALE);
    let rate = most.map_or(1.0, |(_, [_, combined])| combined.share_of_rate(SHARE));
    say(format_args!("one SKU, {rate:.0} holds a second ..."));
    let fixed = async |on: &mut Running| bench::holds_at(&on.command_api.api, rate).await;
    let at_rate = on_a_fresh_engine(&state_dir, COMBINED, fixed).await?;
    tell(circumstances("the embedded DynamoDB, begun anew for each figure"));
    tell(beside);
    tell(Holds { cases, at_rate }.to_string().trim_end());
    Ok(true)
}

/// The bare loop and the command API in turn.
async fn beside(state_dir: &Path) -> Result<Paths> {
    let mut figures = Vec::new();
    for clients in BESIDE.into_iter().cycle().take(ROUNDS * BESIDE.len()) {
        say(format_args!("{clients} clients, each a SKU, beside bare transactions ..."));
        let case = Case { clients, skus: clients };
        let bare = on_a_fresh_engine(state_dir, COMBINED, async |on: &mut Running| {
            bench::one_hold(&on.command_api.api, case).await?;
            on.command_api.service.stop().await?;
            sent(&on.endpoint, clients).await
        });
        let bare = bare.await?;
        let holds = async |on: &mut Running| bench::holds(&on.command_api.api, case).await;
        let placed = on_a_fresh_engine(state_dir, COMBINED, holds).await?;
        figures.push(Beside { clients, bare, placed });
    }
    Ok(Paths(figures))
}

/// The bare loop in a process of its own, so that its CPU time can be told.
async fn sent(endpoint: &str, clients: usize) -> Result<Sent> {
    let mut command = Command::new(std::env::current_exe()?);
    command.args(["bench", "bare", "--endpoint", endpoint, "--clients", &clients.to_string()]);
    let output = command.stdin(Stdio::null()).stderr(Stdio::inherit()).kill_on_drop(true).output().await?;
    ensure!(output.status.success(), "the bare loop says why above ({})", output.status);
    serde_json::from_slice(&output.stdout).context("the bare loop tells no figures")
}

/// Measures a command API that is run with these arguments.
async fn on_a_fresh_engine<T>(
    state_dir: &Path,
    how: &[&str],
    measure: impl AsyncFnOnce(&mut Running) -> Result<T>,
) -> Result<T> {
    stack::forget(state_dir)?;
    std::fs::create_dir_all(state_dir)?;
    let engine = Dynamodb::start(&state_dir.join("dynamodb"))?;
    let endpoint = engine.endpoint();
    migrate("dynamodb", ("DYNAMODB_ENDPOINT", &endpoint)).await?;
    let command_api = CommandApi::start(state_dir, &endpoint, how).await?;
    let mut running = Running { command_api, endpoint };
    let measured = measure(&mut running).await;
    running.command_api.service.stop().await?;
    engine.stop();
    stack::forget(state_dir)?;
    measured.context("the holds were not placed")
}
