//! `cargo dev bench hold`: each case twice, each time on an engine and a command API of its own.

use std::path::Path;
use std::process::Command;
use std::thread::available_parallelism;

use anyhow::{Context, Result};
use platform::auth::{Role, User};

use super::{READY_TIMEOUT, migrate, program};
use crate::bench::{self, Api, BRAND, CASES, Case, Holds, Placed, TOKEN_LIFE};
use crate::cli::build;
use crate::cli::lock::Lock;
use crate::console::{say, tell};
use crate::engines::Dynamodb;
use crate::issuer::Issuer;
use crate::process::Group;
use crate::service::{Service, Spec};
use crate::{secret, stack};

/// What is measured, and what makes its tables.
const PROGRAMS: [&str; 2] = ["command-api", "migrate"];

pub(super) async fn run() -> Result<bool> {
    let state_dir = build::state_dir("bench")?;
    let _lock = Lock::take(&state_dir)?;
    stack::forget(&state_dir)?;
    build::programs(&PROGRAMS).await?;
    let mut measured = Vec::new();
    for case in CASES {
        let mut both = Vec::new();
        for combined in [false, true] {
            let how = if combined { "together" } else { "each alone" };
            say(format_args!("{} clients, {} SKUs, {how} ...", case.clients, case.skus));
            both.push(measure(&state_dir, case, combined).await?);
            stack::forget(&state_dir)?;
        }
        if let [alone, together] = both[..] {
            measured.push((case, [alone, together]));
        }
    }
    tell(circumstances());
    tell(Holds(measured).to_string().trim_end());
    Ok(true)
}

async fn measure(state_dir: &Path, case: Case, combined: bool) -> Result<Placed> {
    std::fs::create_dir_all(state_dir)?;
    let engine = Dynamodb::start(&state_dir.join("dynamodb"))?;
    let endpoint = ("DYNAMODB_ENDPOINT", engine.endpoint());
    migrate("dynamodb", (endpoint.0, &endpoint.1)).await?;
    let issuer = Issuer::start(&state_dir.join("issuer"), 0)?;
    let user = User::new("bench", BRAND.parse()?, [Role::Manager], [])?;
    let caller = format!("Bearer {}", issuer.mint(&user, TOKEN_LIFE)?);
    let secret_key = ("SECRET_KEY", secret::key(state_dir, secret::SERVICES)?);
    let environment = issuer.environment().into_iter().chain([endpoint, secret_key]);
    let arguments = ["serve", "--listen", "127.0.0.1:0"].into_iter();
    let spec = Spec {
        name: "command-api".to_owned(),
        program: program("command-api")?,
        arguments: arguments.chain((!combined).then_some("--no-combining")).map(str::to_owned).collect(),
        environment: environment.map(|(name, value)| (name.to_owned(), value)).collect(),
        dir: state_dir.to_owned(),
        group: Group::Own,
    };
    let mut service = Service::start(spec).await?;
    service.wait_ready(READY_TIMEOUT).await?;
    let api = Api { command_url: service.base_url().to_owned(), caller };
    let placed = bench::holds(&api, case).await;
    service.stop().await?;
    engine.stop();
    placed.context("the holds were not placed")
}

/// What the figures are of.
fn circumstances() -> String {
    let mut git = Command::new("git");
    git.args(["describe", "--always", "--dirty"]).current_dir(build::workspace());
    let commit = git.output().map(|told| String::from_utf8_lossy(&told.stdout).trim().to_owned());
    let commit = commit.unwrap_or_default();
    let processor = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let processor = processor.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let processor = processor.map_or("a processor", |(_, name)| name);
    let cores = available_parallelism().map_or(1, usize::from);
    format!(
        "Commit {commit}; {processor}, {cores} cores, which the clients, the engine and the command API share; the embedded \
         DynamoDB, begun anew for each figure."
    )
}
