//! `outbox-relay`: projects the outbox into MySQL.

use clap::{Parser, Subcommand};
use contracts::Table;
use outbox_relay::core::Projector;
use outbox_relay::poll::{Health, Source};
use outbox_relay::status::Status;
use outbox_relay::{lag, lambda, metrics, poll, publish};
use platform::dynamodb::Dynamodb;
use platform::health;
use platform::mysql::Mysql;
use platform::server::{self, Listen};

/// Connections of a driver: one for its transaction, one for its checkpoints, one for looking how far it is.
const CONNECTIONS: u32 = 3;

/// Projects the outbox's change stream into MySQL.
#[derive(Parser)]
#[command(version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Reads the stream itself until it is told to stop; serves its health.
    Poll {
        #[command(flatten)]
        listen: Listen,
        #[command(flatten)]
        dynamodb: Dynamodb,
        #[command(flatten)]
        mysql: Mysql,
        /// Seconds behind the stream from which on it is not ready.
        #[arg(long, env = "MAX_LAG_SECONDS", default_value_t = lag::DEFAULT_MAX_LAG_SECONDS)]
        max_lag_seconds: u32,
    },
    /// Takes batches as an AWS Lambda function.
    Lambda {
        #[command(flatten)]
        mysql: Mysql,
    },
    /// Delivers the same events to another service, from a place of its own, until it is told to stop.
    Publish {
        #[command(flatten)]
        listen: Listen,
        #[command(flatten)]
        dynamodb: Dynamodb,
        #[command(flatten)]
        mysql: Mysql,
        #[command(flatten)]
        options: publish::Options,
    },
    /// Prints how far the projection is in each shard, and how much is in quarantine.
    Status {
        #[command(flatten)]
        mysql: Mysql,
        /// As JSON, for programs.
        #[arg(long)]
        json: bool,
    },
    /// Asks a relay on this machine whether it is ready.
    Probe {
        /// Its port.
        #[arg(long, default_value_t = 8080)]
        port: u16,
    },
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    match Cli::parse().command {
        Command::Poll { listen, dynamodb, mysql, max_lag_seconds } => {
            platform::telemetry::init();
            let health = Health::default();
            let router = server::with_conventions(health::routes(health.clone()));
            let source = source(&dynamodb).await;
            metrics::init();
            let pool = mysql.pool(CONNECTIONS);
            tokio::select! {
                served = server::serve(listen.listen, router) => served?,
                () = poll::run(source, pool.clone(), health.clone()) => {}
                never = lag::watch(pool, health, max_lag_seconds) => match never {},
            }
        }
        Command::Lambda { mysql } => {
            platform::telemetry::init();
            let projector = Projector::new(mysql.pool(CONNECTIONS));
            lambda::run(projector).await.map_err(anyhow::Error::from_boxed)?;
        }
        Command::Publish { listen, dynamodb, mysql, options } => {
            platform::telemetry::init();
            let health = publish::Health::default();
            let router = server::with_conventions(health::routes(health.clone()));
            let source = source(&dynamodb).await;
            tokio::select! {
                served = server::serve(listen.listen, router) => served?,
                stopped = publish::run(source, mysql.pool(CONNECTIONS), &options, health) => match stopped? {},
            }
        }
        Command::Status { mysql, json } => {
            let status = Status::read(&mysql.pool(1)).await?;
            if json {
                println!("{}", serde_json::to_string_pretty(&status)?);
            } else {
                print!("{status}");
            }
        }
        Command::Probe { port } => server::probe(port).await?,
    }
    Ok(())
}

async fn source(dynamodb: &Dynamodb) -> Source {
    let config = dynamodb.sdk_config().await;
    Source {
        dynamodb: aws_sdk_dynamodb::Client::new(&config),
        streams: aws_sdk_dynamodbstreams::Client::new(&config),
        table: dynamodb.table_prefix.name(Table::Outbox),
    }
}
