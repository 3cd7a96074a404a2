//! Where our programs are, and building them.

use std::ffi::OsStr;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::process::{Group, Process};

/// What a stack runs.
const PROGRAMS: [&str; 4] = ["command-api", "outbox-relay", "query-api", "migrate"];
/// The file by which cargo marks the top of a target directory.
const TARGET_MARK: &str = "CACHEDIR.TAG";
/// How the variables begin in which `cargo run` describes the package that it runs.
const OF_A_PACKAGE: [&str; 2] = ["CARGO_PKG_", "CARGO_MANIFEST_"];

/// The workspace that this program was built from.
pub(super) fn workspace() -> &'static Path {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    package.parent().unwrap_or(package)
}

/// cargo's target directory, and the name of the profile's directory in it that this program is in.
fn place() -> Result<(PathBuf, String)> {
    let program = std::env::current_exe().context("cannot tell where this program is")?;
    let bin_dir = program.parent().unwrap_or(Path::new("."));
    let parent = bin_dir.parent().unwrap_or(bin_dir);
    // Where a triple was asked for, its directory stands between the two.
    let target = bin_dir.ancestors().skip(1).find(|dir| dir.join(TARGET_MARK).is_file()).unwrap_or(parent);
    let profile = bin_dir.file_name().and_then(OsStr::to_str).unwrap_or("debug");
    Ok((target.to_owned(), profile.to_owned()))
}

/// Where cargo puts our programs.
pub(super) fn bin_dir() -> Result<PathBuf> {
    let (target, profile) = place()?;
    Ok(target.join(profile))
}

/// Where one of our commands keeps its state: under cargo's target directory.
pub(super) fn state_dir(name: &str) -> Result<PathBuf> {
    let (target, _) = place()?;
    Ok(target.join("devstack").join(name))
}

/// Where the pictures of the pages go: under cargo's target directory.
pub(super) fn shots_dir() -> Result<PathBuf> {
    let (target, _) = place()?;
    Ok(target.join("shots"))
}

/// Where the reports of loads go: under cargo's target directory.
pub(super) fn load_dir() -> Result<PathBuf> {
    let (target, _) = place()?;
    Ok(target.join("load"))
}

/// cargo, with the target directory and profile that this program was built with.
pub(super) fn cargo(arguments: &[&str]) -> Result<Command> {
    let (target, profile) = place()?;
    let profile = if profile == "debug" { "dev" } else { &profile };
    let mut command = plain_cargo();
    command.args(arguments);
    command.args(["--profile", profile]).arg("--target-dir").arg(target);
    Ok(command)
}

/// cargo, running this program anew with all optimisations; arguments of the program follow.
pub(super) fn optimised() -> Result<Command> {
    let (target, _) = place()?;
    let mut command = plain_cargo();
    command
        .args(["run", "--release", "--package", env!("CARGO_PKG_NAME"), "--target-dir"])
        .arg(target)
        .arg("--");
    Ok(command)
}

/// cargo without what `cargo run` told this program of its own package. Build scripts look at that, too, and where it is not
/// the same as the last time, a hundred crates are built anew.
fn plain_cargo() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(|name| OF_A_PACKAGE.iter().any(|start| name.starts_with(start))) {
            command.env_remove(name);
        }
    }
    command.current_dir(workspace()).stdin(Stdio::null());
    command
}

/// Builds the programs of a stack, with cargo's own progress.
pub(super) async fn services() -> Result<()> {
    programs(&PROGRAMS).await
}

/// Builds these programs, with cargo's own progress.
pub(super) async fn programs(programs: &[&str]) -> Result<()> {
    // From the whole workspace, not package by package: so its crates have the features of this program's.
    let programs = programs.iter().flat_map(|program| ["--bin", program]);
    let arguments: Vec<&str> = ["build", "--workspace"].into_iter().chain(programs).collect();
    build(&mut cargo(&arguments)?).await.context("the programs cannot be built")
}

/// Builds every program and every test, with cargo's own progress, and returns cargo's messages about them.
///
/// Both in one go: with their dev-dependencies some crates have more features, and would be compiled twice otherwise.
pub(super) async fn everything(messages: &Path) -> Result<String> {
    let arguments = ["build", "--workspace", "--bins", "--tests", "--message-format=json-render-diagnostics"];
    let mut command = cargo(&arguments)?;
    command.stdout(File::create(messages).with_context(|| format!("cannot write {}", messages.display()))?);
    build(&mut command).await.context("the tests cannot be built")?;
    Ok(std::fs::read_to_string(messages)?)
}

async fn build(command: &mut Command) -> Result<()> {
    // A group of its own, so that its compilers end with it when it is stopped halfway.
    let mut cargo = Process::spawn("cargo", command, Group::Own, None)?;
    let status = cargo.wait().await?;
    if !status.success() {
        bail!("cargo says why above ({status})");
    }
    Ok(())
}
