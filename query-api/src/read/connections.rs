//! Connections to one server, kept between answers.
//!
//! sqlx's pool pings a connection when it is taken and again when it comes back: most of what a lookup of one row costs. Here
//! the first statement of an answer is the test (see [`super::Session::begin`]), and for a few seconds a connection goes from one
//! answer to the next without the pool.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use chrono::TimeDelta;
use sqlx::pool::PoolConnection;
use sqlx::{MySql, MySqlPool};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{self, timeout, timeout_at};

use super::Error;

/// Time for which a connection stays away from the pool, which looks at its age and whether it lives.
const KEPT_FOR: Duration = Duration::from_secs(5);
/// Longest that the check of a used connection may take before it goes back to the pool.
const RETURN_TIMEOUT: Duration = Duration::from_secs(1);

/// A pool, and those of its connections that wait for the next answer.
#[derive(Debug, Clone)]
pub(super) struct Connections {
    pool: MySqlPool,
    /// Age of its date from which on an answer is stale.
    pub(super) stale_after: TimeDelta,
    kept: Arc<Mutex<Vec<Kept>>>,
    /// One for each connection that may be used, so that nobody waits at the pool for one that is kept here.
    turns: Arc<Semaphore>,
}

#[derive(Debug)]
struct Kept {
    connection: PoolConnection<MySql>,
    /// When it came from the pool.
    since: Instant,
}

impl Kept {
    fn is_over(&self) -> bool {
        self.since.elapsed() > KEPT_FOR
    }
}

/// A connection for one answer.
#[derive(Debug)]
pub(super) struct Taken {
    pub(super) connection: PoolConnection<MySql>,
    /// Whether the pool saw it live just now.
    pub(super) is_tested: bool,
    since: Instant,
    _turn: OwnedSemaphorePermit,
}

impl Connections {
    pub(super) fn new(pool: MySqlPool, stale_after: TimeDelta) -> Self {
        let most = usize::try_from(pool.options().get_max_connections()).unwrap_or(Semaphore::MAX_PERMITS);
        Self { pool, stale_after, kept: Arc::default(), turns: Arc::new(Semaphore::new(most)) }
    }

    /// Takes one, first come, first served.
    pub(super) async fn take(&self, deadline: time::Instant) -> Result<Taken, Error> {
        let turn = timeout_at(deadline, Arc::clone(&self.turns).acquire_owned()).await;
        let turn = turn.map_err(|_| Error::TimedOut)?.map_err(|_| sqlx::Error::PoolClosed)?;
        if let Some(Kept { connection, since }) = self.newest() {
            return Ok(Taken { connection, is_tested: false, since, _turn: turn });
        }
        let connection = timeout_at(deadline, self.pool.acquire()).await.map_err(|_| Error::TimedOut)??;
        Ok(Taken { connection, is_tested: true, since: Instant::now(), _turn: turn })
    }

    /// Gives one back that has nothing under way.
    pub(super) fn give_back(&self, taken: Taken) {
        self.kept().push(Kept { connection: taken.connection, since: taken.since });
    }

    fn newest(&self) -> Option<Kept> {
        let mut kept = self.kept();
        for Kept { mut connection, .. } in kept.extract_if(.., |kept| kept.is_over()) {
            // What sqlx does when a connection is dropped, but within a bound: it pings the server first.
            tokio::spawn(timeout(RETURN_TIMEOUT, connection.return_to_pool()));
        }
        kept.pop()
    }

    fn kept(&self) -> MutexGuard<'_, Vec<Kept>> {
        // Nothing panics while it is held.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
