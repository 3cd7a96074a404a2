//! The commands of `cargo dev`.
//!
//! Owns what they are called and what they print. Ctrl-C, SIGTERM and SIGHUP end each of them at any moment: what it
//! started is stopped, by dropping it if need be.

mod bench;
mod build;
mod issuer;
mod load;
mod lock;
mod machine;
mod replay;
mod shots;
mod sim;
mod stop;
mod suite;
mod test;
mod token;
mod try_it;
mod up;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

use crate::console::{say, tell};
use crate::dataset::Dataset;
use crate::fill::{Filled, Target, fill};
use crate::stack;
use lock::Lock;
use stop::Stop;

/// Runs the whole of Torioki on this machine, and its tests.
#[derive(Parser)]
#[command(name = "cargo dev", bin_name = "cargo dev")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Starts the whole service with demo data; Ctrl-C stops it. What is stored is there again the next time.
    Up(up::Up),
    /// Forgets everything that `up` has stored.
    Reset,
    /// Builds and runs every test.
    Test(test::Test),
    /// Simulates the relay on a stream and a database that fail, from many seeds.
    Sim(sim::Sim),
    /// Replays real sales as holds on a fresh stack, then compares command state and projection row by row.
    Replay(replay::Replay),
    /// Takes a picture of every page and state in a headless browser, on a stack of its own with the demo data.
    Shots(shots::Shots),
    /// Measures lookups on a small projection and on a large one, side by side.
    #[command(subcommand)]
    Bench(bench::Bench),
    /// Runs a day of a chain on a stack of its own, at the rates at which people come, and reports on it.
    Load(load::Load),
    /// Fills a stack that runs already with a data set.
    Fill {
        /// Base URL of its command API.
        #[arg(long, env = "COMMAND_URL", default_value = "http://127.0.0.1:8080")]
        command_url: String,
        /// Base URL of its query API.
        #[arg(long, env = "QUERY_URL", default_value = "http://127.0.0.1:8081")]
        query_url: String,
        #[command(flatten)]
        issuer: token::Issuer,
        /// Directory of a data set, instead of the demo data.
        #[arg(long, value_name = "DIR")]
        data: Option<PathBuf>,
    },
    /// Prints a token for the APIs of a stack that runs already.
    Token(token::Token),
    /// Runs the issuer of tokens for development by itself.
    Issuer(issuer::Issuer),
    /// Asks an issuer on this machine whether it is ready: the health check of its container.
    #[command(hide = true)]
    Probe {
        /// Its port.
        #[arg(long, default_value_t = 8082)]
        port: u16,
    },
}

/// Runs the command that the arguments name.
pub async fn run() -> ExitCode {
    let done = match Cli::parse().command {
        // Stops by itself: what runs is stopped in order.
        Command::Up(up) => up.run().await,
        Command::Reset => reset(),
        Command::Test(test) => interruptible(test.run()).await,
        Command::Sim(sim) => interruptible(sim.run()).await,
        Command::Replay(replay) => interruptible(replay.run()).await,
        Command::Shots(shots) => interruptible(shots.run()).await,
        Command::Bench(bench) => interruptible(bench.run()).await,
        Command::Load(load) => interruptible(load.run()).await,
        Command::Fill { command_url, query_url, issuer, data } => {
            let target = Target { command_url, query_url, issuer_url: issuer.issuer_url };
            interruptible(fill_from(data, &target)).await
        }
        Command::Token(token) => interruptible(token.run()).await,
        Command::Issuer(issuer) => issuer.run().await,
        Command::Probe { port } => platform::server::probe(port).await.map(|()| true).map_err(Into::into),
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            say(format_args!("error: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn reset() -> Result<bool> {
    let state_dir = build::state_dir("up")?;
    let _lock = Lock::take(&state_dir)?;
    stack::forget(&state_dir)?;
    tell("forgotten; the next `cargo dev up` starts anew");
    Ok(true)
}

async fn fill_from(data: Option<PathBuf>, target: &Target) -> Result<bool> {
    let dataset = dataset(data.as_ref())?;
    if let Filled::Now(rows) = fill(&dataset, target).await? {
        tell(format_args!("sent {rows} rows"));
    }
    Ok(true)
}

fn dataset(dir: Option<&PathBuf>) -> Result<Dataset> {
    match dir {
        Some(dir) => Dataset::open(dir),
        None => Dataset::demo(),
    }
}

/// Does the work, or as much of it as is done when the process is told to stop; dropping it stops what it started.
async fn interruptible(work: impl Future<Output = Result<bool>>) -> Result<bool> {
    let mut stop = Stop::listen()?;
    tokio::select! {
        done = work => done,
        () = stop.requested() => {
            say("stopped");
            Ok(false)
        }
    }
}
