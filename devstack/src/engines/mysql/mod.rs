//! A private MySQL or MariaDB server with its data in a directory of ours.
//!
//! Owns where the server comes from (the machine, its package manager, Docker), its data directory, port and process.
//! It must never use a server, a data directory or a configuration file that it did not make.

mod docker;
mod find;
mod native;

use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use nix::sys::signal::Signal;
use sqlx::mysql::MySqlConnectOptions;
use sqlx::{ConnectOptions, Connection};

pub use find::Flavour;

use crate::console::say;
use crate::process::{Process, tail};
use crate::programs::install;

/// How long a server may take until it accepts connections: a first start in Docker takes most of a minute.
const START_DEADLINE: Duration = Duration::from_secs(120);
/// How long one try to connect may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// Pause between two tries to connect.
const CONNECT_PAUSE: Duration = Duration::from_millis(100);
/// How long a server may take to write what it has in memory and end.
const STOP_GRACE: Duration = Duration::from_secs(30);
/// How many free ports are tried: another process may take one between its choice and its use.
const PORT_TRIES: usize = 3;
/// Connections the server accepts: a test run has dozens of pools of some ten connections open at once.
const MAX_CONNECTIONS: &str = "--max-connections=500";
/// Memory for InnoDB's pages: the projection of a development stack fits, and a laptop does not feel it.
const BUFFER_POOL: &str = "--innodb-buffer-pool-size=128M";

/// A running server. Dropping it kills it, which loses nothing that was committed.
#[derive(Debug)]
pub struct Mysql {
    process: Process,
    port: u16,
    _leftovers: Leftovers,
}

/// What has to be cleared away after the server's process has ended.
#[derive(Debug)]
enum Leftovers {
    /// The file that tells a later run of this process, and the socket that a killed server leaves.
    Files([PathBuf; 2]),
    /// The container, should Docker's client have ended without it.
    Container(docker::Container),
}

impl Drop for Leftovers {
    fn drop(&mut self) {
        match self {
            Self::Files(paths) => {
                for path in paths {
                    let _ = std::fs::remove_file(path);
                }
            }
            Self::Container(container) => container.remove(),
        }
    }
}

impl Mysql {
    /// Starts a server on a free loopback port with its data in this directory. What is missing is made: the program
    /// is installed, the data directory initialised. A server that an earlier run left behind there is stopped first.
    ///
    /// # Errors
    /// When no server can be had, or it does not start; the error says what to do or shows the end of the log.
    pub async fn start(dir: &Path) -> anyhow::Result<Self> {
        std::fs::create_dir_all(dir).with_context(|| format!("cannot make {}", dir.display()))?;
        let dir = dir.canonicalize()?;
        if docker::has_data(&dir) && docker::available().await {
            return docker::start(&dir).await;
        }
        if let Some(server) = find::server(&dir) {
            return native::start(&dir, &server, None).await;
        }
        let not_installed = match install(&find::MARIADB).await {
            Ok(()) => match find::server(&dir) {
                Some(server) => return native::start(&dir, &server, None).await,
                None => "the installed package brought no mariadbd or mysqld".to_owned(),
            },
            Err(error) => format!("{error:#}"),
        };
        if docker::available().await {
            say(format_args!("no MySQL on this machine ({not_installed}); using Docker"));
            return docker::start(&dir).await;
        }
        bail!(
            "there is no MySQL to use: no mariadbd or mysqld was found; {not_installed}; Docker does not answer.\n\
             Install MariaDB 10.11 or MySQL 8 (the server program is enough), or start Docker, or use a server that \
             already runs: --mysql-url mysql://USER:PASSWORD@HOST:PORT"
        )
    }

    /// Starts this machine's own server program of a kind, on that port or on a free one, with its data in this directory.
    /// It is one whose process we hold: it can be paused and killed, which a container cannot.
    ///
    /// # Errors
    /// When there is no such program, or it does not start.
    pub async fn start_own(dir: &Path, flavour: Flavour, port: Option<u16>) -> anyhow::Result<Self> {
        let servers = find::servers();
        let server = servers.iter().find(|server| server.flavour == flavour);
        native::start(&dir.canonicalize()?, server.context("there is no such server program")?, port).await
    }

    /// The port on which it listens.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Its process; in a container, Docker's client.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.process.pid()
    }

    /// Kills it (SIGKILL), as a machine that dies would.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn kill(&mut self) -> anyhow::Result<()> {
        self.process.kill()?;
        Ok(())
    }

    /// Halts it where it is (SIGSTOP), as a machine that hangs would.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn pause(&mut self) -> anyhow::Result<()> {
        Ok(self.process.signal(Signal::SIGSTOP)?)
    }

    /// Lets it go on (SIGCONT).
    ///
    /// # Errors
    /// When the system refuses.
    pub fn resume(&mut self) -> anyhow::Result<()> {
        Ok(self.process.signal(Signal::SIGCONT)?)
    }

    /// Where clients find it, without a database: `mysql://root@127.0.0.1:PORT`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("mysql://root@127.0.0.1:{}", self.port)
    }

    /// # Errors
    /// When the server has ended; the error shows the end of its log.
    pub fn check(&mut self) -> anyhow::Result<()> {
        self.process.check()
    }

    /// Stops the server as its manual wants it, and kills it when that takes too long.
    ///
    /// # Errors
    /// When the process cannot be stopped.
    pub async fn stop(mut self) -> anyhow::Result<()> {
        self.process.stop(STOP_GRACE).await.context("cannot stop the MySQL server")?;
        Ok(())
    }

    /// Returns once the server answers.
    async fn accepting(mut self) -> anyhow::Result<Self> {
        let options = MySqlConnectOptions::new()
            .host("127.0.0.1")
            .port(self.port)
            .username("root")
            .disable_statement_logging();
        let deadline = Instant::now() + START_DEADLINE;
        loop {
            self.check()?;
            match tokio::time::timeout(CONNECT_TIMEOUT, options.connect()).await {
                Ok(Ok(connection)) => {
                    connection.close().await?;
                    return Ok(self);
                }
                _ if Instant::now() < deadline => tokio::time::sleep(CONNECT_PAUSE).await,
                Ok(Err(error)) => {
                    let what = format!("accepts no connection after {START_DEADLINE:?} ({error})");
                    return Err(self.process.failure(&what));
                }
                Err(_) => {
                    let what = format!("accepts no connection after {START_DEADLINE:?}");
                    return Err(self.process.failure(&what));
                }
            }
        }
    }
}

