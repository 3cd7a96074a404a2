//! `cargo dev bench sse`: how many follow stock as it changes, and what each of them takes.

use std::path::Path;
use std::time::Duration;

use anyhow::Result;

use super::circumstances;
use super::projection::{PROGRAMS, Projections};
use crate::bench::{Audience, SMALL, Telling};
use crate::cli::build;
use crate::cli::lock::Lock;
use crate::console::tell;
use crate::engines::{Mysql, mysql};
use crate::stack;

/// How many follow, each time a query API that was begun anew: up to what one process is to bear, below the 12,000 that it
/// takes.
const FOLLOWERS: [usize; 3] = [1_000, 4_000, 10_000];
/// Longer than a silence lasts until there is a sign of life, which is 15 seconds.
const IDLE: Duration = Duration::from_secs(20);
/// Enough for a hundredth to be one, at a rate that leaves time to tell everybody on a machine that is shared.
const CHANGES: u64 = 100;
const EVERY: Duration = Duration::from_millis(500);

pub(super) async fn run() -> Result<bool> {
    let state_dir = build::state_dir("bench")?;
    let _lock = Lock::take(&state_dir)?;
    stack::forget(&state_dir)?;
    std::fs::create_dir_all(&state_dir)?;
    build::programs(&PROGRAMS).await?;
    let engine = Mysql::start(&state_dir.join("mysql")).await?;
    let version = mysql::version(&engine.url()).await?;
    let tellings = measured(&state_dir, &engine.url()).await;
    engine.stop().await?;
    stack::forget(&state_dir)?;
    let tellings = tellings?;
    tell(format_args!("{}\n", circumstances(&version)));
    tell(Telling::heading());
    tellings.iter().for_each(tell);
    Ok(true)
}

async fn measured(state_dir: &Path, server: &str) -> Result<Vec<Telling>> {
    let projections = Projections::on(state_dir, server)?;
    let mut tellings = Vec::new();
    for followers in FOLLOWERS {
        let (mut service, target) = projections.make(SMALL).await?;
        let audience = Audience { followers, idle: IDLE, changes: CHANGES, every: EVERY };
        tellings.push(audience.tell(&target, service.pid()).await?);
        service.stop().await?;
    }
    Ok(tellings)
}
