//! `cargo dev sim`: the relay's seeded simulation.

use anyhow::Result;
use clap::Args;

use super::build;
use super::lock::Lock;
use super::test::library_tests;
use crate::process::{Group, Process};

/// Where the simulation is, and the test that runs it.
const PACKAGE: &str = "outbox-relay";
const TEST: [&str; 4] = ["sim::simulate", "--exact", "--ignored", "--nocapture"];

#[derive(Args)]
pub(super) struct Sim {
    /// How many seeds to try, from 0 on; the first that fails is printed.
    #[arg(long, default_value_t = 10_000)]
    seeds: u64,
    /// Runs this seed alone, and prints what happens in it.
    #[arg(long, conflicts_with = "seeds")]
    seed: Option<u64>,
}

impl Sim {
    pub(super) async fn run(self) -> Result<bool> {
        let state_dir = build::state_dir("sim")?;
        let _lock = Lock::take(&state_dir)?;
        std::fs::create_dir_all(&state_dir)?;
        let mut command = library_tests(PACKAGE, &state_dir.join("cargo.jsonl")).await?;
        command.args(TEST).env("TORIOKI_SIM_SEEDS", self.seeds.to_string());
        if let Some(seed) = self.seed {
            command.env("TORIOKI_SIM_SEED", seed.to_string());
        }
        let mut simulation = Process::spawn("the simulation", &mut command, Group::Own, None)?;
        Ok(simulation.wait().await?.success())
    }
}