/// Deletes everything that servers started on this directory have stored. None may run.
///
/// # Errors
/// When something cannot be deleted.
pub fn forget(dir: &Path) -> anyhow::Result<()> {
    docker::forget(dir)?;
    match std::fs::remove_dir_all(dir) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot delete {}", dir.display()))
        }
        _ => Ok(()),
    }
}

/// What the server at this URL calls itself.
///
/// # Errors
/// When it does not answer.
pub async fn version(url: &str) -> anyhow::Result<String> {
    let options: MySqlConnectOptions = url.parse()?;
    let mut connection = options.disable_statement_logging().connect().await?;
    let version: String = sqlx::query_scalar("SELECT VERSION()").fetch_one(&mut connection).await?;
    connection.close().await?;
    let name = if version.contains("MariaDB") { "MariaDB" } else { "MySQL" };
    Ok(format!("{name} {}", version.split('-').next().unwrap_or_default()))
}

/// The kinds of server program that this machine has.
#[must_use]
pub fn flavours() -> Vec<Flavour> {
    let servers = find::servers();
    let has = |flavour| servers.iter().any(|server| server.flavour == flavour);
    [Flavour::MariaDb, Flavour::MySql].into_iter().filter(|flavour| has(*flavour)).collect()
}

fn free_port() -> anyhow::Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("no free loopback port")?;
    Ok(listener.local_addr()?.port())
}

/// Whether a server's log says that its port was taken.
fn port_was_taken(log: &Path) -> bool {
    let lines = tail(log).to_lowercase();
    ["address already in use", "port is already allocated"].iter().any(|words| lines.contains(words))
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use sqlx::Executor;

    use super::*;

    async fn answers(engine: &Mysql, sql: &'static str) -> anyhow::Result<String> {
        let options: MySqlConnectOptions = engine.url().parse()?;
        let mut connection = options.connect().await?;
        let row = sqlx::query_scalar::<_, String>(sql).fetch_one(&mut connection).await?;
        Ok(row)
    }

    async fn run(engine: &Mysql, sql: &'static str) {
        let options: MySqlConnectOptions = engine.url().parse().unwrap();
        options.connect().await.unwrap().execute(sql).await.unwrap();
    }

    /// Whether this machine has a server program. What is tested here is our care for one, so nothing is installed
    /// for it: where the tests run on a given MySQL and the machine has none, there is nothing to test.
    fn has_server(dir: &Path) -> bool {
        find::server(dir).is_some()
    }

    #[tokio::test]
    async fn data_survives_a_stop_and_a_kill() {
        let dir = tempfile::tempdir().unwrap();
        if !has_server(dir.path()) {
            return;
        }
        let engine = Mysql::start(dir.path()).await.unwrap();
        run(&engine, "CREATE DATABASE d").await;
        run(&engine, "CREATE TABLE d.t (v VARCHAR(9))").await;
        run(&engine, "INSERT INTO d.t VALUES ('stopped')").await;
        engine.stop().await.unwrap();

        let engine = Mysql::start(dir.path()).await.unwrap();
        assert_eq!(answers(&engine, "SELECT v FROM d.t").await.unwrap(), "stopped");
        run(&engine, "UPDATE d.t SET v = 'killed'").await;
        drop(engine);

        let engine = Mysql::start(dir.path()).await.unwrap();
        assert_eq!(answers(&engine, "SELECT v FROM d.t").await.unwrap(), "killed");
        engine.stop().await.unwrap();
    }

    #[tokio::test]
    async fn a_server_left_behind_is_stopped_first() {
        let dir = tempfile::tempdir().unwrap();
        if !has_server(dir.path()) {
            return;
        }
        let mut left = Mysql::start(dir.path()).await.unwrap();
        let engine = Mysql::start(dir.path()).await.unwrap();
        assert!(left.check().is_err(), "the first server still runs");
        assert_eq!(answers(&engine, "SELECT 'yes'").await.unwrap(), "yes");
    }

    #[tokio::test]
    async fn a_server_that_dies_tells_its_log() {
        let dir = tempfile::tempdir().unwrap();
        if !has_server(dir.path()) {
            return;
        }
        let mut engine = Mysql::start(dir.path()).await.unwrap();
        let killed = Command::new("kill").args(["-9", &engine.process.pid().to_string()]).status().unwrap();
        assert!(killed.success());
        engine.process.wait().await.unwrap();
        let error = engine.check().unwrap_err().to_string();
        assert!(error.contains("signal: 9") && error.contains("ready for connections"), "{error}");
    }
}
