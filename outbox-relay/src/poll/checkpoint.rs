//! Where the poller is in each shard, as the projection's database knows it.

use chrono::{DateTime, Utc};
use sqlx::MySqlPool;

#[derive(Debug)]
pub(super) struct Checkpoints {
    pool: MySqlPool,
}

impl Checkpoints {
    pub(super) fn new(pool: MySqlPool) -> Self {
        Self { pool }
    }

    /// The last record of the shard whose rows are committed.
    pub(super) async fn read(&self, stream: &str, shard: &str) -> Result<Option<String>, sqlx::Error> {
        let row: Option<Option<String>> =
            sqlx::query_scalar("SELECT sequence_number FROM checkpoints WHERE stream = ? AND shard = ?")
                .bind(stream)
                .bind(shard)
                .fetch_optional(&self.pool)
                .await?;
        Ok(row.flatten())
    }

    /// Shards that were read to their end. A table made anew has a new stream, and nothing more comes from the old:
    /// its shards must not hold back the time that answers are given as of.
    pub(super) async fn retire_others_and_list_finished(
        &self,
        stream: &str,
    ) -> Result<Vec<String>, sqlx::Error> {
        sqlx::query(
            "UPDATE checkpoints SET finished_at = UTC_TIMESTAMP(6) WHERE stream <> ? AND finished_at IS NULL",
        )
        .bind(stream)
        .execute(&self.pool)
        .await?;
        sqlx::query_scalar("SELECT shard FROM checkpoints WHERE stream = ? AND finished_at IS NOT NULL")
            .bind(stream)
            .fetch_all(&self.pool)
            .await
    }

    pub(super) async fn finish(&self, stream: &str, shard: &str) -> Result<(), sqlx::Error> {
        let finish = "INSERT INTO checkpoints (stream, shard, finished_at) VALUES (?, ?, UTC_TIMESTAMP(6)) \
                      ON DUPLICATE KEY UPDATE finished_at = VALUES(finished_at)";
        sqlx::query(finish).bind(stream).bind(shard).execute(&self.pool).await.map(drop)
    }

    pub(super) async fn stamp(
        &self,
        stream: &str,
        shard: &str,
        as_of: DateTime<Utc>,
    ) -> Result<(), sqlx::Error> {
        let stamp = "INSERT INTO checkpoints (stream, shard, as_of) VALUES (?, ?, ?) \
                     ON DUPLICATE KEY UPDATE as_of = GREATEST(COALESCE(as_of, VALUES(as_of)), VALUES(as_of))";
        sqlx::query(stamp).bind(stream).bind(shard).bind(as_of).execute(&self.pool).await.map(drop)
    }

    pub(super) async fn mark_trimmed(&self, stream: &str, shard: &str) -> Result<(), sqlx::Error> {
        let mark = "INSERT INTO checkpoints (stream, shard, trimmed_at) VALUES (?, ?, UTC_TIMESTAMP(6)) \
                    ON DUPLICATE KEY UPDATE trimmed_at = VALUES(trimmed_at), sequence_number = NULL";
        sqlx::query(mark).bind(stream).bind(shard).execute(&self.pool).await.map(drop)
    }

    pub(super) async fn any_trimmed(&self, stream: &str) -> Result<bool, sqlx::Error> {
        let any = "SELECT 1 FROM checkpoints WHERE stream = ? AND trimmed_at IS NOT NULL LIMIT 1";
        let row: Option<i32> = sqlx::query_scalar(any).bind(stream).fetch_optional(&self.pool).await?;
        Ok(row.is_some())
    }
}
