//! `outbox-relay`: projects the outbox into MySQL.

use clap::{Parser, Subcommand};
use contracts::Table;
use outbox_relay::core::Projector;
use outbox_relay::poll::{Health, Source};
use outbox_relay::status::Status;
use outbox_relay::{lag, lambda, metrics, poll, quarantine};
use platform::dynamodb::Dynamodb;
use platform::health;
use platform::mysql::Mysql;
use platform::server::{self, Listen};

/// Connections of a driver: one for each of the shards that `poll` reads at once, and two for what is beside them, and
/// one for looking how far it is.
const CONNECTIONS: u32 = 11;

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
    /// Prints how far the projection is in each shard, and how much is in quarantine.
    Status {
        #[command(flatten)]
        mysql: Mysql,
        /// As JSON, for programs.
        #[arg(long)]
        json: bool,
    },
    /// Lists, shows, redrives or discards records that were not understood.
    Quarantine {
        #[command(flatten)]
        mysql: Mysql,
        #[command(subcommand)]
        command: quarantine::Command,
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
            let config = dynamodb.sdk_config().await;
            let source = Source {
                dynamodb: aws_sdk_dynamodb::Client::new(&config),
                streams: aws_sdk_dynamodbstreams::Client::new(&config),
                table: dynamodb.table_prefix.name(Table::Outbox),
            };
            metrics::init();
            let pool = mysql.pool(CONNECTIONS);
            let mut served = Ok(());
            let serving = async {
                tokio::select! {
                    done = server::serve(listen.listen, router) => served = done,
                    never = lag::watch(pool.clone(), health.clone(), max_lag_seconds) => match never {},
                }
            };
            poll::run(source, &pool, health.clone(), serving).await;
            served?;
        }
        Command::Lambda { mysql } => {
            platform::telemetry::init();
            let projector = Projector::new(mysql.pool(CONNECTIONS));
            lambda::run(projector).await.map_err(anyhow::Error::from_boxed)?;
        }
        Command::Status { mysql, json } => {
            let status = Status::read(&mysql.pool(1)).await?;
            if json {
                println!("{}", serde_json::to_string_pretty(&status)?);
            } else {
                print!("{status}");
            }
        }
        Command::Quarantine { mysql, command } => {
            platform::telemetry::init();
            quarantine::run(mysql.pool(1), command).await?;
        }
        Command::Probe { port } => server::probe(port).await?,
    }
    Ok(())
}
