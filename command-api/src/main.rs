//! `command-api`: takes commands over HTTP.

use clap::{Parser, Subcommand};
use command_api::app::App;
use command_api::http;
use command_api::store::Tables;
use platform::dynamodb::Dynamodb;
use platform::server::{self, Listen};

/// Takes commands over HTTP and writes them to DynamoDB.
#[derive(Parser)]
#[command(version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serves the API until it is told to stop.
    Serve {
        #[command(flatten)]
        listen: Listen,
        #[command(flatten)]
        dynamodb: Dynamodb,
    },
    /// Asks a service on this machine whether it is ready.
    Probe {
        /// Its port.
        #[arg(long, default_value_t = 8080)]
        port: u16,
    },
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    match Cli::parse().command {
        Command::Serve { listen, dynamodb } => {
            platform::telemetry::init();
            let client = aws_sdk_dynamodb::Client::new(&dynamodb.sdk_config().await);
            let app = App::new(Tables::new(client, dynamodb.table_prefix));
            server::serve(listen.listen, http::router(app)).await?;
        }
        Command::Probe { port } => server::probe(port).await?,
    }
    Ok(())
}
