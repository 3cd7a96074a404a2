//! Which of several pollers, or publishers to one target, works: whoever has the lease, a row of the projection's database.
//!
//! Time alone decides who may take it; it never decides who may write. Every transaction of a poller looks whether the
//! lease is still its own, and holds it until its commit: nobody can take it in between. So a poller that was stopped for
//! an hour writes nothing more, whatever it believes.

use std::time::Duration;

use sqlx::{AssertSqlSafe, MySqlConnection, MySqlPool, Row};
use tokio::time::sleep;

use super::Health;
use crate::core::database::{Database, Error};

/// What the pollers' lease is called.
pub(super) const POLL: &str = "poll";
/// How long the lease is certain after a sign of life: within twice this, another poller works after a kill.
pub(crate) const LEASE: Duration = Duration::from_secs(4);
/// How often a poller gives a sign of life, and how often one that waits looks for none.
const SIGN_INTERVAL: Duration = Duration::from_secs(1);
/// How long a poller may say nothing on a connection before the server closes it.
const SILENCE: Duration = Duration::from_secs(5);
/// Longest that one look at the lease may take: above the longest transaction (10 s), which holds it.
const TIMEOUT: Duration = Duration::from_secs(15);

/// The steps that are taken with the lease.
pub(crate) trait Election {
    /// Gives a sign of life, or takes the lease if there was none for too long; whether it is `owner`'s then.
    async fn lead(&mut self, name: &str, owner: &str) -> Result<bool, Error>;

    /// Whether it is `owner`'s, which it then stays until the transaction ends.
    async fn leads(&mut self, name: &str, owner: &str) -> Result<bool, Error>;

    /// Gives it back.
    async fn resign(&mut self, name: &str, owner: &str) -> Result<(), Error>;
}

/// A database in which only the owner of the lease does anything.
#[derive(Debug, Clone)]
pub(crate) struct Led<D> {
    database: D,
    name: String,
    owner: String,
}

impl<D: Database<Connection: Election>> Database for Led<D> {
    type Connection = D::Connection;

    async fn transact<T>(
        &self,
        longest: Duration,
        work: impl AsyncFnOnce(&mut D::Connection) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let work = async |steps: &mut D::Connection| {
            if steps.leads(&self.name, &self.owner).await? {
                work(steps).await
            } else {
                Err(Error::Superseded)
            }
        };
        self.database.transact(longest, work).await
    }
}

impl<D: Database<Connection: Election>> Led<D> {
    /// A lease of this name, for an owner that nobody else is called as.
    pub(crate) fn new(database: D, name: String, owner: String) -> Self {
        Self { database, name, owner }
    }

    /// Waits until it is our turn. Who waits is well, unless something is lost: it is ready to take over.
    pub(crate) async fn wait(
        &self,
        health: &Health,
        any_trimmed: impl AsyncFn(&mut D::Connection) -> Result<bool, Error>,
    ) -> Result<(), Error> {
        while !self.lead().await? {
            let trimmed = self.database.transact(TIMEOUT, &any_trimmed).await?;
            health.shards(trimmed, false);
            health.round();
            sleep(SIGN_INTERVAL).await;
        }
        tracing::info!(lease.name = self.name, lease.owner = self.owner, "leads");
        Ok(())
    }

    /// Does some work for as long as it is our turn.
    pub(crate) async fn hold<T>(
        &self,
        work: impl Future<Output = Result<T, super::Error>>,
    ) -> Result<T, super::Error> {
        tokio::select! {
            biased;
            kept = self.keep() => Err(kept.err().unwrap_or(Error::Superseded).into()),
            worked = work => worked,
        }
    }

    /// Lets the next one work at once.
    pub(crate) async fn release(&self) {
        let resigned = self
            .database
            .transact(TIMEOUT, async |steps: &mut D::Connection| steps.resign(&self.name, &self.owner).await);
        if let Err(error) = resigned.await {
            tracing::warn!(error = platform::dynamodb::cause(&error), "the lease is left to its end");
        }
    }

    /// Gives signs of life for as long as it is our turn.
    async fn keep(&self) -> Result<(), Error> {
        while self.lead().await? {
            sleep(SIGN_INTERVAL).await;
        }
        Err(Error::Superseded)
    }

    async fn lead(&self) -> Result<bool, Error> {
        self.database.transact(TIMEOUT, async |steps| steps.lead(&self.name, &self.owner).await).await
    }
}

/// The pool of a poller. Its connections are closed by the server itself when a poller that was stopped, or whose machine
/// is gone, says nothing more in the middle of a transaction: it would hold the lease, and the rows, for ever.
pub fn watched(pool: &MySqlPool) -> MySqlPool {
    let options = pool.options().clone().idle_timeout(SILENCE / 2);
    let options = options.after_connect(|connection, _| {
        Box::pin(async move {
            let silence = format!("SET SESSION wait_timeout = {}", SILENCE.as_secs());
            sqlx::raw_sql(AssertSqlSafe(silence)).execute(connection).await.map(drop)
        })
    });
    options.connect_lazy_with((*pool.connect_options()).clone())
}

impl Election for MySqlConnection {
    async fn lead(&mut self, name: &str, owner: &str) -> Result<bool, Error> {
        // Without a lock: whoever waits must not hold up whoever works.
        let open = "SELECT owner = ? OR until < UTC_TIMESTAMP(6) FROM leases WHERE name = ?";
        let open = sqlx::query(open).bind(owner).bind(name).fetch_optional(&mut *self).await?;
        if open.map(|row| row.try_get::<bool, _>(0)).transpose()? == Some(false) {
            return Ok(false);
        }
        // The server's clock alone counts. From left to right: `until` sees who the owner has become.
        let lead = "INSERT INTO leases (name, owner, until) VALUES (?, ?, UTC_TIMESTAMP(6) + INTERVAL ? SECOND) \
                    ON DUPLICATE KEY UPDATE \
                    owner = IF(until < UTC_TIMESTAMP(6), VALUES(owner), owner), \
                    until = IF(owner = VALUES(owner), VALUES(until), until)";
        let lead = sqlx::query(lead).bind(name).bind(owner).bind(LEASE.as_secs());
        lead.execute(&mut *self).await?;
        self.leads(name, owner).await
    }

    async fn leads(&mut self, name: &str, owner: &str) -> Result<bool, Error> {
        // Shared, so that the transactions of several shards do not wait for each other.
        let leads = "SELECT owner = ? FROM leases WHERE name = ? LOCK IN SHARE MODE";
        let row = sqlx::query(leads).bind(owner).bind(name).fetch_optional(self).await?;
        Ok(row.map(|row| row.try_get::<bool, _>(0)).transpose()?.unwrap_or(false))
    }

    async fn resign(&mut self, name: &str, owner: &str) -> Result<(), Error> {
        let resign = "DELETE FROM leases WHERE name = ? AND owner = ?";
        sqlx::query(resign).bind(name).bind(owner).execute(self).await?;
        Ok(())
    }
}
