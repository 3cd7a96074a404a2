//! `outbox-relay`: projects the outbox into MySQL.

use std::io::{Write, stdout};
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use contracts::Table;
use outbox_relay::command_state::CommandState;
use outbox_relay::core::Projector;
use outbox_relay::poll::{Health, Source};
use outbox_relay::{lambda, poll, rebuild, reconcile};
use platform::dynamodb::Dynamodb;
use platform::health;
use platform::mysql::Mysql;
use platform::server::{self, Listen};

/// Connections of a driver: one for its transaction, one for its checkpoints.
const CONNECTIONS: u32 = 2;

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
    },
    /// Takes batches as an AWS Lambda function.
    Lambda {
        #[command(flatten)]
        mysql: Mysql,
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
        Command::Poll { listen, dynamodb, mysql } => {
            platform::telemetry::init();
            let health = Health::default();
            let router = server::with_conventions(health::routes(health.clone()));
            let config = dynamodb.sdk_config().await;
            let source = Source {
                dynamodb: aws_sdk_dynamodb::Client::new(&config),
                streams: aws_sdk_dynamodbstreams::Client::new(&config),
                table: dynamodb.table_prefix.name(Table::Outbox),
            };
            tokio::select! {
                served = server::serve(listen.listen, router) => served?,
                () = poll::run(source, mysql.pool(CONNECTIONS), health) => {}
            }
        }
        Command::Lambda { mysql } => {
            platform::telemetry::init();
            let projector = Projector::new(mysql.pool(CONNECTIONS));
            lambda::run(projector).await.map_err(anyhow::Error::from_boxed)?;
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
