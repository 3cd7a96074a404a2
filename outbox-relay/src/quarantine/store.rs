//! The quarantine's table.

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;
use sqlx::mysql::MySqlRow;
use sqlx::{Connection, MySqlPool, QueryBuilder, Row};

use super::Filter;
use crate::core::lease;

/// Longest that one statement here may take: it reads at most a page, or walks the table once.
pub(super) const TIMEOUT: Duration = Duration::from_secs(10);
/// Records that one statement empties: each may have 400 KB.
const PURGE_RECORDS: u32 = 100;

/// A quarantined record.
#[derive(Debug, Serialize)]
pub(super) struct Entry {
    pub id: u64,
    pub stream: String,
    pub sequence_number: String,
    pub reason: String,
    pub first_seen_at: DateTime<Utc>,
    /// When its content was taken away: it can no more be redriven.
    pub emptied_at: Option<DateTime<Utc>>,
    /// What was kept of it; not in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub record: Option<Value>,
}

const QUARANTINED: &str = "UPDATE quarantine \
    SET record = '', reason = SUBSTRING_INDEX(reason, ': ', 1), emptied_at = UTC_TIMESTAMP(6) \
    WHERE emptied_at IS NULL AND first_seen_at < UTC_TIMESTAMP(6) - INTERVAL ? DAY LIMIT ?";
/// What is no event, the quarantine has as well, and says so longer.
const UNDELIVERED: &str = "DELETE FROM undelivered \
    WHERE record IS NOT NULL AND put_aside_at < UTC_TIMESTAMP(6) - INTERVAL ? DAY LIMIT ?";

#[derive(Debug)]
pub(super) struct Store {
    pub pool: MySqlPool,
}

impl Store {
    pub(super) fn new(pool: MySqlPool) -> Self {
        Self { pool }
    }

    /// Records after an id, the first put aside first.
    pub(super) async fn page(
        &self,
        filter: &Filter,
        after: u64,
        limit: u32,
    ) -> Result<Vec<Entry>, sqlx::Error> {
        lease::run(&self.pool, TIMEOUT, async |connection| {
            let mut query = QueryBuilder::new(
                "SELECT id, stream, sequence_number, reason, first_seen_at, emptied_at FROM quarantine WHERE id > ",
            );
            query.push_bind(after);
            if filter.full {
                query.push(" AND emptied_at IS NULL");
            }
            if let Some(stream) = &filter.stream {
                query.push(" AND stream = ").push_bind(stream.as_str());
            }
            if let Some(reason) = &filter.reason {
                query.push(" AND LOCATE(").push_bind(reason.as_str()).push(", reason) > 0");
            }
            query.push(" ORDER BY id LIMIT ").push_bind(limit);
            query.build().fetch_all(connection).await?.iter().map(entry).collect()
        })
        .await
    }

    /// One record, whole.
    pub(super) async fn entry(&self, id: u64) -> Result<Option<Entry>, sqlx::Error> {
        lease::run(&self.pool, TIMEOUT, async |connection| {
            let select = "SELECT id, stream, sequence_number, reason, first_seen_at, emptied_at, record \
                          FROM quarantine WHERE id = ?";
            let Some(row) = sqlx::query(select).bind(id).fetch_optional(connection).await? else {
                return Ok(None);
            };
            let kept: String = row.try_get("record")?;
            let record = serde_json::from_str(&kept).unwrap_or(Value::String(kept));
            Ok(Some(Entry { record: Some(record), ..entry(&row)? }))
        })
        .await
    }

    /// Takes a record out, and returns what it was, but for its content.
    pub(super) async fn discard(&self, id: u64) -> Result<Option<Entry>, sqlx::Error> {
        lease::run(&self.pool, TIMEOUT, async |connection| {
            let mut transaction = connection.begin().await?;
            let select = "SELECT id, stream, sequence_number, reason, first_seen_at, emptied_at \
                          FROM quarantine WHERE id = ? FOR UPDATE";
            let Some(row) = sqlx::query(select).bind(id).fetch_optional(&mut *transaction).await? else {
                return Ok(None);
            };
            sqlx::query("DELETE FROM quarantine WHERE id = ?").bind(id).execute(&mut *transaction).await?;
            transaction.commit().await?;
            entry(&row).map(Some)
        })
        .await
    }

    /// Empties records that were put aside so many days ago, and of their reasons what may quote them; and removes those
    /// that a publisher put aside. How many.
    pub(super) async fn purge(&self, days: i64) -> Result<u64, sqlx::Error> {
        Ok(self.empty(QUARANTINED, days).await? + self.empty(UNDELIVERED, days).await?)
    }

    async fn empty(&self, purge: &'static str, days: i64) -> Result<u64, sqlx::Error> {
        let mut purged = 0;
        loop {
            let some = lease::run(&self.pool, TIMEOUT, async |connection| {
                sqlx::query(purge).bind(days).bind(PURGE_RECORDS).execute(connection).await
            });
            match some.await?.rows_affected() {
                0 => return Ok(purged),
                some => purged += some,
            }
        }
    }
}

fn entry(row: &MySqlRow) -> Result<Entry, sqlx::Error> {
    Ok(Entry {
        id: row.try_get("id")?,
        stream: row.try_get("stream")?,
        sequence_number: row.try_get("sequence_number")?,
        reason: row.try_get("reason")?,
        first_seen_at: row.try_get("first_seen_at")?,
        emptied_at: row.try_get("emptied_at")?,
        record: None,
    })
}
