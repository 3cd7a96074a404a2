//! `command-api`: takes commands over HTTP, and ends what nobody ends by a command.

use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::Builder;
use clap::{Parser, Subcommand};
use command_api::app::{App, SecretKey, Secrets};
use command_api::store::{Calls, MAX_OUTBOX_DAYS, MIN_OUTBOX_DAYS, TTL_DAYS, Tables};
use command_api::{http, purge, sweeper};
use platform::auth;
use platform::cors::Origins;
use platform::dynamodb::Dynamodb;
use platform::server::{self, Listen};
use platform::throttle;

/// Takes commands over HTTP and writes them to DynamoDB.
#[derive(Parser)]
#[command(version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serves the API until it is told to stop, and ends holds whose time is over.
    Serve {
        #[command(flatten)]
        listen: Listen,
        #[command(flatten)]
        tables: TablesAndSecrets,
        #[command(flatten)]
        auth: Box<auth::Options>,
        #[command(flatten)]
        origins: Origins,
        #[command(flatten)]
        throttle: throttle::Settings,
        /// Seconds between two sweeps for holds whose time is over.
        #[arg(long, env = "SWEEP_SECONDS", default_value_t = 15, value_parser = clap::value_parser!(u64).range(1..=86_400))]
        sweep_seconds: u64,
        /// `HOST:PORT` of the relay's `NUDGE_LISTEN`: it is rung after each commit, and so reads it at once.
        #[arg(long, env = "NUDGE")]
        nudge: Option<String>,
        /// Commands for the same count race each other: what combining them is measured against.
        #[arg(long, hide = true)]
        no_combining: bool,
    },
    /// Ends the holds whose time is over, once; as a Lambda function, at every event of a schedule.
    Sweep {
        #[command(flatten)]
        tables: TablesAndSecrets,
    },
    /// Makes ended holds forget whose they were, once; as a Lambda function, at every event of a schedule.
    Purge {
        #[command(flatten)]
        tables: TablesAndSecrets,
        /// Days after a hold's time was over.
        #[arg(long, env = "PURGE_DAYS", default_value_t = 30, value_parser = clap::value_parser!(i64).range(..=3_650))]
        purge_days: i64,
    },
    /// Asks a service on this machine whether it is ready.
    Probe {
        /// Its port.
        #[arg(long, default_value_t = 8080)]
        port: u16,
    },
}

#[derive(clap::Args)]
struct TablesAndSecrets {
    #[command(flatten)]
    dynamodb: Dynamodb,
    /// 32 random bytes as 64 hex digits, the same for every process: what customers are recognised by and capabilities
    /// are made with.
    #[arg(long, env = "SECRET_KEY", hide_env_values = true)]
    secret_key: SecretKey,
    /// Days that events stay in the outbox table, above the day that its stream has them.
    #[arg(long, env = "OUTBOX_DAYS", default_value_t = 7, value_parser = clap::value_parser!(i64).range(MIN_OUTBOX_DAYS..=MAX_OUTBOX_DAYS))]
    outbox_days: i64,
}

impl TablesAndSecrets {
    async fn app(self) -> App {
        let config = Builder::from(&self.dynamodb.sdk_config().await).interceptor(Calls::counted());
        let client = Client::from_conf(config.build());
        let tables = Tables::new(client, self.dynamodb.table_prefix).keeping_events(self.outbox_days);
        App::new(tables, Secrets::new(&self.secret_key))
    }
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    match Cli::parse().command {
        Command::Serve { listen, tables, auth, origins, throttle, sweep_seconds, nudge, no_combining } => {
            platform::telemetry::init();
            let app = tables.app().await;
            let app = if no_combining { app.without_combining() } else { app };
            let ringing = app.bell().carry(nudge);
            let sweeping = sweeper::every(app.clone(), Duration::from_secs(sweep_seconds));
            let router = origins.admit(http::router(app, auth.verifier(), throttle.throttle(http::WORK)?));
            let served = server::serve(listen.listen, router);
            tokio::select! {
                served = served => served?,
                never = sweeping => match never {},
                never = ringing => match never {},
            }
        }
        Command::Sweep { tables } => {
            platform::telemetry::init();
            sweeper::run(tables.app().await).await.map_err(anyhow::Error::from_boxed)?;
        }
        Command::Purge { tables, purge_days } => {
            platform::telemetry::init();
            // Its events in the outbox say whose a hold was; they must be gone when it is said to be forgotten.
            let least = tables.outbox_days + TTL_DAYS;
            anyhow::ensure!(
                purge_days >= least,
                "PURGE_DAYS must be at least OUTBOX_DAYS and {TTL_DAYS}: {least}"
            );
            purge::run(tables.app().await, purge_days).await.map_err(anyhow::Error::from_boxed)?;
        }
        Command::Probe { port } => server::probe(port).await?,
    }
    Ok(())
}
