//! `cargo dev test`: every test of the workspace, on real engines.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use clap::Args;
use serde::Deserialize;
use tokio::process::Command;
use tokio::time::timeout;

use super::build;
use super::lock::Lock;
use crate::console::{say, tell};
use crate::engines::{Dynamodb, Mysql};
use crate::stack;

/// Longest that one suite may take, before it is taken to hang.
const SUITE_TIMEOUT: Duration = Duration::from_secs(15 * 60);

#[derive(Args)]
pub(super) struct Test {
    /// Run only tests whose name contains this.
    filter: Option<String>,
}

/// One test program.
struct Suite {
    name: String,
    program: PathBuf,
    package_dir: PathBuf,
}

/// How many tests passed and failed.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Tally {
    passed: u64,
    failed: u64,
}

impl Test {
    pub(super) async fn run(self) -> Result<bool> {
        let state_dir = build::state_dir("test")?;
        let _lock = Lock::take(&state_dir)?;
        let built = build::cargo(&["build", "--workspace", "--bins"])?.status().await;
        if !built.context("cannot run cargo")?.success() {
            bail!("the programs cannot be built; cargo says why above");
        }
        let suites = suites().await?;

        stack::forget(&state_dir)?;
        std::fs::create_dir_all(&state_dir)?;
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

        let mut total = Tally::default();
        let count = suites.len() + 1;
        for (n, suite) in suites.iter().enumerate() {
            let mut command = Command::new(&suite.program);
            command
                .args(self.filter.as_deref())
                .current_dir(&suite.package_dir)
                .env("CARGO_MANIFEST_DIR", &suite.package_dir)
                .envs(environment.iter().map(|(name, value)| (name, value)));
            total.add(report(n + 1, count, &suite.name, command).await);
        }
        let mut doc = build::cargo(&["test", "--workspace", "--doc", "--quiet"])?;
        doc.args(self.filter.iter().flat_map(|filter| ["--", filter]));
        total.add(report(count, count, "documentation", doc).await);

        if let Some(engine) = mysql {
            engine.stop().await?;
        }
        if let Some(engine) = dynamodb {
            engine.stop();
        }
        tell(format!("{} passed, {} failed", total.passed, total.failed));
        Ok(total.failed == 0)
    }
}

impl Tally {
    fn add(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
    }

    /// What the summary lines of a test program say; `None` when there are none.
    fn of(output: &str) -> Option<Self> {
        let mut tally = None;
        for line in output.lines().filter_map(|line| line.strip_prefix("test result: ")) {
            let count = |word: &str| {
                let (head, _) = line.split_once(word)?;
                head.split_whitespace().next_back()?.parse::<u64>().ok()
            };
            let (Some(passed), Some(failed)) = (count(" passed;"), count(" failed;")) else { continue };
            tally.get_or_insert_with(Self::default).add(Self { passed, failed });
        }
        tally
    }
}

fn given(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// Runs one suite, prints its line, and what it printed if it failed. A suite that ends without its summary failed.
async fn report(n: usize, count: usize, name: &str, mut command: Command) -> Tally {
    let start = Instant::now();
    command.stdin(Stdio::null()).kill_on_drop(true);
    let (output, succeeded) = match timeout(SUITE_TIMEOUT, command.output()).await {
        Ok(Ok(output)) => {
            let text = [output.stdout, output.stderr].concat();
            (String::from_utf8_lossy(&text).into_owned(), output.status.success())
        }
        Ok(Err(error)) => (format!("cannot be run: {error}"), false),
        Err(_) => (format!("was killed after {SUITE_TIMEOUT:?}"), false),
    };
    let mut tally = Tally::of(&output).unwrap_or_default();
    if !succeeded && tally.failed == 0 {
        tally.failed = 1;
    }
    let Tally { passed, failed } = tally;
    let seconds = start.elapsed().as_secs_f64();
    if failed > 0 {
        say(output);
    }
    tell(format!("[{n}/{count}] {name}: {passed} passed, {failed} failed in {seconds:.1} s"));
    tally
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

/// Builds every test program, with cargo's own progress.
async fn suites() -> Result<Vec<Suite>> {
    let mut command =
        build::cargo(&["test", "--workspace", "--no-run", "--message-format=json-render-diagnostics"])?;
    let built =
        command.stdout(Stdio::piped()).stderr(Stdio::inherit()).spawn().context("cannot run cargo")?;
    let built = built.wait_with_output().await?;
    if !built.status.success() {
        bail!("the tests cannot be built; cargo says why above");
    }
    let messages = String::from_utf8(built.stdout)?;
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
        _ => package,
    };
    Some(Suite { name, program: message.executable?, package_dir })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn summaries_are_added_up() {
        let output = "running 2 tests\ntest result: FAILED. 1 passed; 1 failed; 0 ignored\n\
                      test result: ok. 3 passed; 0 failed; 0 ignored; finished in 0.00s\n";
        assert_eq!(Tally::of(output), Some(Tally { passed: 4, failed: 1 }));
        assert_eq!(Tally::of("thread panicked before any summary"), None);
    }

    #[tokio::test]
    async fn a_suite_that_dies_counts_as_failed() {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", "echo 'test result: ok. 3 passed; 0 failed;'; kill -9 $$"]);
        assert_eq!(report(1, 1, "dies", command).await, Tally { passed: 3, failed: 1 });
    }
}
