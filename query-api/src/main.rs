//! The `query-api` binary.

use anyhow::Context;
use chrono::TimeDelta;
use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand};
use platform::auth;
use platform::cors::Origins;
use platform::mysql::Mysql;
use platform::server::{self, Listen};
use platform::telemetry;
use platform::throttle;
use query_api::{CursorKey, MAX_CONNECTIONS, PageOptions, Source, WORK};
use sqlx::mysql::MySqlConnectOptions;

/// Age of `as_of`, in seconds, from which on an answer is stale unless told otherwise: that from which on the relay is not
/// ready. A quiet stream's is about three.
const DEFAULT_STALE_SECONDS: u32 = 60;
/// Where it listens unless told: beside the command API, which has 8080.
const DEFAULT_LISTEN: &str = "127.0.0.1:8081";

#[derive(Parser)]
#[command(name = "query-api", version, about = "Answers questions from the MySQL projection")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serve HTTP until told to stop
    Serve(Box<Serve>),
    /// Ask the service on this machine whether it is ready; exits with 0 when it is
    Probe {
        /// Its port
        #[arg(long, default_value_t = 8080)]
        port: u16,
    },
}

#[derive(Args)]
struct Serve {
    #[command(flatten)]
    listen: Listen,
    #[command(flatten)]
    mysql: Mysql,
    /// URL of a replica of that database, which lookups read in its stead
    #[arg(long, env = "READ_URL", hide_env_values = true)]
    read_url: Option<MySqlConnectOptions>,
    /// Age of `as_of`, in seconds, from which on an answer says `stale`
    #[arg(long, env = "STALE_SECONDS", default_value_t = DEFAULT_STALE_SECONDS)]
    stale_seconds: u32,
    #[command(flatten)]
    auth: auth::Options,
    #[command(flatten)]
    origins: Origins,
    #[command(flatten)]
    throttle: throttle::Settings,
    /// What cursors are signed with: 64 hexadecimal digits, the same for all processes
    #[arg(long, env = "CURSOR_KEY", hide_env_values = true)]
    cursor_key: CursorKey,
    #[command(flatten)]
    pages: PageOptions,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let cli = Cli::command().mut_subcommand("serve", |serve| {
        serve.mut_arg("listen", |listen| listen.default_value(DEFAULT_LISTEN))
    });
    match Cli::from_arg_matches(&cli.get_matches())?.command {
        Command::Serve(serve) => {
            telemetry::init();
            let Serve { listen, mysql, read_url, stale_seconds, auth, origins, throttle, cursor_key, pages } =
                *serve;
            let replica = read_url.map(|url| Mysql { mysql_url: url }.untested_pool(MAX_CONNECTIONS));
            let stale_after = TimeDelta::seconds(stale_seconds.into());
            let source = Source::new(mysql.untested_pool(MAX_CONNECTIONS), replica, stale_after);
            let throttle = throttle.throttle(WORK)?;
            let router = query_api::router(source, cursor_key, auth.verifier(), throttle, pages);
            let router = origins.admit(router);
            server::serve(listen.listen, router).await?;
        }
        Command::Probe { port } => server::probe(port).await.context("not ready")?,
    }
    Ok(())
}
