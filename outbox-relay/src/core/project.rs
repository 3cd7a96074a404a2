//! Applying batches: one transaction each, the progress in it.

use std::time::Duration;

use chrono::{DateTime, Utc};
use sqlx::{Connection, MySqlConnection, MySqlPool};

use super::rows::upsert;
use super::{Edition, Plan, Record, lease};

/// Longest that one transaction may take: the largest batch takes a tenth, and a server that is slower is not well.
const TRANSACTION_TIMEOUT: Duration = Duration::from_secs(10);

/// What stands for all shards of a stream whose place somebody else keeps. No shard is called so (they are `shardId-…`).
pub(crate) const LAMBDA_SHARD: &str = "lambda";

/// Records of one stream, in the order of their shard.
#[derive(Debug, Clone, Copy)]
pub struct Batch<'r> {
    /// ARN of the stream.
    pub stream: &'r str,
    /// The records.
    pub records: &'r [Record],
    /// How far the batch brings the projection.
    pub progress: Progress<'r>,
}

/// How far the projection comes with a batch.
#[derive(Debug, Clone, Copy)]
pub enum Progress<'r> {
    /// We keep the place in the shard ourselves: it is written with the rows.
    Shard(&'r str),
    /// Whoever calls keeps the place, and does not tell of which shard a batch is: readers see that the time up to which
    /// all is applied is not known.
    Caller,
}

/// Why a batch, or its end, was not applied.
#[derive(Debug, thiserror::Error)]
#[error("record {from} of the batch and what follows were not applied")]
pub struct Unapplied {
    /// Index of the first record that was not applied; all before it were.
    pub from: usize,
    /// What the database said.
    pub source: Error,
}

/// What the database said.
#[derive(Debug, thiserror::Error)]
#[error("MySQL did not do as asked")]
pub struct Error(#[from] sqlx::Error);

impl Error {
    /// Whether a value is what the database refuses (SQLSTATE class 22): trying again would change nothing.
    fn is_of_data(&self) -> bool {
        let code = self.0.as_database_error().and_then(sqlx::error::DatabaseError::code);
        code.is_some_and(|code| code.starts_with("22"))
    }
}

/// Writes the projection.
#[derive(Debug, Clone)]
pub struct Projector {
    pool: MySqlPool,
}

impl Projector {
    /// A projector into this database.
    #[must_use]
    pub fn new(pool: MySqlPool) -> Self {
        Self { pool }
    }

    /// Applies a batch in one transaction. When the database refuses a value, the batch is halved until the record
    /// stands alone, and that one goes to quarantine: it must neither block the others nor be lost.
    ///
    /// # Errors
    /// When the database does not do it; nothing from [`Unapplied::from`] on was applied.
    pub async fn project(&self, batch: Batch<'_>) -> Result<(), Unapplied> {
        let mut parts = vec![(0, batch.records)];
        while let Some((from, records)) = parts.pop() {
            let part = Batch { records, ..batch };
            let Err(error) = self.transact(&Plan::of(&part), &part).await else { continue };
            match records {
                [record] if error.is_of_data() => {
                    let reason = format!("the database refuses a value: {}", error.0);
                    let aside = Plan::aside(record, reason);
                    self.transact(&aside, &part).await.map_err(|source| Unapplied { from, source })?;
                }
                [_, _, ..] if error.is_of_data() => {
                    let (first, second) = records.split_at(records.len() / 2);
                    parts.extend([(from + first.len(), second), (from, first)]);
                }
                _ => return Err(Unapplied { from, source: error }),
            }
        }
        Ok(())
    }

    /// One transaction.
    async fn transact(&self, plan: &Plan, batch: &Batch<'_>) -> Result<(), Error> {
        let apply = async |connection: &mut MySqlConnection| apply(connection, plan, batch).await;
        Ok(lease::run(&self.pool, TRANSACTION_TIMEOUT, apply).await?)
    }
}

async fn apply(connection: &mut MySqlConnection, plan: &Plan, batch: &Batch<'_>) -> Result<(), sqlx::Error> {
    let mut transaction = connection.begin().await?;
    let editions = Edition::under_way(&mut transaction).await?;
    for edition in editions {
        plan.write(&mut transaction, *edition).await?;
    }
    upsert(&mut transaction, Edition::Live, plan.history.values()).await?;
    quarantine(&mut transaction, plan, batch.stream).await?;
    match batch.progress {
        Progress::Shard(shard) => advance(&mut transaction, batch, shard).await?,
        Progress::Caller => open_unknown(&mut transaction, batch).await?,
    }
    transaction.commit().await
}

async fn quarantine(connection: &mut MySqlConnection, plan: &Plan, stream: &str) -> Result<(), sqlx::Error> {
    for (sequence_number, quarantined) in &plan.quarantine {
        tracing::error!(stream.sequence_number = sequence_number, reason = quarantined.reason, "quarantined");
        // Seen again, it keeps the time at which it was first seen.
        sqlx::query(
            "INSERT INTO quarantine (stream, sequence_number, reason, record, first_seen_at) \
             VALUES (?, ?, ?, ?, UTC_TIMESTAMP(6)) ON DUPLICATE KEY UPDATE stream = stream",
        )
        .bind(stream)
        .bind(sequence_number)
        .bind(&quarantined.reason)
        .bind(&quarantined.record)
        .execute(&mut *connection)
        .await?;
    }
    Ok(())
}

/// The place in the shard, and the time of its last record: the shard is in order, so what comes after was made no
/// earlier (the stream gives the time rounded down to a second).
async fn advance(
    connection: &mut MySqlConnection,
    batch: &Batch<'_>,
    shard: &str,
) -> Result<(), sqlx::Error> {
    let Some(last) = batch.records.last() else { return Ok(()) };
    let as_of: Option<DateTime<Utc>> = last.created_at;
    sqlx::query(
        "INSERT INTO checkpoints (stream, shard, sequence_number, as_of) VALUES (?, ?, ?, ?) \
         ON DUPLICATE KEY UPDATE sequence_number = VALUES(sequence_number), \
         as_of = GREATEST(COALESCE(as_of, VALUES(as_of)), COALESCE(VALUES(as_of), as_of))",
    )
    .bind(batch.stream)
    .bind(shard)
    .bind(&last.sequence_number)
    .bind(as_of)
    .execute(connection)
    .await?;
    Ok(())
}

/// An open source of which no time is known. A function is called for each shard by itself, with records that do not
/// name theirs; the time of one shard's newest record says nothing of the others, and nobody calls for a shard that is
/// behind or quiet. It is only written when it is not there: one row for all calls would make each wait for the others.
async fn open_unknown(connection: &mut MySqlConnection, batch: &Batch<'_>) -> Result<(), sqlx::Error> {
    if batch.records.is_empty() {
        return Ok(());
    }
    let told =
        "SELECT 1 FROM checkpoints WHERE stream = ? AND shard = ? AND as_of IS NULL AND finished_at IS NULL";
    let told = sqlx::query(told).bind(batch.stream).bind(LAMBDA_SHARD);
    if told.fetch_optional(&mut *connection).await?.is_some() {
        return Ok(());
    }
    let tell = "INSERT INTO checkpoints (stream, shard) VALUES (?, ?) \
                ON DUPLICATE KEY UPDATE as_of = NULL, finished_at = NULL";
    sqlx::query(tell).bind(batch.stream).bind(LAMBDA_SHARD).execute(connection).await.map(drop)
}
