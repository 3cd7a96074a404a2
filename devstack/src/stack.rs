//! A whole stack: the engines, the migrated databases and the three services, each a process of its own.
//!
//! Owns the order in which they start and stop. It must never load data, and never stop an engine that it was given.

use std::io;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, bail};
use contracts::TablePrefix;
use reqwest::Url;

use crate::console::say;
use crate::engines::{Dynamodb, Mysql};
use crate::process::{Group, Process};
use crate::service::{Service, Spec};

/// How long the migrations may take: seconds, on a slow disk half a minute.
const MIGRATE_TIMEOUT: Duration = Duration::from_secs(180);
/// How long a service may take until it is ready: it has to reach engines that already answer.
const READY_TIMEOUT: Duration = Duration::from_secs(60);
/// Longest that the question takes whether somebody listens on a loopback port.
const CONNECT_TIMEOUT: Duration = Duration::from_millis(200);

/// What a stack is made of.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where the engines keep their data and the processes their logs.
    pub state_dir: PathBuf,
    /// Where the programs are.
    pub bin_dir: PathBuf,
    /// Loopback port of the command API; 0 takes a free one.
    pub command_port: u16,
    /// Loopback port of the query API; 0 takes a free one.
    pub query_port: u16,
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
        for spec in [self.command_api(""), self.outbox_relay("", ""), self.query_api("")] {
            spec.stop_leftover().await?;
        }
        if self.command_port != 0 && self.command_port == self.query_port {
            bail!("--command-port and --query-port are both {}", self.query_port);
        }
        check_port(self.command_port, "--command-port")?;
        check_port(self.query_port, "--query-port")
    }

    fn spec(&self, program: &str, arguments: &[&str], port: u16, environment: &[(&str, &str)]) -> Spec {
        let listen = ["--listen".to_owned(), format!("127.0.0.1:{port}")];
        Spec {
            name: program.to_owned(),
            program: self.bin_dir.join(program),
            arguments: arguments.iter().map(|argument| (*argument).to_owned()).chain(listen).collect(),
            environment: environment
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
            dir: self.state_dir.clone(),
            group: self.group,
        }
    }

    fn command_api(&self, dynamodb: &str) -> Spec {
        let environment = [("DYNAMODB_ENDPOINT", dynamodb), ("TABLE_PREFIX", &self.table_prefix.to_string())];
        self.spec("command-api", &["serve"], self.command_port, &environment)
    }

    fn outbox_relay(&self, dynamodb: &str, mysql: &str) -> Spec {
        let prefix = self.table_prefix.to_string();
        let environment =
            [("DYNAMODB_ENDPOINT", dynamodb), ("TABLE_PREFIX", prefix.as_str()), ("MYSQL_URL", mysql)];
        self.spec("outbox-relay", &["poll"], 0, &environment)
    }

    fn query_api(&self, mysql: &str) -> Spec {
        self.spec("query-api", &["serve"], self.query_port, &[("MYSQL_URL", mysql)])
    }

    async fn migrate(&self, dynamodb: &str, mysql: &str) -> anyhow::Result<()> {
        let log = self.state_dir.join("migrate.log");
        let file = std::fs::File::create(&log).with_context(|| format!("cannot write {}", log.display()))?;
        let mut command = Command::new(self.bin_dir.join("migrate"));
        command
            .arg("all")
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

/// A running stack. Dropping it kills the services, then the engines that it started.
#[derive(Debug)]
pub struct Stack {
    // The order of the fields is the order in which they are dropped.
    /// The command API.
    pub command_api: Service,
    /// The query API.
    pub query_api: Service,
    /// The relay.
    pub outbox_relay: Service,
    engines: Engines,
}

#[derive(Debug)]
struct Engines {
    dynamodb: Option<Dynamodb>,
    dynamodb_endpoint: String,
    mysql: Option<Mysql>,
    mysql_url: String,
}

impl Stack {
    /// Starts everything and returns when all three services are ready.
    ///
    /// # Errors
    /// When a port is taken, or a part does not start; what was started by then is stopped.
    pub async fn start(options: &Options) -> anyhow::Result<Self> {
        options.prepare().await?;
        std::fs::create_dir_all(&options.state_dir)
            .with_context(|| format!("cannot make {}", options.state_dir.display()))?;
        let engines = Engines::start(options).await?;
        let (dynamodb, mysql) = (engines.dynamodb_endpoint.as_str(), engines.mysql_url.as_str());
        say("bringing tables and schema up to date ...");
        options.migrate(dynamodb, mysql).await?;
        say("starting the services ...");
        let outbox_relay = Service::start(options.outbox_relay(dynamodb, mysql)).await?;
        let query_api = Service::start(options.query_api(mysql)).await?;
        let command_api = Service::start(options.command_api(dynamodb)).await?;
        let mut stack = Self { command_api, query_api, outbox_relay, engines };
        for service in stack.services() {
            service.wait_ready(READY_TIMEOUT).await?;
        }
        Ok(stack)
    }

    /// Base URL of the command API.
    #[must_use]
    pub fn command_url(&self) -> &str {
        self.command_api.base_url()
    }

    /// Base URL of the query API.
    #[must_use]
    pub fn query_url(&self) -> &str {
        self.query_api.base_url()
    }

    /// Base URL of the relay, which serves its health only.
    #[must_use]
    pub fn relay_url(&self) -> &str {
        self.outbox_relay.base_url()
    }

    /// Where DynamoDB is.
    #[must_use]
    pub fn dynamodb_endpoint(&self) -> &str {
        &self.engines.dynamodb_endpoint
    }

    /// Where the projection is, with its database.
    #[must_use]
    pub fn mysql_url(&self) -> &str {
        &self.engines.mysql_url
    }

    fn services(&mut self) -> [&mut Service; 3] {
        [&mut self.command_api, &mut self.query_api, &mut self.outbox_relay]
    }

    /// # Errors
    /// When a part of the stack has ended; the error names it and shows the end of its log.
    pub fn check(&mut self) -> anyhow::Result<()> {
        for service in self.services() {
            service.check()?;
        }
        self.engines.check()
    }

    /// Stops the services in the order in which work flows through them, then the engines that were started here.
    ///
    /// # Errors
    /// When a part cannot be stopped; the rest is stopped all the same.
    pub async fn stop(mut self) -> anyhow::Result<()> {
        let mut stopped = Ok(());
        for service in self.services() {
            stopped = stopped.and(service.stop().await);
        }
        stopped.and(self.engines.stop().await)
    }
}

impl Engines {
    async fn start(options: &Options) -> anyhow::Result<Self> {
        let given =
            options.mysql_url.as_deref().map(|url| with_database(url, &options.database)).transpose()?;
        let (dynamodb, dynamodb_endpoint) = match &options.dynamodb_endpoint {
            Some(endpoint) => (None, endpoint.clone()),
            None => {
                say("starting the embedded DynamoDB ...");
                let engine = Dynamodb::start(&options.state_dir.join("dynamodb"))?;
                let endpoint = engine.endpoint();
                (Some(engine), endpoint)
            }
        };
        let (mysql, mysql_url) = match given {
            Some(url) => (None, url),
            None => {
                say("starting a private MySQL ...");
                let engine = Mysql::start(&mysql_dir(&options.state_dir)).await?;
                let url = with_database(&engine.url(), &options.database)?;
                (Some(engine), url)
            }
        };
        Ok(Self { dynamodb, dynamodb_endpoint, mysql, mysql_url })
    }

    fn check(&mut self) -> anyhow::Result<()> {
        self.dynamodb.as_ref().map_or(Ok(()), Dynamodb::check)?;
        self.mysql.as_mut().map_or(Ok(()), Mysql::check)
    }

    async fn stop(self) -> anyhow::Result<()> {
        if let Some(engine) = self.dynamodb {
            engine.stop();
        }
        match self.mysql {
            Some(engine) => engine.stop().await,
            None => Ok(()),
        }
    }
}

/// Where the private MySQL of a stack with this state keeps its data.
fn mysql_dir(state_dir: &Path) -> PathBuf {
    state_dir.join("mysql")
}

/// Deletes all that stacks with this state have stored. None may run.
///
/// # Errors
/// When something cannot be deleted.
pub fn forget(state_dir: &Path) -> anyhow::Result<()> {
    crate::engines::mysql::forget(&mysql_dir(state_dir))?;
    match std::fs::remove_dir_all(state_dir) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot delete {}", state_dir.display()))
        }
        _ => Ok(()),
    }
}

