//! One connection for one piece of work, within a time.
//!
//! A server that goes quiet without closing its connections never answers: whatever waits for it needs an end of its
//! own. No statement of this crate may be sent but through [`run`].

use std::time::Duration;

use sqlx::pool::PoolConnection;
use sqlx::{MySql, MySqlConnection, MySqlPool};
use tokio::time::timeout;

/// Longest that the check of a used connection may take before it goes back to the pool.
const RETURN_TIMEOUT: Duration = Duration::from_secs(1);

/// A connection that is closed when it is dropped before its work is done. What the server did, or still does, is not
/// known then; a demoted writer answers pings for ever; and the next user would read a reply that is not theirs.
struct Lease {
    connection: PoolConnection<MySql>,
    done: bool,
}

impl Drop for Lease {
    fn drop(&mut self) {
        if self.done {
            // What sqlx does when a connection is dropped, but within a bound: it pings the server first.
            tokio::spawn(timeout(RETURN_TIMEOUT, self.connection.return_to_pool()));
        } else {
            self.connection.close_on_drop();
        }
    }
}

/// Does some work on a connection, and gives it up when it takes longer than `longest`.
///
/// # Errors
/// When there is no connection (the pool bounds the wait), the work fails, or its time is over.
pub(crate) async fn run<T, E: From<sqlx::Error>>(
    pool: &MySqlPool,
    longest: Duration,
    work: impl AsyncFnOnce(&mut MySqlConnection) -> Result<T, E>,
) -> Result<T, E> {
    let mut lease = Lease { connection: pool.acquire().await?, done: false };
    let worked = timeout(longest, work(&mut lease.connection)).await;
    let value =
        worked.unwrap_or_else(|_| Err(sqlx::Error::Io(std::io::ErrorKind::TimedOut.into()).into()))?;
    lease.done = true;
    Ok(value)
}
