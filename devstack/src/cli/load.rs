//! `cargo dev load`: a day of a chain on a stack of its own.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::Args;

use super::lock::Lock;
use super::up::Engines;
use super::{build, machine};
use crate::compare;
use crate::console::{say, tell};
use crate::engines::mysql;
use crate::load::{self, Report, Scenario, Target};
use crate::process::{Group, Process};
use crate::stack::{self, Options, Ports, Stack};

/// Where scenarios are that are called by their names.
const SCENARIOS: &str = "tests/scenarios";
/// How their files end.
const SCENARIO_FILE: &str = "toml";

#[derive(Args)]
pub(super) struct Load {
    /// A scenario of tests/scenarios, or the file of another.
    #[arg(long, value_name = "NAME|FILE", default_value = "sale-day")]
    scenario: PathBuf,
    /// Programs that are built already, in this directory; without it, optimised ones are built.
    #[arg(long, value_name = "DIR")]
    built: Option<PathBuf>,
    #[command(flatten)]
    engines: Engines,
}

impl Load {
    pub(super) async fn run(self) -> Result<bool> {
        let file = file(&self.scenario);
        // Before anything is built or started: whoever made a mistake should not wait to be told.
        let scenario = Scenario::open(&file)?;
        for url in [&self.engines.dynamodb_endpoint, &self.engines.mysql_url].into_iter().flatten() {
            load::loopback(url)?;
        }
        // Also what sends has to be as fast as it can be.
        if cfg!(debug_assertions) && self.built.is_none() {
            return self.optimised(&file).await;
        }
        let name = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        // A name of its own on engines that are given: what is there already would be part of the day.
        let own = format!("load_{}", std::process::id());
        let options = self.engines.options("load", &own, Ports::default())?;
        let options = Options { bin_dir: self.built.clone().unwrap_or(options.bin_dir), ..options };
        let _lock = Lock::take(&options.state_dir)?;
        options.prepare().await?;
        stack::forget(&options.state_dir)?;
        if self.built.is_none() {
            build::services().await?;
        }
        let (version, report) = day(&options, &scenario).await?;
        stack::forget(&options.state_dir)?;

        let dir = build::load_dir()?;
        std::fs::create_dir_all(&dir).with_context(|| format!("cannot make {}", dir.display()))?;
        let path = dir.join(&name).with_extension("html");
        let dynamodb = if options.dynamodb_endpoint.is_some() { "a given" } else { "the embedded" };
        let of = format!(
            "{}, shared by who comes, services and engines; {dynamodb} DynamoDB, {version}; seed {}",
            machine::described(),
            scenario.seed
        );
        std::fs::write(&path, report.page(&name, &of))
            .with_context(|| format!("cannot write {}", path.display()))?;
        tell(format_args!("{of}\n"));
        tell(report.summary().trim_end());
        tell(format_args!("report: {}", path.display()));
        Ok(report.passed())
    }

    /// Runs this anew, in a program with all optimisations.
    async fn optimised(&self, file: &Path) -> Result<bool> {
        let mut command = build::optimised()?;
        // That one runs in the workspace, whatever directory this one was started in.
        command.args(["load", "--scenario"]).arg(std::path::absolute(file)?);
        for (flag, url) in [
            ("--dynamodb-endpoint", &self.engines.dynamodb_endpoint),
            ("--mysql-url", &self.engines.mysql_url),
        ] {
            command.args(url.iter().flat_map(|url| [flag, url]));
        }
        let mut run = Process::spawn("the load", &mut command, Group::Own, None)?;
        Ok(run.wait().await?.success())
    }
}

fn file(scenario: &Path) -> PathBuf {
    if scenario.extension().is_some_and(|extension| extension == SCENARIO_FILE) {
        return scenario.to_owned();
    }
    build::workspace().join(SCENARIOS).join(scenario).with_extension(SCENARIO_FILE)
}

/// Fills a stack, starts it again, and runs the day.
async fn day(options: &Options, scenario: &Scenario) -> Result<(String, Report)> {
    let stack = Stack::start(options).await?;
    load::prepare(&target(&stack, options), scenario).await?;
    // The embedded engine keeps something of every transaction for ten minutes, and looks at all of it in the next: the day
    // begins on one that has nothing to look at.
    say("starting again, with what is stored ...");
    stack.stop().await?;
    let stack = Stack::start(options).await?;
    let target = target(&stack, options);
    let version = mysql::version(stack.mysql_url()).await?;
    let ran = load::run(&target, scenario).await?;
    let found = ran.check(&target).await?;
    stack.stop().await?;
    Ok((version, Report::of(ran, found)?))
}

fn target(stack: &Stack, options: &Options) -> Target {
    let engines = compare::Target {
        dynamodb_endpoint: stack.dynamodb_endpoint().to_owned(),
        table_prefix: options.table_prefix.to_string(),
        mysql_url: stack.mysql_url().to_owned(),
    };
    Target { apis: stack.apis(), engines, processes: stack.processes() }
}
