//! One connection for the time of one answer.

use std::time::Duration;

use chrono::TimeDelta;
use sqlx::mysql::{MySqlArguments, MySqlRow};
use sqlx::pool::PoolConnection;
use sqlx::query::Query;
use sqlx::{MySql, Row};
use tokio::time::{Instant, timeout, timeout_at};

use super::connections::Connections;
use super::{AsOf, Error, as_of};

/// Longest that all reads of one answer may take together, the wait for a connection included. They take milliseconds;
/// what takes this long is a server that is stopped or out of reach, and the caller should hear so.
const READ_TIMEOUT: Duration = Duration::from_secs(3);
/// Longest that the check of a used connection may take before it goes back to the pool.
const RETURN_TIMEOUT: Duration = Duration::from_secs(1);

/// Whether the server is a replica (also one of Aurora's, which has only the second of them set).
const READ_ONLY: &str = "SELECT CAST(@@global.read_only OR @@global.innodb_read_only AS SIGNED)";

/// One connection, its deadline, and the time up to which what it reads is complete.
///
/// Only [`Session::end`] gives the connection back. A session that is dropped before (a read failed or took too long, or
/// the caller went away) closes it: a reply may still be under way, and the next user would read it as their own. sqlx
/// alone would wait for that reply without a bound, and hold the connection's place in the pool as long.
pub(crate) struct Session {
    connection: PoolConnection<MySql>,
    deadline: Instant,
    stale_after: TimeDelta,
    as_of: AsOf,
    ended: bool,
}

/// What an answer begins with.
pub(crate) trait First: Sync {
    /// What it reads.
    type Read;

    /// Reads it.
    fn read(&self, session: &mut Session) -> impl Future<Output = Result<Self::Read, Error>> + Send;
}

/// The time up to which the projection is complete.
pub(super) struct Date;

impl First for Date {
    type Read = ();

    async fn read(&self, session: &mut Session) -> Result<(), Error> {
        session.date().await
    }
}

/// Whether this is the server that the relay writes to. After a failover a connection may be left that leads to the one
/// before: it answers, and nothing ever arrives there.
pub(super) struct Writer;

impl First for Writer {
    type Read = ();

    async fn read(&self, session: &mut Session) -> Result<(), Error> {
        let row = session.row(sqlx::query(READ_ONLY)).await?;
        let is_read_only: i64 = row.map(|row| row.try_get(0)).transpose()?.unwrap_or_default();
        // Dropped, it closes the connection; the next one goes where the name leads now.
        if is_read_only == 0 { Ok(()) } else { Err(Error::Demoted) }
    }
}

impl Session {
    /// Takes a connection for an answer that begins with this.
    ///
    /// That is the test of the connection: where it broke since it was used last, the same is read again on one that answers.
    pub(super) async fn begin<F: First>(
        connections: &Connections,
        first: &F,
    ) -> Result<(Self, F::Read), Error> {
        let deadline = Instant::now() + READ_TIMEOUT;
        let session = |connection| Self {
            connection,
            deadline,
            stale_after: connections.stale_after,
            as_of: AsOf::default(),
            ended: false,
        };
        let mut untested = session(connections.take(deadline).await?);
        match first.read(&mut untested).await {
            Err(Error::Unavailable(_)) => drop(untested),
            read => return read.map(|read| (untested, read)),
        }
        let mut tested = session(connections.take_tested(deadline).await?);
        let read = first.read(&mut tested).await?;
        Ok((tested, read))
    }

    /// Reads `as_of`. To be done before anything else is read: an event that is applied in between makes an answer newer
    /// than it says, never older.
    pub(super) async fn date(&mut self) -> Result<(), Error> {
        self.as_of = as_of::read(self, self.stale_after).await?;
        Ok(())
    }

    /// Takes the date from a row of [`as_of::dated`], which is not newer than the row.
    pub(super) fn date_by(&mut self, row: &MySqlRow) -> Result<(), Error> {
        self.as_of = as_of::of_row(row, self.stale_after)?;
        Ok(())
    }

    /// All rows of a statement. Statements bound their own number of rows.
    pub(super) async fn rows(
        &mut self,
        query: Query<'_, MySql, MySqlArguments>,
    ) -> Result<Vec<MySqlRow>, Error> {
        let rows = query.fetch_all(&mut *self.connection);
        Ok(timeout_at(self.deadline, rows).await.map_err(|_| Error::TimedOut)??)
    }

    /// The first row of a statement that gives at most one.
    pub(super) async fn row(
        &mut self,
        query: Query<'_, MySql, MySqlArguments>,
    ) -> Result<Option<MySqlRow>, Error> {
        Ok(self.rows(query).await?.into_iter().next())
    }

    /// The time up to which what it reads is complete.
    pub(crate) fn as_of(&self) -> AsOf {
        self.as_of
    }

    /// Gives the connection back, after the last read.
    pub(crate) fn end(mut self) -> AsOf {
        self.ended = true;
        self.as_of
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        if self.ended {
            // What sqlx does when a connection is dropped, but within a bound: it pings the server first.
            tokio::spawn(timeout(RETURN_TIMEOUT, self.connection.return_to_pool()));
        } else {
            self.connection.close_on_drop();
        }
    }
}
