//! `cargo dev test`: every test of the workspace, on real engines.

use std::path::{Path, PathBuf};
use std::pin::pin;
use std::process::Command;

use anyhow::{Result, bail};
use clap::Args;
use futures::{StreamExt, stream};
use serde::Deserialize;

use super::build;
use super::lock::Lock;
use super::suite::{self, Tally};
use crate::browser::Chromium;
use crate::console::{say, tell};
use crate::engines::{Dynamodb, Mysql};
use crate::stack;

/// Suites that run at the same time. Their tests wait for clocks and for other processes more than they compute.
const AT_ONCE: usize = 2;

/// How a line begins in which a suite says that it could not look at something.
const SKIPPED: &str = "SKIPPED";

#[derive(Args)]
pub(super) struct Test {
    /// Run only tests whose name contains this.
    filter: Option<String>,
}

/// One test program.
struct Suite {
    name: String,
    program: PathBuf,
    package: String,
    package_dir: PathBuf,
}

impl Test {
    pub(super) async fn run(self) -> Result<bool> {
        let state_dir = build::state_dir("test")?;
        let _lock = Lock::take(&state_dir)?;
        stack::forget(&state_dir)?;
        std::fs::create_dir_all(&state_dir)?;
        let suites = suites(&build::everything(&state_dir.join("cargo.jsonl")).await?)?;

        let dynamodb = match given("DYNAMODB_ENDPOINT") {
            Some(_) => None,
            None => Some(Dynamodb::start(&state_dir.join("dynamodb"))?),
        };
        let mysql = match given("MYSQL_URL") {
            Some(_) => None,
            None => Some(Mysql::start(&state_dir.join("mysql")).await?),
        };
        let mut environment = vec![("TORIOKI_BIN_DIR", build::bin_dir()?.to_string_lossy().into_owned())];
        environment.extend(dynamodb.as_ref().map(|engine| ("DYNAMODB_ENDPOINT", engine.endpoint())));
        environment.extend(mysql.as_ref().map(|engine| ("MYSQL_URL", engine.url())));
        match Chromium::have().await {
            Ok(chromium) => environment.extend(chromium.environment()),
            // All but one suite do without.
            Err(error) => say(format_args!("the tests of the pages will fail: {error:#}")),
        }

        let mut commands: Vec<(String, Command)> = Vec::new();
        for suite in suites {
            let mut command = Command::new(&suite.program);
            command
                .args(self.filter.as_deref())
                .current_dir(&suite.package_dir)
                .env("CARGO_MANIFEST_DIR", &suite.package_dir)
                .env("CARGO_PKG_NAME", &suite.package);
            commands.push((suite.name, command));
        }
        let mut documentation = build::cargo(&["test", "--workspace", "--doc"])?;
        documentation.args(self.filter.iter().flat_map(|filter| ["--", filter]));
        commands.push(("documentation".to_owned(), documentation));

        let total = run_all(commands, &environment, &state_dir).await?;
        if let Some(engine) = mysql {
            engine.stop().await?;
        }
        if let Some(engine) = dynamodb {
            engine.stop();
        }
        if total == Tally::default() {
            say("there is no such test");
        }
        tell(format_args!("{} passed, {} failed", total.passed, total.failed));
        Ok(total.failed == 0 && total.passed > 0)
    }
}

/// Runs them all, and tells of each as it ends.
async fn run_all(
    commands: Vec<(String, Command)>,
    environment: &[(&str, String)],
    state_dir: &Path,
) -> Result<Tally> {
    let mut total = Tally::default();
    let count = commands.len();
    let runs = commands.into_iter().enumerate().map(async |(number, (name, mut command))| {
        command.envs(environment.iter().map(|(name, value)| (name, value)));
        let log = state_dir.join(format!("suite-{}.log", number + 1));
        let outcome = suite::run(&name, command, &log).await?;
        anyhow::Ok((name, outcome))
    });
    let mut runs = pin!(stream::iter(runs).buffer_unordered(AT_ONCE).enumerate());
    while let Some((ended, run)) = runs.next().await {
        let (name, outcome) = run?;
        let Tally { passed, failed } = outcome.tally;
        tell(format_args!(
            "[{:>2}/{count}] {name:<38}{passed:>4} passed  {failed:>2} failed  {:>6.1} s",
            ended + 1,
            outcome.seconds
        ));
        if failed > 0 {
            say(&outcome.output);
        } else {
            outcome.output.lines().filter(|line| line.starts_with(SKIPPED)).for_each(say);
        }
        total.add(outcome.tally);
    }
    Ok(total)
}

/// Builds everything, as for all tests, and returns the program that holds the tests inside a package's library.
pub(super) async fn library_tests(package: &str, messages: &Path) -> Result<Command> {
    let suites = suites(&build::everything(messages).await?)?;
    let Some(suite) = suites.into_iter().find(|suite| suite.name == package) else {
        bail!("cargo built no tests of {package}");
    };
    let mut command = Command::new(&suite.program);
    command.current_dir(&suite.package_dir);
    Ok(command)
}

fn given(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

#[derive(Deserialize)]
struct Message {
    reason: String,
    manifest_path: Option<PathBuf>,
    target: Option<Target>,
    executable: Option<PathBuf>,
    profile: Option<Profile>,
}

#[derive(Deserialize)]
struct Target {
    name: String,
    kind: Vec<String>,
}

#[derive(Deserialize)]
struct Profile {
    test: bool,
}

/// The test programs in cargo's messages, in order of their names.
fn suites(messages: &str) -> Result<Vec<Suite>> {
    let mut suites: Vec<Suite> = messages.lines().filter_map(suite).collect();
    suites.sort_by(|a, b| a.name.cmp(&b.name));
    if suites.is_empty() {
        bail!("cargo built no test program");
    }
    Ok(suites)
}

fn suite(line: &str) -> Option<Suite> {
    let message: Message = serde_json::from_str(line).ok()?;
    if message.reason != "compiler-artifact" || !message.profile?.test {
        return None;
    }
    let package_dir = message.manifest_path?.parent().map(Path::to_owned)?;
    let package = package_dir.file_name()?.to_string_lossy().into_owned();
    let target = message.target?;
    let name = match target.kind.first().map(String::as_str) {
        Some("test") => format!("{package}/{}", target.name),
        Some("bin") => format!("{package} (binary {})", target.name),
        _ => package.clone(),
    };
    Some(Suite { name, program: message.executable?, package, package_dir })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_test_programs_are_suites() {
        let message = |kind: &str, name: &str, test: bool| {
            format!(
                r#"{{"reason":"compiler-artifact","manifest_path":"/w/query-api/Cargo.toml","target":{{"name":"{name}","kind":["{kind}"]}},"profile":{{"test":{test}}},"executable":"/t/{name}-1"}}"#
            )
        };
        let messages = [
            message("test", "http", true),
            message("bin", "query-api", false),
            message("lib", "query_api", true),
            r#"{"reason":"build-finished","success":true}"#.to_owned(),
        ];
        let suites = suites(&messages.join("\n")).unwrap();
        let names: Vec<&str> = suites.iter().map(|suite| suite.name.as_str()).collect();
        assert_eq!(names, ["query-api", "query-api/http"]);
        assert_eq!(suites[0].package_dir, Path::new("/w/query-api"));
        assert_eq!(suites[1].program, Path::new("/t/http-1"));
    }
}
