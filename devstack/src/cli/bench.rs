//! `cargo dev bench`: how fast things are.

mod command_api;
mod cost;
mod hold;
mod relay;

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use clap::{Args, Subcommand};
use platform::auth::{Role, User};
use sqlx::mysql::MySqlConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Executor};
use tokio::process::Command;

use super::build;
use super::lock::Lock;
use super::machine;
use crate::bench::{self, BRAND, LARGE, SMALL, Shape, TOKEN_LIFE, Target};
use crate::console::{say, tell};
use crate::engines::Mysql;
use crate::issuer::Issuer;
use crate::process::{Group, Process};
use crate::secret;
use crate::service::{Service, Spec};
use crate::stack;

/// What is measured, and what makes its schema.
const PROGRAMS: [&str; 2] = ["query-api", "migrate"];
/// Memory for the pages of the embedded engine: the large projection fits, as it does where it serves a chain.
const BUFFER_POOL: &str = "SET GLOBAL innodb_buffer_pool_size = 4294967296";
/// How long the query API may take until it is ready.
const READY_TIMEOUT: Duration = Duration::from_secs(30);

#[derive(Subcommand)]
pub(super) enum Bench {
    /// Every lookup, on 10 thousand rows of stock and on 10 million: fills both anew, asks, and removes them.
    Query(Query),
    /// Holds of one SKU and of many, where commands for one count go together and where each goes alone; and holds beside bare
    /// transactions of their items.
    Hold,
    /// A backlog of events that the relay drains, beside each half of that work alone; and how soon a hold is seen.
    Relay(relay::Relay),
    /// What commands, events and lookups cost: units of DynamoDB, time on processors, rows.
    Cost,
    /// What holds are measured against, in a process of its own.
    #[command(hide = true)]
    Bare(hold::Bare),
}

#[derive(Args)]
pub(super) struct Query {
    /// Rows of stock of the larger one.
    #[arg(long, default_value_t = LARGE)]
    rows: u64,
    /// A MySQL that runs already: mysql://USER:PASSWORD@HOST:PORT. Databases `bench_…` are made there, and removed.
    #[arg(long, value_name = "URL")]
    mysql_url: Option<String>,
}

impl Bench {
    pub(super) async fn run(self) -> Result<bool> {
        // Also what is measured beside the service has to be as fast as it can be.
        match self {
            Self::Query(query) if cfg!(debug_assertions) => optimised(&query.arguments()).await,
            Self::Query(query) => query.run().await,
            Self::Hold if cfg!(debug_assertions) => optimised(&["hold".to_owned()]).await,
            Self::Hold => hold::run().await,
            Self::Relay(relay) if cfg!(debug_assertions) => optimised(&relay.arguments()).await,
            Self::Relay(relay) => relay.run().await,
            Self::Cost if cfg!(debug_assertions) => optimised(&["cost".to_owned()]).await,
            Self::Cost => cost::run().await,
            Self::Bare(bare) => bare.run().await,
        }
    }
}

/// Runs this measuring anew, in a program with all optimisations.
async fn optimised(arguments: &[String]) -> Result<bool> {
    let mut command = build::optimised()?;
    command.arg("bench").args(arguments);
    let mut run = Process::spawn("the measuring", &mut command, Group::Own, None)?;
    Ok(run.wait().await?.success())
}

impl Query {
    fn arguments(&self) -> Vec<String> {
        let mut arguments = vec!["query".to_owned(), "--rows".to_owned(), self.rows.to_string()];
        arguments.extend(self.mysql_url.iter().flat_map(|url| ["--mysql-url".to_owned(), url.clone()]));
        arguments
    }

