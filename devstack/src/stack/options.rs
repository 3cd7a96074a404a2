//! What a stack is made of, and how its processes are started.

use std::hash::{BuildHasher, RandomState};
use std::io;
use std::net::{Ipv4Addr, TcpListener, TcpStream, UdpSocket};
use std::ops::Range;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, bail};
use contracts::TablePrefix;

use crate::process::{Group, Process};
use crate::service::Spec;

/// How long the migrations may take: seconds, on a slow disk half a minute.
const MIGRATE_TIMEOUT: Duration = Duration::from_secs(180);
/// Longest that the question takes whether somebody listens on a loopback port.
const CONNECT_TIMEOUT: Duration = Duration::from_millis(200);
/// Ports that no system gives to connections: Linux has its own from 32768 on, macOS from 49152.
const QUIET_PORTS: Range<u16> = 20_000..32_000;

/// Loopback ports; 0 takes a free one.
#[derive(Debug, Clone, Copy, Default)]
pub struct Ports {
    /// Of the command API.
    pub command: u16,
    /// Of the query API.
    pub query: u16,
    /// Of the issuer of tokens.
    pub issuer: u16,
}

/// What a stack is made of.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where the engines keep their data and the processes their logs.
    pub state_dir: PathBuf,
    /// Where the programs are.
    pub bin_dir: PathBuf,
    /// Where it listens.
    pub ports: Ports,
    /// A DynamoDB that already runs, instead of the embedded one.
    pub dynamodb_endpoint: Option<String>,
    /// A MySQL that already runs, instead of a private one; with or without a database.
    pub mysql_url: Option<String>,
    /// What stands before the names of the tables.
    pub table_prefix: TablePrefix,
    /// The database, where the URL names none.
    pub database: String,
    /// The process group of the services.
    pub group: Group,
}

impl Options {
    /// Stops what a killed run left behind in the same directory, then sees that the ports are free. Done before
    /// anything is started, so that nothing has to be stopped again.
    ///
    /// # Errors
    /// When a port is in use; the error names the flag that chooses another.
    pub async fn prepare(&self) -> anyhow::Result<()> {
        for spec in [self.command_api("", "", &[]), self.outbox_relay("", "", ""), self.query_api("", &[])] {
            spec.stop_leftover().await?;
        }
        self.ports.check()
    }

    fn spec(&self, program: &str, arguments: &[&str], port: u16) -> Spec {
        let listen = ["--listen".to_owned(), format!("127.0.0.1:{port}")];
        Spec {
            name: program.to_owned(),
            program: self.bin_dir.join(program),
            arguments: arguments.iter().map(|argument| (*argument).to_owned()).chain(listen).collect(),
            environment: Vec::new(),
            dir: self.state_dir.clone(),
            group: self.group,
        }
    }

    /// The command API; `auth` is how it is to know its callers. The pages, which are at the query API, may ask it.
    pub(super) fn command_api(&self, dynamodb: &str, nudge: &str, auth: &[(&str, String)]) -> Spec {
        let mut spec = self.spec("command-api", &["serve"], self.ports.command);
        set(&mut spec, "DYNAMODB_ENDPOINT", dynamodb);
        set(&mut spec, "TABLE_PREFIX", &self.table_prefix.to_string());
        set(&mut spec, "ALLOWED_ORIGINS", &self.pages().join(","));
        set(&mut spec, "NUDGE", nudge);
        auth.iter().for_each(|(name, value)| set(&mut spec, name, value));
        spec
    }

    /// The origins of the pages: the query API, by both names of this machine that people type into a browser.
    pub(super) fn pages(&self) -> [String; 2] {
        ["127.0.0.1", "localhost"].map(|name| format!("http://{name}:{}", self.ports.query))
    }

    /// The same options with a free port for the query API, where any will do: the command API has to know it first.
    pub(super) fn settled(&self) -> anyhow::Result<Self> {
        let mut options = self.clone();
        if options.ports.query == 0 {
            options.ports.query = quiet_port()?;
        }
        Ok(options)
    }

    /// The relay, which is rung at `nudge`.
    pub(super) fn outbox_relay(&self, dynamodb: &str, mysql: &str, nudge: &str) -> Spec {
        let mut spec = self.spec("outbox-relay", &["poll"], 0);
        set(&mut spec, "DYNAMODB_ENDPOINT", dynamodb);
        set(&mut spec, "TABLE_PREFIX", &self.table_prefix.to_string());
        set(&mut spec, "MYSQL_URL", mysql);
        set(&mut spec, "NUDGE_LISTEN", nudge);
        spec
    }

