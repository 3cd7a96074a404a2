//! `migrate`: brings the schema, and who may do what with it, up to date and exits.

mod cli;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use platform::dynamodb::Dynamodb;
use platform::mysql::Mysql;

/// Brings the schema up to date. Safe to run twice, and by two processes at once.
#[derive(Parser)]
#[command(version)]
struct Cli {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// The MySQL projection, with its roles and their rights; makes the database if it is missing.
    Mysql(Mysql),
    /// The DynamoDB tables.
    Dynamodb(Dynamodb),
    /// Both.
    All {
        #[command(flatten)]
        mysql: Mysql,
        #[command(flatten)]
        dynamodb: Dynamodb,
    },
    /// Roles, their rights and their users alone.
    #[command(subcommand)]
    Access(cli::Access),
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<ExitCode> {
    platform::telemetry::init();
    match Cli::parse().what {
        What::Mysql(mysql) => migrations::mysql::migrate(&mysql.mysql_url).await?,
        What::Dynamodb(dynamodb) => migrate_dynamodb(&dynamodb).await?,
        What::All { mysql, dynamodb } => {
            migrate_dynamodb(&dynamodb).await?;
            migrations::mysql::migrate(&mysql.mysql_url).await?;
        }
        What::Access(access) => return access.run().await,
    }
    Ok(ExitCode::SUCCESS)
}

async fn migrate_dynamodb(dynamodb: &Dynamodb) -> Result<(), migrations::dynamodb::Error> {
    let client = aws_sdk_dynamodb::Client::new(&dynamodb.sdk_config().await);
    migrations::dynamodb::migrate(&client, &dynamodb.table_prefix).await
}