/// The URL of a MySQL server with this database, unless it names one already.
///
/// # Errors
/// When it is no such URL.
pub fn with_database(url: &str, database: &str) -> anyhow::Result<String> {
    // Not shown in the error: it may hold a password.
    let mut url =
        Url::parse(url).context("--mysql-url is not a URL (mysql://USER:PASSWORD@HOST:PORT/DATABASE)")?;
    if !matches!(url.scheme(), "mysql" | "mariadb") || !url.has_host() {
        bail!("--mysql-url has to start with mysql://HOST");
    }
    if url.path().trim_matches('/').is_empty() {
        url.set_path(database);
    }
    Ok(url.into())
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
    fn a_database_is_added_only_where_none_is_named() {
        for (given, expected) in [
            ("mysql://root@127.0.0.1:3306", "mysql://root@127.0.0.1:3306/torioki"),
            ("mysql://root@127.0.0.1:3306/", "mysql://root@127.0.0.1:3306/torioki"),
            ("mysql://u:p@db/shop", "mysql://u:p@db/shop"),
            ("mysql://u:p@db?ssl-mode=REQUIRED", "mysql://u:p@db/torioki?ssl-mode=REQUIRED"),
        ] {
            assert_eq!(with_database(given, "torioki").unwrap(), expected);
        }
        for wrong in ["127.0.0.1:3306", "http://db", "mysql:", ""] {
            assert!(with_database(wrong, "torioki").is_err(), "{wrong}");
        }
    }

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
}
