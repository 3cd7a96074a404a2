//! What a target was told, and what was put aside, in MySQL.

use std::time::Duration;

use chrono::{DateTime, Utc};
use contracts::json::CloudEvent;
use sqlx::mysql::MySqlRow;
use sqlx::{MySqlConnection, Row};

use super::target::Name;
use crate::core::Record;
use crate::core::database::{Database, Error, Mysql};
use crate::poll::checkpoint::REMEMBERED_DAYS;
use crate::poll::leader::Led;
use crate::poll::shards::{Known, Survey};

/// Longest that one of these pieces of work may take: a few rows by their keys. What takes longer waits for a server
/// that is gone.
const TIMEOUT: Duration = Duration::from_secs(3);
/// Most that is put aside for one target. Whoever refuses so much refuses everything, and then it is better to wait.
const MAX_UNDELIVERED: i64 = 1000;
/// Longest reason that is kept, in characters: what its column holds.
const MAX_REASON_CHARS: usize = 1000;

const LOSE: &str = "UPDATE publications SET trimmed_at = UTC_TIMESTAMP(6), sequence_number = NULL \
                    WHERE target = ? AND stream = ? AND shard = ?";

/// What is kept for one target, of one stream.
#[derive(Debug, Clone)]
pub(super) struct Ledger {
    database: Led<Mysql>,
    target: String,
    stream: String,
}

/// What goes to nobody: an event, or a row that is none.
#[derive(Debug, Clone, Copy)]
pub(super) enum Undelivered<'e> {
    Event(&'e CloudEvent),
    Record,
}

impl Ledger {
    pub(super) fn new(database: Led<Mysql>, target: &Name, stream: &str) -> Self {
        Self { database, target: target.as_str().to_owned(), stream: stream.to_owned() }
    }

    async fn run<T>(
        &self,
        work: impl AsyncFnOnce(&mut MySqlConnection) -> Result<T, Error>,
    ) -> Result<T, Error> {
        self.database.transact(TIMEOUT, work).await
    }

    /// Every shard of the stream that was ever seen.
    pub(super) async fn list(&self) -> Result<Vec<Known>, Error> {
        self.run(async |connection| {
            let list = sqlx::query(
                "SELECT shard, sequence_number, as_of, finished_at, trimmed_at FROM publications \
                 WHERE target = ? AND stream = ?",
            );
            let list = list.bind(&self.target).bind(&self.stream);
            Ok(list.fetch_all(connection).await?.iter().map(known).collect::<Result<_, _>>()?)
        })
        .await
    }

    /// Ends the shards of every other stream, whose rest is lost, and forgets those that ended long ago.
    pub(super) async fn retire_others(&self) -> Result<u64, Error> {
        self.run(async |connection| {
            let forget = "DELETE FROM publications WHERE target = ? AND trimmed_at IS NULL \
                          AND finished_at < UTC_TIMESTAMP(6) - INTERVAL ? DAY";
            let forget = sqlx::query(forget).bind(&self.target).bind(REMEMBERED_DAYS);
            forget.execute(&mut *connection).await?;
            let retire = "UPDATE publications SET finished_at = UTC_TIMESTAMP(6), trimmed_at = UTC_TIMESTAMP(6) \
                          WHERE target = ? AND stream <> ? AND finished_at IS NULL";
            let retire = sqlx::query(retire).bind(&self.target).bind(&self.stream);
            Ok(retire.execute(connection).await?.rows_affected())
        })
        .await
    }

    /// Writes what a survey found, and which shards ended, in one step.
    pub(super) async fn settle(&self, survey: &Survey, ended: &[String]) -> Result<(), Error> {
        self.run(async |connection| {
            for begin in &survey.begin {
                let sql = sqlx::query(
                    "INSERT INTO publications (target, stream, shard, as_of, trimmed_at) \
                     VALUES (?, ?, ?, ?, IF(?, UTC_TIMESTAMP(6), NULL)) \
                     ON DUPLICATE KEY UPDATE shard = VALUES(shard)",
                );
                let sql = sql.bind(&self.target).bind(&self.stream).bind(&begin.shard);
                sql.bind(begin.as_of).bind(begin.orphan).execute(&mut *connection).await?;
            }
            let finish = "UPDATE publications SET finished_at = UTC_TIMESTAMP(6) \
                          WHERE target = ? AND stream = ? AND shard = ?";
            for shard in survey.gone.iter().chain(ended) {
                let sql = sqlx::query(finish).bind(&self.target).bind(&self.stream).bind(shard);
                sql.execute(&mut *connection).await?;
            }
            for shard in survey.gone.iter().chain(&survey.stale) {
                let sql = sqlx::query(LOSE).bind(&self.target).bind(&self.stream).bind(shard);
                sql.execute(&mut *connection).await?;
            }
            Ok(())
        })
        .await
    }

