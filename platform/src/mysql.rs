//! How a service reaches MySQL.

use std::time::Duration;

use sqlx::mysql::{MySqlConnectOptions, MySqlPoolOptions};
use sqlx::{ConnectOptions, MySqlPool};

/// Longest that a caller waits for a connection: then it is told that the database does not answer.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(2);
/// Age at which a connection is replaced, so that after a failover none stays with the old writer for long.
const MAX_LIFETIME: Duration = Duration::from_secs(300);
/// Age of an unused connection at which it is closed.
const IDLE_TIMEOUT: Duration = Duration::from_secs(60);

/// Where the projection is.
#[derive(Debug, Clone, clap::Args)]
pub struct Mysql {
    /// URL of the projection's database: `mysql://USER:PASSWORD@HOST:PORT/DATABASE`.
    #[arg(long, env = "MYSQL_URL", hide_env_values = true)]
    pub mysql_url: MySqlConnectOptions,
}

impl Mysql {
    /// A pool that connects when it is first used, so that a service starts before its database.
    #[must_use]
    pub fn pool(&self, max_connections: u32) -> MySqlPool {
        let options = self.mysql_url.clone().disable_statement_logging();
        MySqlPoolOptions::new()
            .max_connections(max_connections)
            .acquire_timeout(ACQUIRE_TIMEOUT)
            .max_lifetime(MAX_LIFETIME)
            .idle_timeout(IDLE_TIMEOUT)
            .connect_lazy_with(options)
    }
}
