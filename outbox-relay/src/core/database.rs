//! What the relay asks of the projection's database, step by step.
//!
//! The relay owns the order of the steps and what is one transaction; how a step is done is MySQL's own. The simulation
//! (`tests/sim`) has a database of its own that fails between any two of them.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::time::Duration;

use chrono::{DateTime, Utc};
use sqlx::{Connection, MySqlConnection, MySqlPool};

use super::plan::Quarantined;
use super::rows::{self, Reservation, Row, Stock};
use super::{Edition, LAMBDA_SHARD, aside, changes, forget, lease};

/// Why a step was not done.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// What the database said, or that it said nothing.
    #[error("MySQL did not do as asked")]
    Mysql(#[from] sqlx::Error),
    /// It is another relay's turn.
    #[error("another relay works")]
    Superseded,
}

impl Error {
    /// What the database said, for whoever reads the quarantine.
    pub(crate) fn refusal(&self) -> String {
        match self {
            Self::Mysql(error) => error.to_string(),
            Self::Superseded => self.to_string(),
        }
    }

    /// Whether a value is what the database refuses (SQLSTATE class 22): trying again would change nothing.
    pub(crate) fn is_of_data(&self) -> bool {
        let Self::Mysql(error) = self else { return false };
        let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code);
        code.is_some_and(|code| code.starts_with("22"))
    }
}

/// A database in which work is done whole or not at all.
pub(crate) trait Database {
    /// Where the steps of one transaction are done.
    type Connection;

    /// Does some work as one transaction that takes no longer than `longest`. After an error nothing of it is done,
    /// unless the answer to the commit was lost; dropped, it is as after an error.
    async fn transact<T>(
        &self,
        longest: Duration,
        work: impl AsyncFnOnce(&mut Self::Connection) -> Result<T, Error>,
    ) -> Result<T, Error>;
}

/// The steps of a batch.
pub(crate) trait Projection {
    /// The editions that every event has to be written to now. To be asked before the transaction touches any row of them:
    /// the swap waits for whoever has asked, and whoever asks afterwards finds it done (docs/adr, rebuild).
    async fn editions(&mut self) -> Result<&'static [Edition], Error>;

    /// Writes the rows whose version is higher than what is there.
    async fn upsert<K: Ord + Debug, R: Row>(
        &mut self,
        edition: Edition,
        rows: &BTreeMap<K, R>,
    ) -> Result<(), Error>;

    /// Takes whose they were out of the history of those of these reservations that are anonymous.
    async fn forget(&mut self, reservations: &BTreeMap<String, Reservation>) -> Result<(), Error>;

    /// Tells whoever follows stocks which of them changed. To be done after all other rows were written.
    async fn announce(&mut self, stocks: &BTreeMap<(String, String), Stock>) -> Result<(), Error>;

    /// Puts records of a stream into quarantine, by their ids.
    async fn put_aside(&mut self, stream: &str, records: &BTreeMap<String, Quarantined>)
    -> Result<(), Error>;

    /// The place in a shard, and the time before which all of it is applied.
    async fn advance(
        &mut self,
        stream: &str,
        shard: &str,
        sequence_number: &str,
        as_of: Option<DateTime<Utc>>,
    ) -> Result<(), Error>;

    /// An open source of which no time is known.
    async fn open_unknown(&mut self, stream: &str) -> Result<(), Error>;
}

/// MySQL.
#[derive(Debug, Clone)]
pub(crate) struct Mysql {
    pool: MySqlPool,
}

impl Mysql {
    pub(crate) fn new(pool: MySqlPool) -> Self {
        Self { pool }
    }
}

impl Database for Mysql {
    type Connection = MySqlConnection;

    async fn transact<T>(
        &self,
        longest: Duration,
        work: impl AsyncFnOnce(&mut MySqlConnection) -> Result<T, Error>,
    ) -> Result<T, Error> {
        lease::run(&self.pool, longest, async |connection| {
            let mut transaction = connection.begin().await?;
            let value = work(&mut transaction).await?;
            transaction.commit().await?;
            Ok(value)
        })
        .await
    }
}

impl Projection for MySqlConnection {
    async fn editions(&mut self) -> Result<&'static [Edition], Error> {
        let next = sqlx::query("SELECT 1 FROM next_projection LIMIT 1").fetch_optional(self).await?;
        Ok(if next.is_some() { &[Edition::Live, Edition::Next] } else { &[Edition::Live] })
    }

    async fn upsert<K: Ord + Debug, R: Row>(
        &mut self,
        edition: Edition,
        rows: &BTreeMap<K, R>,
    ) -> Result<(), Error> {
        Ok(rows::upsert(self, edition, rows.values()).await?)
    }

    async fn forget(&mut self, reservations: &BTreeMap<String, Reservation>) -> Result<(), Error> {
        Ok(forget::write(self, reservations.keys().map(String::as_str)).await?)
    }

    async fn announce(&mut self, stocks: &BTreeMap<(String, String), Stock>) -> Result<(), Error> {
        let keys = stocks.keys().map(|(store_id, sku)| (store_id.as_str(), sku.as_str()));
        Ok(changes::write(self, keys).await?)
    }

    async fn put_aside(
        &mut self,
        stream: &str,
        records: &BTreeMap<String, Quarantined>,
    ) -> Result<(), Error> {
        Ok(aside::write(self, stream, records).await?)
    }

    async fn advance(
        &mut self,
        stream: &str,
        shard: &str,
        sequence_number: &str,
        as_of: Option<DateTime<Utc>>,
    ) -> Result<(), Error> {
        sqlx::query(
            "INSERT INTO checkpoints (stream, shard, sequence_number, as_of, event_at, applied_at) \
             VALUES (?, ?, ?, ?, ?, UTC_TIMESTAMP(6)) \
             ON DUPLICATE KEY UPDATE sequence_number = VALUES(sequence_number), \
             event_at = VALUES(event_at), applied_at = VALUES(applied_at), \
             as_of = GREATEST(COALESCE(as_of, VALUES(as_of)), COALESCE(VALUES(as_of), as_of))",
        )
        .bind(stream)
        .bind(shard)
        .bind(sequence_number)
        .bind(as_of)
        .bind(as_of)
        .execute(self)
        .await?;
        Ok(())
    }

    async fn open_unknown(&mut self, stream: &str) -> Result<(), Error> {
        // Only written when it is not there: one row for all calls would make each wait for the others.
        let told = "SELECT 1 FROM checkpoints \
                    WHERE stream = ? AND shard = ? AND as_of IS NULL AND finished_at IS NULL";
        let told = sqlx::query(told).bind(stream).bind(LAMBDA_SHARD);
        if told.fetch_optional(&mut *self).await?.is_some() {
            return Ok(());
        }
        let tell = "INSERT INTO checkpoints (stream, shard) VALUES (?, ?) \
                    ON DUPLICATE KEY UPDATE as_of = NULL, finished_at = NULL";
        sqlx::query(tell).bind(stream).bind(LAMBDA_SHARD).execute(self).await?;
        Ok(())
    }
}
