//! `outbox-relay`: projects the outbox into MySQL.

use std::io::{Write, stdout};
use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, Subcommand};
use contracts::Table;
use outbox_relay::command_state::CommandState;
use outbox_relay::core::Projector;
use outbox_relay::poll::{Health, Idle, Source};
use outbox_relay::status::Status;
use outbox_relay::{lag, lambda, metrics, poll, publish, quarantine, rebuild, reconcile};
use platform::dynamodb::Dynamodb;
use platform::health;
use platform::mysql::Mysql;
use platform::server::{self, Listen};

/// Connections of a driver: one for each of the shards that `poll` reads at once, one for the lease, one for checkpoints,
/// and one for looking how far it is.
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
        /// Address and UDP port at which whoever has written something may ring, to have it read at once.
        #[arg(long, env = "NUDGE_LISTEN")]
        nudge_listen: Option<SocketAddr>,
        /// Milliseconds until it reads again where nobody rings: tests make it long.
        #[arg(long, env = "IDLE_MS", hide = true, default_value_t = poll::IDLE_WAIT_MS)]
        idle_ms: u64,
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
    /// Prints how far the projection and each publication are in each shard, and how much is in quarantine or undelivered.
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
    /// Makes the projection anew from the command side's tables, and swaps it in. Everything goes on meanwhile.
    Rebuild {
        #[command(flatten)]
        dynamodb: Dynamodb,
        #[command(flatten)]
        mysql: Mysql,
    },
    /// Compares the projection with the command side's tables and tells the differences; ends with 1 where some remain.
    Reconcile {
        /// Make the projection what the command side says.
        #[arg(long)]
        repair: bool,
        #[command(flatten)]
        dynamodb: Dynamodb,
        #[command(flatten)]
        mysql: Mysql,
    },
    /// Asks a relay on this machine whether it is ready.
    Probe {
        /// Its port.
        #[arg(long, default_value_t = 8080)]
        port: u16,
    },
}

#[tokio::main]
async fn main() -> anyhow::Result<ExitCode> {
    match Cli::parse().command {
        Command::Poll { listen, dynamodb, mysql, max_lag_seconds, nudge_listen, idle_ms } => {
            platform::telemetry::init();
            let health = Health::default();
            let router = server::with_conventions(health::routes(health.clone()));
            let source = source(&dynamodb).await;
            metrics::init();
            let pool = poll::watched(&mysql.pool(CONNECTIONS));
            let idle = Idle::of(Duration::from_millis(idle_ms));
            let mut served = Ok(());
            let serving = async {
                tokio::select! {
                    done = server::serve(listen.listen, router) => served = done,
                    failed = idle.listen(nudge_listen) => served = failed.map(|never| match never {}),
                    never = lag::watch(pool.clone(), health.clone(), max_lag_seconds) => match never {},
                }
            };
            poll::run(source, pool.clone(), health.clone(), idle.clone(), serving).await;
            served?;
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
            metrics::init_publish();
            let pool = poll::watched(&mysql.pool(CONNECTIONS));
            let mut served = Ok(());
            let serving = async {
                tokio::select! {
                    done = server::serve(listen.listen, router) => served = done,
                    never = publish::watch(pool.clone(), &options) => match never {},
                }
            };
            publish::run(source, pool.clone(), &options, health, serving).await?;
            served?;
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
        Command::Rebuild { dynamodb, mysql } => {
            platform::telemetry::init();
            let rebuilt = rebuild::run(&command_state(&dynamodb).await, &mysql).await?;
            anyhow::ensure!(
                rebuilt.losses_left == 0,
                "the projection is rebuilt, but the stream lost records meanwhile: rebuild again"
            );
        }
        Command::Reconcile { repair, dynamodb, mysql } => {
            platform::telemetry::init();
            let report = reconcile::run(&command_state(&dynamodb).await, &mysql, repair).await?;
            writeln!(stdout(), "{report}")?;
            anyhow::ensure!(report.losses_left == 0, "the stream lost records meanwhile: repair again");
            if report.remaining() > 0 {
                return Ok(ExitCode::FAILURE);
            }
        }
        Command::Probe { port } => server::probe(port).await?,
    }
    Ok(ExitCode::SUCCESS)
}

async fn command_state(dynamodb: &Dynamodb) -> CommandState {
    let client = aws_sdk_dynamodb::Client::new(&dynamodb.sdk_config().await);
    CommandState::new(client, dynamodb.table_prefix.clone())
}

async fn source(dynamodb: &Dynamodb) -> Source {
    let config = dynamodb.sdk_config().await;
    Source {
        dynamodb: aws_sdk_dynamodb::Client::new(&config),
        streams: aws_sdk_dynamodbstreams::Client::new(&config),
        table: dynamodb.table_prefix.name(Table::Outbox),
    }
}
