//! Where our programs are, and building them.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, Result, bail};
use tokio::process::Command;

/// The workspace that this program was built from.
pub(super) fn workspace() -> &'static Path {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    package.parent().unwrap_or(package)
}

/// The directory of this program: all others are built into it too.
pub(super) fn bin_dir() -> Result<PathBuf> {
    let program = std::env::current_exe().context("cannot tell where this program is")?;
    Ok(program.parent().unwrap_or(Path::new(".")).to_owned())
}

/// Where one of our commands keeps its state: under cargo's target directory.
pub(super) fn state_dir(name: &str) -> Result<PathBuf> {
    let bin_dir = bin_dir()?;
    let target = bin_dir.parent().unwrap_or(&bin_dir);
    Ok(target.join("devstack").join(name))
}

/// cargo, with the target directory and profile that this program was built with.
pub(super) fn cargo(arguments: &[&str]) -> Result<Command> {
    let bin_dir = bin_dir()?;
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(arguments).current_dir(workspace()).stdin(Stdio::null()).kill_on_drop(true);
    if let Some(target) = bin_dir.parent() {
        command.arg("--target-dir").arg(target);
    }
    if bin_dir.ends_with("release") {
        command.arg("--release");
    }
    Ok(command)
}

/// Builds the programs of a stack, with cargo's own progress.
pub(super) async fn services() -> Result<()> {
    let packages = ["-p", "command-api", "-p", "outbox-relay", "-p", "query-api", "-p", "migrations"];
    let built = cargo(&[&["build", "--bins"], &packages[..]].concat())?.status().await;
    if !built.context("cannot run cargo")?.success() {
        bail!("the services cannot be built; cargo says why above");
    }
    Ok(())
}
