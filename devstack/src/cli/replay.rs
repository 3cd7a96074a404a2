//! `cargo dev replay`: real sales through a fresh stack.

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;

use super::build;
use super::lock::Lock;
use super::up::Engines;
use crate::replay::{self, Target};
use crate::stack::{self, Ports, Stack};

#[derive(Args)]
pub(super) struct Replay {
    /// Directory of the data set.
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// How many of its sales to replay, from the first.
    #[arg(long, default_value_t = 20_000)]
    sales: usize,
    #[command(flatten)]
    engines: Engines,
}

impl Replay {
    pub(super) async fn run(self) -> Result<bool> {
        // A name of its own on engines that are given: counts of an earlier replay would change this one's refusals.
        let name = format!("replay_{}", std::process::id());
        let options = self.engines.options("replay", &name, Ports::default())?;
        let _lock = Lock::take(&options.state_dir)?;
        options.prepare().await?;
        stack::forget(&options.state_dir)?;
        build::services().await?;
        let stack = Stack::start(&options).await?;
        let target = Target {
            apis: stack.apis(),
            dynamodb_endpoint: stack.dynamodb_endpoint().to_owned(),
            table_prefix: options.table_prefix.to_string(),
            mysql_url: stack.mysql_url().to_owned(),
        };
        let same = replay::run(&target, &self.data, self.sales).await;
        stack.stop().await?;
        same
    }
}
