//! Applying batches: one transaction each, the progress in it.

use std::time::Duration;

use chrono::{DateTime, Utc};
use sqlx::MySqlPool;

use super::database::{Database, Error, Mysql, Projection};
use super::plan::Quarantined;
use super::{Edition, Plan, Record};
use crate::metrics;

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

/// Writes the projection.
#[derive(Debug, Clone)]
pub struct Projector {
    database: Mysql,
}

impl Projector {
    /// A projector into this database.
    #[must_use]
    pub fn new(pool: MySqlPool) -> Self {
        Self { database: Mysql::new(pool) }
    }

    /// Applies a batch.
    ///
    /// # Errors
    /// When the database does not do it; nothing from [`Unapplied::from`] on was applied.
    pub async fn project(&self, batch: Batch<'_>) -> Result<(), Unapplied> {
        project(&self.database, batch).await
    }
}

/// Applies a batch in one transaction. When the database refuses a value, the batch is halved until the record stands
/// alone, and that one goes to quarantine: it must neither block the others nor be lost.
pub(crate) async fn project<D>(database: &D, batch: Batch<'_>) -> Result<(), Unapplied>
where
    D: Database<Connection: Projection>,
{
    let mut parts = vec![(0, batch.records)];
    while let Some((from, records)) = parts.pop() {
        let part = Batch { records, ..batch };
        let Err(error) = transact(database, &Plan::of(&part), &part).await else { continue };
        match records {
            [record] if error.is_of_data() => {
                let aside = Plan::aside(record, format!("the database refuses a value: {}", error.refusal()));
                transact(database, &aside, &part).await.map_err(|source| Unapplied { from, source })?;
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

/// One transaction: the rows, what was put aside, and how far that brings the projection.
async fn transact<D>(database: &D, plan: &Plan, batch: &Batch<'_>) -> Result<(), Error>
where
    D: Database<Connection: Projection>,
{
    for Quarantined { sequence_number, reason, .. } in plan.quarantine.values() {
        tracing::error!(stream.sequence_number = sequence_number, reason, "quarantined");
    }
    let apply = async |steps: &mut D::Connection| {
        write(steps, plan, batch.stream).await?;
        if batch.records.is_empty() {
            return Ok(());
        }
        match batch.progress {
            // The shard is in order, so what comes after its last record was made no earlier (the stream gives the time
            // rounded down to a second).
            Progress::Shard(shard) => match last_place(batch.records) {
                Some((place, at)) => steps.advance(batch.stream, shard, place, at).await,
                None => Ok(()),
            },
            // A function is called for each shard by itself, with records that do not name theirs; the time of one
            // shard's newest record says nothing of the others, and nobody calls for one that is behind or quiet.
            Progress::Caller => steps.open_unknown(batch.stream).await,
        }
    };
    database.transact(TRANSACTION_TIMEOUT, apply).await?;
    metrics::committed(batch.records.len(), plan.history.len(), plan.quarantine.len());
    // By these, the way of one command goes on from the command API's log to here, and to the rows of `history`.
    tracing::info!(batch.records = batch.records.len(), trace.ids = %plan.traces(), "applied");
    Ok(())
}

/// The last place that records tell, and when what has it was made. What follows and has none is read again, and put aside
/// as what it was.
fn last_place(records: &[Record]) -> Option<(&str, Option<DateTime<Utc>>)> {
    records.iter().rev().find_map(|record| Some((record.sequence_number.as_deref()?, record.created_at)))
}

/// Everything that a plan says, in the caller's transaction: the rows of state into every edition of the projection. There
/// is one history for all of them, as it is of events.
pub(crate) async fn write(steps: &mut impl Projection, plan: &Plan, stream: &str) -> Result<(), Error> {
    for edition in steps.editions().await? {
        steps.upsert(*edition, &plan.stores).await?;
        steps.upsert(*edition, &plan.products).await?;
        steps.upsert(*edition, &plan.skus).await?;
        steps.upsert(*edition, &plan.terms).await?;
        steps.upsert(*edition, &plan.stocks).await?;
        steps.upsert(*edition, &plan.reservations).await?;
        steps.upsert(*edition, &plan.lines).await?;
    }
    steps.upsert(Edition::Live, &plan.history).await?;
    steps.forget(&plan.reservations).await?;
    steps.put_aside(stream, &plan.quarantine).await?;
    steps.announce(&plan.stocks).await
}
