//! `cargo dev shots`: pictures of every page.

use anyhow::{Context, Result};
use clap::Args;

use super::build;
use super::lock::Lock;
use super::{try_it, up};
use crate::browser::Chromium;
use crate::console::tell;
use crate::dataset::Dataset;
use crate::fill::fill;
use crate::shots;
use crate::stack::{self, Ports, Stack};

#[derive(Args)]
pub(super) struct Shots {
    #[command(flatten)]
    engines: up::Engines,
}

impl Shots {
    pub(super) async fn run(self) -> Result<bool> {
        let chromium = Chromium::have().await?;
        // A name of its own on engines that are given: what was held in an earlier run would be in the pictures.
        let name = format!("shots_{}", std::process::id());
        let options = self.engines.options("shots", &name, Ports::default())?;
        let _lock = Lock::take(&options.state_dir)?;
        options.prepare().await?;
        stack::forget(&options.state_dir)?;
        build::services().await?;
        let dataset = Dataset::demo()?;
        let mut stack = Stack::start(&options).await?;
        stack.let_in(try_it::personas(Some(&dataset))?);
        fill(&dataset, &stack.apis()).await?;
        let dir = build::shots_dir()?;
        // Those of pages that are no more would be taken for pages that there are.
        let _ = std::fs::remove_dir_all(&dir);
        std::fs::create_dir_all(&dir).with_context(|| format!("cannot make {}", dir.display()))?;
        let taken = shots::take(&mut stack, &chromium, &dir).await?;
        stack.stop().await?;
        tell(format_args!("{taken} pictures are in {}", dir.display()));
        Ok(true)
    }
}
