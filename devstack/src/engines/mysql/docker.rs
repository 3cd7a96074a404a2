//! Running the official image where the machine has no server program.

use std::fs::File;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, bail};

use super::{BUFFER_POOL, Leftovers, MAX_CONNECTIONS, Mysql, PORT_TRIES, free_port, port_was_taken};
use crate::console::say;
use crate::process::{Group, Process};
use crate::programs::Step;

/// The image: the long-term release that production's MySQL is compatible with.
const IMAGE: &str = "mysql:8.4";
/// How long Docker's client may take to answer or to remove something: a busy daemon takes seconds.
const CLIENT_TIMEOUT: Duration = Duration::from_secs(30);
/// How long fetching the image may take.
const PULL_TIMEOUT: Duration = Duration::from_secs(900);

/// A container of ours, by name.
#[derive(Debug)]
pub(super) struct Container(String);

impl Container {
    /// Removes it, running or not.
    pub(super) fn remove(&self) {
        if let Ok(mut client) = client(&["rm", "--force", &self.0]) {
            let _ = client.wait_blocking(CLIENT_TIMEOUT);
        }
    }
}

/// Whether Docker is installed and its daemon answers.
pub(super) async fn available() -> bool {
    succeeds(&["info"]).await
}

/// Whether an earlier run kept its data with Docker.
pub(super) fn has_data(dir: &Path) -> bool {
    marker(dir).exists()
}

pub(super) async fn start(dir: &Path) -> anyhow::Result<Mysql> {
    let name = name(dir)?;
    // One of a run that was killed.
    succeeds(&["rm", "--force", &name]).await;
    if !succeeds(&["image", "inspect", IMAGE]).await {
        Step::announce("docker", &["pull", IMAGE])?.finish(PULL_TIMEOUT).await?;
    }
    say(format_args!("starting MySQL in Docker ({IMAGE}, container and volume {name}) ..."));
    let log = dir.join("server.log");
    for tries_left in (0..PORT_TRIES).rev() {
        let port = free_port()?;
        let file = File::create(&log)?;
        let mut command = Command::new("docker");
        command
            .args(["run", "--rm", "--name", &name])
            .arg(format!("--publish=127.0.0.1:{port}:3306"))
            .arg(format!("--volume={name}:/var/lib/mysql"))
            .args(["--env=MYSQL_ALLOW_EMPTY_PASSWORD=yes", IMAGE])
            .args([
                BUFFER_POOL,
                MAX_CONNECTIONS,
                "--performance-schema=OFF",
                "--mysqlx=OFF",
                "--disable-log-bin",
            ])
            .stdin(Stdio::null())
            .stdout(file.try_clone()?)
            .stderr(file);
        let process = Process::spawn("the MySQL container", &mut command, Group::Own, Some(&log))?;
        let leftovers = Leftovers::Container(Container(name.clone()));
        match (Mysql { process, port, _leftovers: leftovers }).accepting().await {
            Err(_) if tries_left > 0 && port_was_taken(&log) => {}
            other => return other,
        }
    }
    bail!("no port stayed free until the MySQL container took it")
}

/// Deletes the volume that an earlier run made for this directory, if there is one.
pub(super) fn forget(dir: &Path) -> anyhow::Result<()> {
    if !has_data(dir) {
        return Ok(());
    }
    let name = name(dir)?;
    for arguments in [["rm", "--force", &name].as_slice(), &["volume", "rm", "--force", &name]] {
        let status = client(arguments)?.wait_blocking(CLIENT_TIMEOUT)?;
        if !status.is_some_and(|status| status.success()) {
            bail!("cannot delete the Docker volume {name}: `docker {}` failed", arguments.join(" "));
        }
    }
    Ok(())
}

/// Keeps the name of the container and its volume, and says that there is one.
fn marker(dir: &Path) -> PathBuf {
    dir.join("docker")
}

fn name(dir: &Path) -> anyhow::Result<String> {
    let marker = marker(dir);
    if let Ok(name) = std::fs::read_to_string(&marker) {
        return Ok(name);
    }
    let mut hasher = DefaultHasher::new();
    dir.hash(&mut hasher);
    let name = format!("torioki-{:016x}", hasher.finish());
    std::fs::write(&marker, &name).with_context(|| format!("cannot write {}", marker.display()))?;
    Ok(name)
}

fn client(arguments: &[&str]) -> anyhow::Result<Process> {
    let mut command = Command::new("docker");
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    Process::spawn("docker", &mut command, Group::Own, None)
}

async fn succeeds(arguments: &[&str]) -> bool {
    let Ok(mut client) = client(arguments) else { return false };
    let status = tokio::time::timeout(CLIENT_TIMEOUT, client.wait()).await;
    matches!(status, Ok(Ok(status)) if status.success())
}