    async fn run(self) -> Result<bool> {
        let state_dir = build::state_dir("bench")?;
        let _lock = Lock::take(&state_dir)?;
        stack::forget(&state_dir)?;
        std::fs::create_dir_all(&state_dir)?;
        build::programs(&PROGRAMS).await?;
        let (engine, server) = match self.mysql_url {
            Some(url) => (None, url),
            None => {
                let engine = Mysql::start(&state_dir.join("mysql")).await?;
                let url = engine.url();
                run_sql(&url, BUFFER_POOL.to_owned()).await?;
                (Some(engine), url)
            }
        };
        let report = measured(&state_dir, &server, [SMALL, self.rows]).await;
        if let Some(engine) = engine {
            engine.stop().await?;
        }
        stack::forget(&state_dir)?;
        tell(report?.trim_end());
        Ok(true)
    }
}

/// Fills a projection of each size, asks, and removes them.
async fn measured(state_dir: &Path, server: &str, sizes: [u64; 2]) -> Result<String> {
    let issuer = Issuer::start(&state_dir.join("issuer"), 0)?;
    let user = User::new("bench", BRAND.parse()?, [Role::Manager], [])?;
    let caller = format!("Bearer {}", issuer.mint(&user, TOKEN_LIFE)?);
    let mut environment = issuer.environment().to_vec();
    environment.push(("CURSOR_KEY", secret::key(state_dir, secret::CURSORS)?));
    let (mut services, mut targets, mut databases) = (Vec::new(), Vec::new(), Vec::new());
    let asked = async {
        for rows in sizes {
            let (shape, name) = (Shape::of(rows), format!("bench_{rows}"));
            let options: MySqlConnectOptions = server.parse()?;
            let mysql_url = options.database(&name).to_url_lossy().to_string();
            databases.push(name.clone());
            run_sql(server, format!("DROP DATABASE IF EXISTS {name}")).await?;
            migrate("mysql", ("MYSQL_URL", &mysql_url)).await?;
            say(format_args!("filling a projection with {} rows of stock ...", shape.rows()));
            bench::fill(&mysql_url, shape).await?;
            let variables = environment.iter().cloned().chain([("MYSQL_URL", mysql_url.clone())]);
            let service = start(state_dir, (&name, "query-api"), "serve", &[], variables).await?;
            let (query_url, caller) = (service.base_url().to_owned(), caller.clone());
            targets.push(Target { query_url, mysql_url, caller, shape });
            services.push(service);
        }
        bench::query(&targets).await
    };
    let report = asked.await;
    for mut service in services {
        service.stop().await?;
    }
    for name in databases {
        run_sql(server, format!("DROP DATABASE IF EXISTS {name}")).await?;
    }
    report
}

/// Starts a service by the name of its files and of its program, and waits until it is ready.
async fn start(
    state_dir: &Path,
    (name, program): (&str, &str),
    command: &str,
    arguments: &[&str],
    environment: impl IntoIterator<Item = (&str, String)>,
) -> Result<Service> {
    let arguments = [&[command, "--listen", "127.0.0.1:0"], arguments].concat();
    let spec = Spec {
        name: name.to_owned(),
        program: build::bin_dir()?.join(program),
        arguments: arguments.into_iter().map(str::to_owned).collect(),
        environment: environment.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
        dir: state_dir.to_owned(),
        group: Group::Own,
    };
    let mut service = Service::start(spec).await?;
    service.wait_ready(READY_TIMEOUT).await?;
    Ok(service)
}

async fn migrate(what: &str, (variable, engine): (&str, &str)) -> Result<()> {
    let mut command = Command::new(build::bin_dir()?.join("migrate"));
    command
        .arg(what)
        .env(variable, engine)
        .env("RUST_LOG", "warn")
        .stdin(Stdio::null())
        .stdout(Stdio::null());
    let status = command.kill_on_drop(true).status().await.context("cannot run migrate")?;
    ensure!(status.success(), "migrate says why above ({status})");
    Ok(())
}

async fn run_sql(server: &str, sql: String) -> Result<()> {
    let options: MySqlConnectOptions = server.parse()?;
    let mut connection = options.connect().await?;
    connection.execute(sqlx::raw_sql(AssertSqlSafe(sql))).await?;
    Ok(connection.close().await?)
}

/// What figures are of.
fn circumstances(engines: &str) -> String {
    format!("{}, which clients, engines and services share; {engines}.", machine::described())
}
