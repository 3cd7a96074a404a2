//! `cargo dev up`: the whole service on one machine.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Result;
use clap::Args;

use super::build;
use super::lock::Lock;
use super::stop::Stop;
use super::try_it;
use crate::console::say;
use crate::fill::fill;
use crate::process::Group;
use crate::stack::{Options, Ports, Stack};

/// How often it is looked whether all parts still run.
const WATCH_INTERVAL: Duration = Duration::from_millis(500);

#[derive(Args)]
pub(super) struct Up {
    /// Port of the command API.
    #[arg(long, default_value_t = 8080)]
    command_port: u16,
    /// Port of the query API.
    #[arg(long, default_value_t = 8081)]
    query_port: u16,
    /// Port of the issuer of tokens for development.
    #[arg(long, default_value_t = 8082)]
    issuer_port: u16,
    /// Keep what is stored under this name, apart from other stacks that are embedded.
    #[arg(long, value_name = "NAME", default_value = "up")]
    state: String,
    #[command(flatten)]
    engines: Engines,
    /// Start without demo data.
    #[arg(long, conflicts_with = "data")]
    empty: bool,
    /// Load the data set in this directory instead of the demo data.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
}

/// Engines that run already, instead of embedded ones.
#[derive(Args)]
pub(super) struct Engines {
    /// A DynamoDB that runs already.
    #[arg(long, value_name = "URL")]
    pub dynamodb_endpoint: Option<String>,
    /// A MySQL that runs already: mysql://USER:PASSWORD@HOST:PORT, with or without /DATABASE.
    #[arg(long, value_name = "URL")]
    pub mysql_url: Option<String>,
}

impl Engines {
    /// A stack on these engines.
    pub(super) fn options(self, state: &str, name: &str, ports: Ports) -> Result<Options> {
        let prefix = format!("{name}-").parse().map_err(anyhow::Error::msg)?;
        Ok(Options {
            state_dir: build::state_dir(state)?,
            bin_dir: build::bin_dir()?,
            ports,
            dynamodb_endpoint: self.dynamodb_endpoint,
            mysql_url: self.mysql_url,
            table_prefix: prefix,
            database: name.to_owned(),
            group: Group::Own,
        })
    }
}

impl Up {
    pub(super) async fn run(self) -> Result<bool> {
        let mut stop = Stop::listen()?;
        let dataset = if self.empty { None } else { Some(super::dataset(self.data.as_ref())?) };
        let personas = try_it::personas(dataset.as_ref())?;
        let ports = Ports { command: self.command_port, query: self.query_port, issuer: self.issuer_port };
        let options = self.engines.options(&self.state, "torioki", ports)?;
        let _lock = Lock::take(&options.state_dir)?;

        let starting = async {
            // Before the build: whoever has to choose another port should not wait for it.
            options.prepare().await?;
            build::services().await?;
            let mut stack = Stack::start(&options).await?;
            stack.let_in(personas);
            if let Some(dataset) = &dataset {
                let apis = stack.apis();
                tokio::select! {
                    filled = fill(dataset, &apis) => drop(filled?),
                    died = watch(&mut stack) => died?,
                }
            }
            anyhow::Ok(stack)
        };
        let mut stack = tokio::select! {
            started = starting => started?,
            // What has been started by then is killed, which loses nothing: every start can be interrupted.
            () = stop.requested() => {
                say("stopped before everything was up");
                return Ok(true);
            }
        };

        try_it::describe(&stack, dataset.as_ref().and_then(crate::dataset::Dataset::example));
        let ended = tokio::select! {
            died = watch(&mut stack) => died,
            () = stop.requested() => Ok(()),
        };
        say("stopping (once more to kill) ...");
        let stopped = tokio::select! {
            stopped = stack.stop() => stopped,
            () = stop.requested() => Ok(()),
        };
        ended.and(stopped)?;
        say("stopped");
        Ok(true)
    }
}

/// Returns when a part of the stack has ended.
async fn watch(stack: &mut Stack) -> Result<()> {
    loop {
        stack.check()?;
        tokio::time::sleep(WATCH_INTERVAL).await;
    }
}
