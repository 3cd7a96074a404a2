//! Running a server program that this machine has.

use std::fs::File;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, bail};

use super::find::{Flavour, Server};
use super::{
    BUFFER_POOL, Leftovers, MAX_CONNECTIONS, Mysql, PORT_TRIES, STOP_GRACE, free_port, port_was_taken,
};
use crate::console::say;
use crate::process::{Group, Process, stop_leftover};
use crate::programs::programs;

/// How long making an empty data directory may take; a slow disk needs most of a minute.
const INIT_TIMEOUT: Duration = Duration::from_secs(180);
/// Longest path of a socket that every system takes, in bytes (macOS: 104 with the closing zero, Linux: 108).
const MAX_SOCKET_PATH: usize = 103;

pub(super) async fn start(dir: &Path, server: &Server, port: Option<u16>) -> anyhow::Result<Mysql> {
    let data = server.flavour.data(dir);
    let pid_file = dir.join("server.pid");
    stop_earlier(&pid_file, &data).await?;
    if !data.exists() {
        initialise(dir, server, &data).await?;
    }
    let log = dir.join("server.log");
    for tries_left in (0..PORT_TRIES).rev() {
        let port = port.map_or_else(free_port, Ok)?;
        let mut command = command(server, dir, &data, port)?;
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(File::create(&log)?);
        let process = Process::spawn("the MySQL server", &mut command, Group::Own, Some(&log))?;
        std::fs::write(&pid_file, process.pid().to_string())?;
        let leftovers = Leftovers::Files([pid_file.clone(), socket(dir)?]);
        match (Mysql { process, port, _leftovers: leftovers }).accepting().await {
            Err(_) if tries_left > 0 && port_was_taken(&log) => {}
            other => return other,
        }
    }
    bail!("no port stayed free until the MySQL server took it")
}

fn data_option(data: &Path) -> String {
    format!("--datadir={}", data.display())
}

/// A server of a run that was killed would keep the data directory locked.
async fn stop_earlier(pid_file: &Path, data: &Path) -> anyhow::Result<()> {
    let pid = std::fs::read_to_string(pid_file).ok().and_then(|text| text.trim().parse::<u32>().ok());
    let Some(pid) = pid else { return Ok(()) };
    if stop_leftover(pid, &data_option(data), STOP_GRACE).await.context("cannot stop the MySQL server")? {
        say(format_args!("stopped a MySQL server of an earlier run (process {pid})"));
    }
    Ok(())
}

/// Makes an empty data directory. Under another name first, so that one that was interrupted is never used.
async fn initialise(dir: &Path, server: &Server, data: &Path) -> anyhow::Result<()> {
    say(format_args!("making an empty database with {} ...", server.program.display()));
    let unfinished = data.with_extension("new");
    if unfinished.exists() {
        std::fs::remove_dir_all(&unfinished)?;
    }
    let mut command = match server.flavour {
        Flavour::MariaDb => {
            let script = programs(&["mariadb-install-db", "mysql_install_db"])
                .next()
                .context("mariadb-install-db is missing; it is part of MariaDB's server package")?;
            let mut command = Command::new(script);
            command.args(["--no-defaults", "--auth-root-authentication-method=normal", "--skip-test-db"]);
            command
        }
        Flavour::MySql => {
            let mut command = Command::new(&server.program);
            command.args(["--no-defaults", "--initialize-insecure"]);
            command
        }
    };
    command.arg(data_option(&unfinished)).args(user_option()).env("TMPDIR", temporary(dir)?);
    let log = dir.join("init.log");
    let file = File::create(&log)?;
    command.stdin(Stdio::null()).stdout(file.try_clone()?).stderr(file);
    let mut process = Process::spawn("making an empty database", &mut command, Group::Own, Some(&log))?;
    match tokio::time::timeout(INIT_TIMEOUT, process.wait()).await {
        Ok(status) => match status? {
            status if status.success() => {}
            status => return Err(process.failure(&format!("failed ({status})"))),
        },
        Err(_) => return Err(process.failure(&format!("takes longer than {INIT_TIMEOUT:?}"))),
    }
    std::fs::rename(&unfinished, data).context("cannot rename the new data directory")
}

fn command(server: &Server, dir: &Path, data: &Path, port: u16) -> anyhow::Result<Command> {
    let mut command = Command::new(&server.program);
    command
        .arg("--no-defaults")
        .arg(data_option(data))
        .arg(format!("--socket={}", socket(dir)?.display()))
        .arg(format!("--pid-file={}", data.join("mysqld.pid").display()))
        .arg(format!("--port={port}"))
        .args(["--bind-address=127.0.0.1", BUFFER_POOL, MAX_CONNECTIONS, "--performance-schema=OFF"])
        // Written at each commit, flushed once a second: a killed server loses nothing, a power cut one second.
        .arg("--innodb-flush-log-at-trx-commit=2")
        .args(user_option())
        .env("TMPDIR", temporary(dir)?);
    if server.flavour == Flavour::MySql {
        command.args(["--mysqlx=OFF", "--disable-log-bin"]);
    }
    Ok(command)
}

/// Servers that share a directory for temporary tables delete each other's: their names do not hold the port.
fn temporary(dir: &Path) -> anyhow::Result<PathBuf> {
    let temporary = dir.join("tmp");
    std::fs::create_dir_all(&temporary).with_context(|| format!("cannot make {}", temporary.display()))?;
    Ok(temporary)
}

/// Both servers refuse to run as root unless told to.
fn user_option() -> Option<&'static str> {
    nix::unistd::geteuid().is_root().then_some("--user=root")
}

/// A path for the socket that nobody uses but every server makes: short, and its own for each directory.
fn socket(dir: &Path) -> anyhow::Result<PathBuf> {
    let mut hasher = DefaultHasher::new();
    dir.hash(&mut hasher);
    let name = format!("torioki-{:016x}.sock", hasher.finish());
    [std::env::temp_dir(), PathBuf::from("/tmp")]
        .into_iter()
        .map(|temporary| temporary.join(&name))
        .find(|path| path.as_os_str().len() <= MAX_SOCKET_PATH)
        .context("the path of the temporary directory is too long for a socket")
}
