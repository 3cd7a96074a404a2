//! `cargo dev bench query`: a small projection and a large one, and all that can be asked of both.

use std::path::Path;

use anyhow::Result;
use clap::Args;
use sqlx::mysql::MySqlConnectOptions;
use sqlx::{ConnectOptions, Connection, Executor};

use super::circumstances;
use super::projection::{PROGRAMS, Projections};
use crate::bench::{self, LARGE, SMALL};
use crate::cli::build;
use crate::cli::lock::Lock;
use crate::console::tell;
use crate::engines::{Mysql, mysql};
use crate::stack;

/// Memory for the pages of the embedded engine: the large projection fits, as it does where it serves a chain.
const BUFFER_POOL: &str = "SET GLOBAL innodb_buffer_pool_size = 4294967296";
/// Nothing that it is filled with has to outlive the machine.
const NO_FLUSH: &str = "SET GLOBAL innodb_flush_log_at_trx_commit = 0";

#[derive(Args)]
pub(in crate::cli) struct Query {
    /// Rows of stock of the larger one.
    #[arg(long, default_value_t = LARGE)]
    rows: u64,
    /// A MySQL that runs already: mysql://USER:PASSWORD@HOST:PORT. Databases `bench_…` with their users and roles are made
    /// there, and removed.
    #[arg(long, value_name = "URL")]
    mysql_url: Option<String>,
}

impl Query {
    pub(super) fn arguments(&self) -> Vec<String> {
        let mut arguments = vec!["query".to_owned(), "--rows".to_owned(), self.rows.to_string()];
        arguments.extend(self.mysql_url.iter().flat_map(|url| ["--mysql-url".to_owned(), url.clone()]));
        arguments
    }

    pub(super) async fn run(self) -> Result<bool> {
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
                prepare(&url).await?;
                (Some(engine), url)
            }
        };
        let version = mysql::version(&server).await?;
        let report = measured(&state_dir, &server, [SMALL, self.rows]).await;
        if let Some(engine) = engine {
            engine.stop().await?;
        }
        stack::forget(&state_dir)?;
        tell(format_args!("{}\n", circumstances(&version)));
        tell(report?.trim_end());
        Ok(true)
    }
}

async fn prepare(server: &str) -> Result<()> {
    let options: MySqlConnectOptions = server.parse()?;
    let mut connection = options.connect().await?;
    for set in [BUFFER_POOL, NO_FLUSH] {
        connection.execute(set).await?;
    }
    Ok(connection.close().await?)
}

/// Fills a projection of each size, asks, and removes them.
async fn measured(state_dir: &Path, server: &str, sizes: [u64; 2]) -> Result<String> {
    let projections = Projections::on(state_dir, server)?;
    let (mut services, mut targets) = (Vec::new(), Vec::new());
    let asked = async {
        for rows in sizes {
            let (service, target) = projections.make(rows).await?;
            services.push(service);
            targets.push(target);
        }
        bench::query(&targets).await
    };
    let report = asked.await;
    for mut service in services {
        service.stop().await?;
    }
    for rows in sizes {
        projections.remove(rows).await?;
    }
    report
}
