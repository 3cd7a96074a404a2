//! What figures are of: they tell nothing without it.

use std::process::Command;
use std::thread::available_parallelism;

use super::build;

/// The commit that was measured, and on which machine.
pub(super) fn described() -> String {
    let mut git = Command::new("git");
    git.args(["describe", "--always", "--dirty"]).current_dir(build::workspace());
    let commit = git.output().map(|told| String::from_utf8_lossy(&told.stdout).trim().to_owned());
    let commit = commit.unwrap_or_default();
    let processor = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let processor = processor.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let processor = processor.map_or("a processor", |(_, name)| name);
    let cores = available_parallelism().map_or(1, usize::from);
    format!("Commit {commit}; {processor}, {cores} cores")
}
