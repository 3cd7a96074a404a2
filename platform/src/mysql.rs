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
        self.connect(bounded(max_connections))
    }

    /// The same without a ping, which is a trip, before each use: for whom the first statement is the test of a connection.
    #[must_use]
    pub fn untested_pool(&self, max_connections: u32) -> MySqlPool {
        self.connect(bounded(max_connections).test_before_acquire(false))
    }

    fn connect(&self, pool: MySqlPoolOptions) -> MySqlPool {
        pool.connect_lazy_with(self.mysql_url.clone().disable_statement_logging())
    }
}

fn bounded(max_connections: u32) -> MySqlPoolOptions {
    MySqlPoolOptions::new()
        .max_connections(max_connections)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .max_lifetime(MAX_LIFETIME)
        .idle_timeout(IDLE_TIMEOUT)
}
