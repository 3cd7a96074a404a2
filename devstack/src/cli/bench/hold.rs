//! `cargo dev bench hold`: each case twice, each time on an engine and a command API of its own.

use std::path::Path;

use anyhow::{Context, Result};
use platform::auth::{Role, User};

use super::{READY_TIMEOUT, migrate, program};
use crate::bench::{self, Api, BRAND, CASES, Holds, Placed, TOKEN_LIFE};
use crate::cli::lock::Lock;
use crate::cli::{build, machine};
use crate::console::{say, tell};
use crate::engines::Dynamodb;
use crate::issuer::Issuer;
use crate::process::Group;
use crate::service::{Service, Spec};
use crate::{secret, stack};

/// What is measured, and what makes its tables.
const PROGRAMS: [&str; 2] = ["command-api", "migrate"];
/// Arguments of a command API where each command goes alone, and of one where they go together.
const ALONE: &[&str] = &["--no-combining"];
const COMBINED: &[&str] = &[];
/// Clients of the case whose rate tells what a sale's is.
const SALE: usize = 64;
/// How much of that comes at a fixed rate: as much as one would let come to it.
const SHARE: f64 = 0.7;

pub(super) async fn run() -> Result<bool> {
    let state_dir = build::state_dir("bench")?;
    let _lock = Lock::take(&state_dir)?;
    stack::forget(&state_dir)?;
    build::programs(&PROGRAMS).await?;
    let mut cases = Vec::new();
    for case in CASES {
        say(format_args!("{} clients, {} SKUs ...", case.clients, case.skus));
        let alone = on_a_fresh_engine(&state_dir, ALONE, async |api| bench::holds(api, case).await).await?;
        let combined =
            on_a_fresh_engine(&state_dir, COMBINED, async |api| bench::holds(api, case).await).await?;
        cases.push((case, [alone, combined]));
    }
    let most = cases.iter().find(|(case, _)| case.clients == SALE);
    let rate = most.map_or(1.0, |(_, [_, combined])| combined.share_of_rate(SHARE));
    say(format_args!("one SKU, {rate:.0} holds a second ..."));
    let at_rate =
        on_a_fresh_engine(&state_dir, COMBINED, async |api| bench::holds_at(api, rate).await).await?;
    tell(circumstances());
    tell(Holds { cases, at_rate }.to_string().trim_end());
    Ok(true)
}

/// Measures a command API that is run with these arguments.
async fn on_a_fresh_engine(
    state_dir: &Path,
    how: &[&str],
    measure: impl AsyncFnOnce(&Api) -> Result<Placed>,
) -> Result<Placed> {
    stack::forget(state_dir)?;
    std::fs::create_dir_all(state_dir)?;
    let engine = Dynamodb::start(&state_dir.join("dynamodb"))?;
    let endpoint = ("DYNAMODB_ENDPOINT", engine.endpoint());
    migrate("dynamodb", (endpoint.0, &endpoint.1)).await?;
    let issuer = Issuer::start(&state_dir.join("issuer"), 0)?;
    let user = User::new("bench", BRAND.parse()?, [Role::Manager], [])?;
    let caller = format!("Bearer {}", issuer.mint(&user, TOKEN_LIFE)?);
    let secret_key = ("SECRET_KEY", secret::key(state_dir, secret::SERVICES)?);
    let environment = issuer.environment().into_iter().chain([endpoint, secret_key]);
    let arguments = ["serve", "--listen", "127.0.0.1:0"].iter().chain(how);
    let spec = Spec {
        name: "command-api".to_owned(),
        program: program("command-api")?,
        arguments: arguments.map(|argument| (*argument).to_owned()).collect(),
        environment: environment.map(|(name, value)| (name.to_owned(), value)).collect(),
        dir: state_dir.to_owned(),
        group: Group::Own,
    };
    let mut service = Service::start(spec).await?;
    service.wait_ready(READY_TIMEOUT).await?;
    let api = Api { command_url: service.base_url().to_owned(), caller };
    let placed = measure(&api).await;
    service.stop().await?;
    engine.stop();
    stack::forget(state_dir)?;
    placed.context("the holds were not placed")
}

/// What the figures are of.
fn circumstances() -> String {
    format!(
        "{}, which the clients, the engine and the command API share; the embedded DynamoDB, begun anew for each figure.",
        machine::described()
    )
}
