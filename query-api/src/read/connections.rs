//! Connections to one server.

use chrono::TimeDelta;
use sqlx::pool::PoolConnection;
use sqlx::{Connection, MySql, MySqlPool};
use tokio::time::{Instant, timeout_at};

use super::Error;

/// A pool that does not test what it gives (`Mysql::untested_pool`), and how old a date read from it may be.
#[derive(Debug, Clone)]
pub(super) struct Connections {
    pub(super) pool: MySqlPool,
    /// Age of its date from which on an answer is stale.
    pub(super) stale_after: TimeDelta,
}

impl Connections {
    /// One that may have broken since it was used last.
    pub(super) async fn take(&self, deadline: Instant) -> Result<PoolConnection<MySql>, Error> {
        Ok(timeout_at(deadline, self.pool.acquire()).await.map_err(|_| Error::TimedOut)??)
    }

    /// One that answers. Those that do not are closed, so that after a restart of the server a new one is made in the end.
    pub(super) async fn take_tested(&self, deadline: Instant) -> Result<PoolConnection<MySql>, Error> {
        loop {
            let mut connection = self.take(deadline).await?;
            match timeout_at(deadline, connection.ping()).await {
                Ok(Ok(())) => return Ok(connection),
                _ => connection.close_on_drop(),
            }
        }
    }
}