    /// The target has everything of the shard up to this record.
    pub(super) async fn advance(&self, shard: &str, last: &Record) -> Result<(), Error> {
        self.run(async |connection| {
            let sql = sqlx::query(
                "INSERT INTO publications (target, stream, shard, sequence_number, as_of) VALUES (?, ?, ?, ?, ?) \
                 ON DUPLICATE KEY UPDATE sequence_number = VALUES(sequence_number), \
                 as_of = GREATEST(COALESCE(as_of, VALUES(as_of)), COALESCE(VALUES(as_of), as_of))",
            );
            let sql = sql.bind(&self.target).bind(&self.stream).bind(shard).bind(&last.sequence_number);
            sql.bind(last.created_at).execute(connection).await?;
            Ok(())
        })
        .await
    }

    /// The target has everything of the shard from before then.
    pub(super) async fn stamp(&self, shard: &str, as_of: DateTime<Utc>) -> Result<(), Error> {
        self.run(async |connection| {
            let sql = sqlx::query(
                "UPDATE publications SET as_of = GREATEST(COALESCE(as_of, ?), ?) \
                 WHERE target = ? AND stream = ? AND shard = ?",
            );
            let sql = sql.bind(as_of).bind(as_of).bind(&self.target).bind(&self.stream).bind(shard);
            sql.execute(connection).await?;
            Ok(())
        })
        .await
    }

    /// Records of the shard are lost, and its place with them.
    pub(super) async fn lose(&self, shard: &str) -> Result<(), Error> {
        self.run(async |connection| {
            let sql = sqlx::query(LOSE).bind(&self.target).bind(&self.stream).bind(shard);
            sql.execute(connection).await?;
            Ok(())
        })
        .await
    }

    /// Whether anything is lost for this target that nobody mended yet.
    pub(super) async fn any_trimmed(&self) -> Result<bool, Error> {
        self.run(async |connection| any_trimmed(connection, &self.target).await).await
    }

    /// Keeps a record aside, unless there are too many already; whether it did. Seen again, it stays as it was.
    pub(super) async fn put_aside(
        &self,
        record: &Record,
        what: Undelivered<'_>,
        reason: &str,
    ) -> Result<bool, Error> {
        let encode = |error: serde_json::Error| Error::Mysql(sqlx::Error::Encode(error.into()));
        let (event, row) = match what {
            Undelivered::Event(event) => (Some(serde_json::to_string(event).map_err(encode)?), None),
            Undelivered::Record => (None, Some(record.change.kept())),
        };
        let reason: String = reason.chars().take(MAX_REASON_CHARS).collect();
        self.run(async |connection| {
            let count = sqlx::query_scalar("SELECT COUNT(*) FROM undelivered WHERE target = ?");
            let count: i64 = count.bind(&self.target).fetch_one(&mut *connection).await?;
            if count >= MAX_UNDELIVERED {
                return Ok(false);
            }
            let sql = sqlx::query(
                "INSERT INTO undelivered \
                 (target, stream, digest, sequence_number, reason, event, record, put_aside_at) \
                 VALUES (?, ?, ?, ?, ?, ?, ?, UTC_TIMESTAMP(6)) ON DUPLICATE KEY UPDATE target = target",
            );
            let sql = sql.bind(&self.target).bind(&self.stream).bind(&record.id);
            let sql = sql.bind(record.sequence_number.as_deref().unwrap_or_default());
            sql.bind(reason).bind(event).bind(row).execute(connection).await?;
            Ok(true)
        })
        .await
    }
}

/// Whether anything is lost for a target that nobody mended yet.
pub(super) async fn any_trimmed(connection: &mut MySqlConnection, target: &str) -> Result<bool, Error> {
    let sql = "SELECT 1 FROM publications WHERE target = ? AND trimmed_at IS NOT NULL LIMIT 1";
    Ok(sqlx::query(sql).bind(target).fetch_optional(connection).await?.is_some())
}

fn known(row: &MySqlRow) -> Result<Known, sqlx::Error> {
    Ok(Known {
        shard: row.try_get(0)?,
        sequence_number: row.try_get(1)?,
        as_of: row.try_get(2)?,
        finished: row.try_get::<Option<DateTime<Utc>>, _>(3)?.is_some(),
        trimmed: row.try_get::<Option<DateTime<Utc>>, _>(4)?.is_some(),
    })
}

#[cfg(test)]
mod tests;