    /// The query API; `auth` is how it is to know its callers.
    pub(super) fn query_api(&self, mysql: &str, auth: &[(&str, String)]) -> Spec {
        let mut spec = self.spec("query-api", &["serve"], self.ports.query);
        set(&mut spec, "MYSQL_URL", mysql);
        auth.iter().for_each(|(name, value)| set(&mut spec, name, value));
        spec
    }

    /// Runs `migrate` with these arguments.
    pub(super) async fn migrate(
        &self,
        arguments: Vec<String>,
        dynamodb: &str,
        mysql: &str,
    ) -> anyhow::Result<()> {
        let log = self.state_dir.join("migrate.log");
        let file = std::fs::File::create(&log).with_context(|| format!("cannot write {}", log.display()))?;
        let mut command = Command::new(self.bin_dir.join("migrate"));
        command
            .args(arguments)
            .env("DYNAMODB_ENDPOINT", dynamodb)
            .env("TABLE_PREFIX", self.table_prefix.to_string())
            .env("MYSQL_URL", mysql)
            .stdin(Stdio::null())
            .stdout(file.try_clone()?)
            .stderr(file);
        let mut process = Process::spawn("migrate", &mut command, self.group, Some(&log))?;
        match tokio::time::timeout(MIGRATE_TIMEOUT, process.wait()).await {
            Ok(status) => match status? {
                status if status.success() => Ok(()),
                status => Err(process.failure(&format!("failed ({status})"))),
            },
            Err(_) => Err(process.failure(&format!("takes longer than {MIGRATE_TIMEOUT:?}"))),
        }
    }
}

fn set(spec: &mut Spec, name: &str, value: &str) {
    spec.environment.push((name.to_owned(), value.to_owned()));
}

impl Ports {
    /// # Errors
    /// When two are the same, or one is in use; the error names the flag that chooses another.
    fn check(self) -> anyhow::Result<()> {
        let named =
            [(self.command, "--command-port"), (self.query, "--query-port"), (self.issuer, "--issuer-port")];
        for (n, (port, flag)) in named.into_iter().enumerate() {
            if let Some((_, other)) = named.iter().take(n).find(|(other, _)| port != 0 && *other == port) {
                bail!("{other} and {flag} are both {port}");
            }
            check_port(port, flag)?;
        }
        Ok(())
    }
}

/// A free port that stays free until a service listens there: one that the system gave out could be the near end of
/// somebody's next connection.
fn quiet_port() -> anyhow::Result<u16> {
    let any = RandomState::new().hash_one(std::process::id()) as usize % QUIET_PORTS.len();
    let mut ports = QUIET_PORTS.cycle().skip(any).take(QUIET_PORTS.len());
    ports
        .find(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok())
        .context("there is no free port")
}

/// A loopback address at which nobody takes datagrams yet.
///
/// # Errors
/// When there is no free port.
pub fn nudge_address() -> anyhow::Result<String> {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).context("there is no free UDP port")?;
    Ok(socket.local_addr()?.to_string())
}

fn check_port(port: u16, flag: &str) -> anyhow::Result<()> {
    if port == 0 {
        return Ok(());
    }
    let address = (Ipv4Addr::LOCALHOST, port).into();
    match TcpListener::bind(address) {
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => {}
        Err(error) => bail!("cannot listen on port {port} ({error}); choose another with {flag}"),
        // Some systems let one listen beside a process that listens on all addresses.
        Ok(listener) => {
            drop(listener);
            if TcpStream::connect_timeout(&address, CONNECT_TIMEOUT).is_err() {
                return Ok(());
            }
        }
    }
    bail!("port {port} is in use; stop what listens there, or choose another with {flag}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_in_use_is_named_with_its_flag() {
        for address in [Ipv4Addr::LOCALHOST, Ipv4Addr::UNSPECIFIED] {
            let listener = TcpListener::bind((address, 0)).unwrap();
            let port = listener.local_addr().unwrap().port();
            let error = check_port(port, "--command-port").unwrap_err().to_string();
            assert!(
                error.contains(&format!("port {port} is in use")) && error.contains("--command-port"),
                "{error}"
            );
            drop(listener);
            check_port(port, "--command-port").unwrap();
        }
        check_port(0, "--command-port").unwrap();
    }

    #[test]
    fn two_parts_cannot_have_one_port() {
        let ports = Ports { command: 0, query: 17, issuer: 17 };
        assert_eq!(ports.check().unwrap_err().to_string(), "--query-port and --issuer-port are both 17");
        Ports::default().check().unwrap();
    }
}
