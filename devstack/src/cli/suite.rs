//! Running one test program, or cargo's documentation tests, and counting.

use std::fs::File;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::Result;

use crate::process::{Group, Process};

/// Longest that one suite may take, before it is taken to hang.
const TIMEOUT: Duration = Duration::from_secs(15 * 60);

/// How many tests passed and failed.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Tally {
    pub(super) passed: u64,
    pub(super) failed: u64,
}

impl Tally {
    pub(super) fn add(&mut self, other: Self) {
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

/// What became of a suite.
pub(super) struct Outcome {
    pub(super) tally: Tally,
    pub(super) seconds: f64,
    /// All that it printed, and how it ended if that was not by itself.
    pub(super) output: String,
}

/// Runs a suite. One that ends badly without saying that a test failed has one failure more than it says.
pub(super) async fn run(name: &str, mut command: Command, log: &Path) -> Result<Outcome> {
    let start = Instant::now();
    let file = File::create(log)?;
    command.stdin(Stdio::null()).stdout(file.try_clone()?).stderr(file);
    // A group of its own, in which the services that its tests start are too: none outlives it, however it ends.
    let ended = match Process::spawn(name, &mut command, Group::Own, None) {
        Err(error) => Err(format!("{error:#}")),
        Ok(mut process) => match tokio::time::timeout(TIMEOUT, process.wait()).await {
            Err(_) => Err(format!("killed: it took longer than {} minutes", TIMEOUT.as_secs() / 60)),
            Ok(status) => match status? {
                status if status.success() => Ok(()),
                status => Err(format!("ended with {status}")),
            },
        },
    };
    let mut output = String::from_utf8_lossy(&std::fs::read(log)?).into_owned();
    let summary = Tally::of(&output);
    let mut tally = summary.unwrap_or_default();
    if let Err(how) = &ended {
        output.push_str(&format!("{name}: {how}\n"));
        tally.failed = tally.failed.max(1);
    }
    if summary.is_none() && tally.failed == 0 {
        output.push_str(&format!("{name}: no result was printed\n"));
        tally.failed = 1;
    }
    Ok(Outcome { tally, seconds: start.elapsed().as_secs_f64(), output })
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn of(script: &str) -> Outcome {
        let dir = tempfile::tempdir().unwrap();
        let mut command = Command::new("/bin/sh");
        command.args(["-c", script]);
        run("suite", command, &dir.path().join("log")).await.unwrap()
    }

    #[test]
    fn summaries_are_added_up() {
        let output = "running 2 tests\ntest result: FAILED. 1 passed; 1 failed; 0 ignored\n\
                      test result: ok. 3 passed; 0 failed; 0 ignored; finished in 0.00s\n";
        assert_eq!(Tally::of(output), Some(Tally { passed: 4, failed: 1 }));
        assert_eq!(Tally::of("thread panicked before any summary"), None);
    }

    #[tokio::test]
    async fn a_suite_that_dies_counts_as_failed() {
        let outcome = of("echo 'test result: ok. 3 passed; 0 failed;'; kill -9 $$").await;
        assert_eq!(outcome.tally, Tally { passed: 3, failed: 1 });
        assert!(outcome.output.contains("signal: 9"), "{}", outcome.output);
    }

    #[tokio::test]
    async fn a_suite_that_says_nothing_counts_as_failed() {
        assert_eq!(of("exit 0").await.tally, Tally { passed: 0, failed: 1 });
    }

    #[tokio::test]
    async fn what_a_suite_leaves_behind_is_ended() {
        let outcome =
            of("sleep 4323 >/dev/null 2>&1 & echo $!; echo 'test result: ok. 1 passed; 0 failed;'").await;
        assert_eq!(outcome.tally, Tally { passed: 1, failed: 0 });
        let left = outcome.output.lines().next().unwrap().to_owned();
        let deadline = Instant::now() + Duration::from_secs(5);
        while Command::new("kill").args(["-0", &left]).stderr(Stdio::null()).status().unwrap().success() {
            assert!(Instant::now() < deadline, "process {left} is still there");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}
