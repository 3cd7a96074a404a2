//! Where the poller is in each shard, as the projection's database knows it.

use std::time::Duration;

use chrono::{DateTime, Utc};
use sqlx::mysql::MySqlRow;
use sqlx::{Connection, MySqlPool, Row};

use super::shards::{Known, Survey};
use crate::core::{LAMBDA_SHARD, lease};

/// Longest that one of these pieces of work may take: a few rows by their keys, which takes milliseconds. What takes
/// longer waits for a lock, or for a server that is gone.
const TIMEOUT: Duration = Duration::from_secs(3);

/// Of a shard, in the order that [`known`] expects.
const LIST: &str = "SELECT shard, sequence_number, as_of, finished_at, trimmed_at FROM checkpoints \
                    WHERE stream = ? AND shard <> ?";

#[derive(Debug)]
pub(super) struct Checkpoints {
    pool: MySqlPool,
    stream: String,
}

impl Checkpoints {
    pub(super) fn new(pool: MySqlPool, stream: &str) -> Self {
        Self { pool, stream: stream.to_owned() }
    }

    /// The last record of the shard whose rows are committed, and the rest that is known of it.
    pub(super) async fn read(&self, shard: &str) -> Result<Option<Known>, sqlx::Error> {
        Ok(self.list().await?.into_iter().find(|known| known.shard == shard))
    }

    /// Every shard of the stream that was ever seen.
    pub(super) async fn list(&self) -> Result<Vec<Known>, sqlx::Error> {
        lease::run(&self.pool, TIMEOUT, async |connection| {
            let list = sqlx::query(LIST).bind(&self.stream).bind(LAMBDA_SHARD);
            list.fetch_all(connection).await?.iter().map(known).collect()
        })
        .await
    }

    /// A table made anew has a new stream, and nothing more comes from the old; and where we read, no function does.
    /// Neither may hold back the time that answers are given as of.
    pub(super) async fn retire_others(&self) -> Result<(), sqlx::Error> {
        lease::run(&self.pool, TIMEOUT, async |connection| {
            let retire = "UPDATE checkpoints SET finished_at = UTC_TIMESTAMP(6) \
                          WHERE (stream <> ? OR shard = ?) AND finished_at IS NULL";
            let retire = sqlx::query(retire).bind(&self.stream).bind(LAMBDA_SHARD);
            retire.execute(connection).await.map(drop)
        })
        .await
    }

    /// Writes what a survey found, and that a shard ended, in one step: an end without the children, or a part of the
    /// new shards, would let a reader see a time that is ahead of what is applied.
    pub(super) async fn settle(&self, survey: &Survey, ended: Option<&str>) -> Result<(), sqlx::Error> {
        lease::run(&self.pool, TIMEOUT, async |connection| {
            let mut transaction = connection.begin().await?;
            for begin in &survey.begin {
                // What another poller wrote first, stays.
                let sql = "INSERT INTO checkpoints (stream, shard, as_of, trimmed_at) \
                           VALUES (?, ?, ?, IF(?, UTC_TIMESTAMP(6), NULL)) \
                           ON DUPLICATE KEY UPDATE shard = VALUES(shard)";
                let sql = sqlx::query(sql).bind(&self.stream).bind(&begin.shard);
                sql.bind(begin.as_of).bind(begin.orphan).execute(&mut *transaction).await?;
            }
            let finish =
                "UPDATE checkpoints SET finished_at = UTC_TIMESTAMP(6) WHERE stream = ? AND shard = ?";
            for shard in survey.gone.iter().map(String::as_str).chain(ended) {
                sqlx::query(finish).bind(&self.stream).bind(shard).execute(&mut *transaction).await?;
            }
            for shard in survey.gone.iter().chain(&survey.stale) {
                sqlx::query(LOSE).bind(&self.stream).bind(shard).execute(&mut *transaction).await?;
            }
            transaction.commit().await
        })
        .await
    }

    /// Everything of the shard from before then is applied.
    pub(super) async fn stamp(&self, shard: &str, as_of: DateTime<Utc>) -> Result<(), sqlx::Error> {
        lease::run(&self.pool, TIMEOUT, async |connection| {
            let stamp = "UPDATE checkpoints SET as_of = GREATEST(COALESCE(as_of, ?), ?) \
                         WHERE stream = ? AND shard = ?";
            let stamp = sqlx::query(stamp).bind(as_of).bind(as_of).bind(&self.stream).bind(shard);
            stamp.execute(connection).await.map(drop)
        })
        .await
    }

    /// Records of the shard are lost, and its place with them.
    pub(super) async fn lose(&self, shard: &str) -> Result<(), sqlx::Error> {
        lease::run(&self.pool, TIMEOUT, async |connection| {
            sqlx::query(LOSE).bind(&self.stream).bind(shard).execute(connection).await.map(drop)
        })
        .await
    }

    /// Whether anything is lost that nobody mended yet, of whatever stream.
    pub(super) async fn any_trimmed(&self) -> Result<bool, sqlx::Error> {
        lease::run(&self.pool, TIMEOUT, async |connection| {
            let any = sqlx::query("SELECT 1 FROM checkpoints WHERE trimmed_at IS NOT NULL LIMIT 1");
            Ok(any.fetch_optional(connection).await?.is_some())
        })
        .await
    }
}

const LOSE: &str = "UPDATE checkpoints SET trimmed_at = UTC_TIMESTAMP(6), sequence_number = NULL \
                    WHERE stream = ? AND shard = ?";

fn known(row: &MySqlRow) -> Result<Known, sqlx::Error> {
    Ok(Known {
        shard: row.try_get(0)?,
        sequence_number: row.try_get(1)?,
        as_of: row.try_get(2)?,
        finished: row.try_get::<Option<DateTime<Utc>>, _>(3)?.is_some(),
        trimmed: row.try_get::<Option<DateTime<Utc>>, _>(4)?.is_some(),
    })
}
