//! Where the poller is in each shard, as the projection's database knows it.

use std::time::Duration;

use chrono::{DateTime, Utc};
use sqlx::mysql::MySqlRow;
use sqlx::{MySqlConnection, Row};

use super::poller::{Sink, Taken};
use super::shards::{Begin, Known, Survey};
use crate::core::database::{Database, Error, Projection};
use crate::core::{Batch, LAMBDA_SHARD, Progress, Record, project};

/// Longest that one of these pieces of work may take: a few rows by their keys, which takes milliseconds. What takes
/// longer waits for a lock, or for a server that is gone.
const TIMEOUT: Duration = Duration::from_secs(3);
/// Days for which an ended shard is remembered: the stream lists it, and children that name it as their parent, for one
/// day.
pub(crate) const REMEMBERED_DAYS: u32 = 7;

/// The steps that checkpoints take, besides the one that is taken with a batch.
pub(crate) trait Places {
    /// Every shard of the stream that was ever seen.
    async fn list(&mut self, stream: &str) -> Result<Vec<Known>, Error>;

    /// Ends every source but the shards of this stream; how many shards of other streams were not read to their end, which
    /// is lost.
    async fn retire_others(&mut self, stream: &str) -> Result<u64, Error>;

    /// Forgets shards that ended long ago, all of which was read.
    async fn forget_ended(&mut self) -> Result<(), Error>;

    /// A shard is there. What is known of it already, stays.
    async fn begin(&mut self, stream: &str, begin: &Begin) -> Result<(), Error>;

    /// Nothing more is read of the shard.
    async fn finish(&mut self, stream: &str, shard: &str) -> Result<(), Error>;

    /// Records of the shard are lost, and its place with them.
    async fn lose(&mut self, stream: &str, shard: &str) -> Result<(), Error>;

    /// Everything of the shard from before then is applied.
    async fn stamp(&mut self, stream: &str, shard: &str, as_of: DateTime<Utc>) -> Result<(), Error>;

    /// Whether anything is lost that nobody mended yet, of whatever stream.
    async fn any_trimmed(&mut self) -> Result<bool, Error>;
}

/// The projection as the sink of one stream.
#[derive(Debug)]
pub(super) struct Checkpoints<D> {
    database: D,
    stream: String,
}

impl<D: Database<Connection: Projection + Places>> Checkpoints<D> {
    pub(super) fn new(database: D, stream: &str) -> Self {
        Self { database, stream: stream.to_owned() }
    }

    async fn step<T>(
        &self,
        work: impl AsyncFnOnce(&mut D::Connection) -> Result<T, Error>,
    ) -> Result<T, Error> {
        self.database.transact(TIMEOUT, work).await
    }
}

impl<D: Database<Connection: Projection + Places>> Sink for Checkpoints<D> {
    async fn list(&self) -> Result<Vec<Known>, Error> {
        self.step(async |places| places.list(&self.stream).await).await
    }

    /// A table made anew, or a stream turned off and on, is a new stream: nothing more comes from the old, and what was not
    /// read of it is lost. And where we read, no function does: that must not hold back the time that answers are given as
    /// of.
    async fn retire_others(&self) -> Result<u64, Error> {
        self.step(async |places| {
            places.forget_ended().await?;
            places.retire_others(&self.stream).await
        })
        .await
    }

    async fn settle(&self, survey: &Survey, ended: &[String]) -> Result<(), Error> {
        self.step(async |places| {
            for begin in &survey.begin {
                places.begin(&self.stream, begin).await?;
            }
            for shard in survey.gone.iter().chain(ended) {
                places.finish(&self.stream, shard).await?;
            }
            for shard in survey.gone.iter().chain(&survey.stale) {
                places.lose(&self.stream, shard).await?;
            }
            Ok(())
        })
        .await
    }

    async fn stamp(&self, shard: &str, as_of: DateTime<Utc>) -> Result<(), Error> {
        self.step(async |places| places.stamp(&self.stream, shard, as_of).await).await
    }

    async fn lose(&self, shard: &str) -> Result<(), Error> {
        self.step(async |places| places.lose(&self.stream, shard).await).await
    }

    /// Of whatever stream.
    async fn any_trimmed(&self) -> Result<bool, Error> {
        self.step(async |places| places.any_trimmed().await).await
    }

    /// Applies them, in one transaction with the place.
    async fn take(&self, shard: &str, records: Vec<Record>) -> Result<Taken, super::Error> {
        let batch = Batch { stream: &self.stream, records: &records, progress: Progress::Shard(shard) };
        project(&self.database, batch).await?;
        Ok(Taken::All)
    }
}

/// Of a shard, in the order that [`known`] expects.
const LIST: &str = "SELECT shard, sequence_number, as_of, finished_at, trimmed_at FROM checkpoints \
                    WHERE stream = ? AND shard <> ?";

impl Places for MySqlConnection {
    async fn list(&mut self, stream: &str) -> Result<Vec<Known>, Error> {
        let rows = sqlx::query(LIST).bind(stream).bind(LAMBDA_SHARD).fetch_all(self).await?;
        Ok(rows.iter().map(known).collect::<Result<_, _>>()?)
    }

    async fn retire_others(&mut self, stream: &str) -> Result<u64, Error> {
        let functions =
            "UPDATE checkpoints SET finished_at = UTC_TIMESTAMP(6) WHERE shard = ? AND finished_at IS NULL";
        sqlx::query(functions).bind(LAMBDA_SHARD).execute(&mut *self).await?;
        let retire = "UPDATE checkpoints SET finished_at = UTC_TIMESTAMP(6), trimmed_at = UTC_TIMESTAMP(6) \
                      WHERE stream <> ? AND finished_at IS NULL";
        Ok(sqlx::query(retire).bind(stream).execute(self).await?.rows_affected())
    }

    async fn forget_ended(&mut self) -> Result<(), Error> {
        let forget = "DELETE FROM checkpoints WHERE trimmed_at IS NULL \
                      AND finished_at < UTC_TIMESTAMP(6) - INTERVAL ? DAY";
        sqlx::query(forget).bind(REMEMBERED_DAYS).execute(self).await?;
        Ok(())
    }

    async fn begin(&mut self, stream: &str, begin: &Begin) -> Result<(), Error> {
        let sql = "INSERT INTO checkpoints (stream, shard, as_of, trimmed_at) \
                   VALUES (?, ?, ?, IF(?, UTC_TIMESTAMP(6), NULL)) \
                   ON DUPLICATE KEY UPDATE shard = VALUES(shard)";
        let sql = sqlx::query(sql).bind(stream).bind(&begin.shard).bind(begin.as_of).bind(begin.orphan);
        sql.execute(self).await?;
        Ok(())
    }

    async fn finish(&mut self, stream: &str, shard: &str) -> Result<(), Error> {
        let finish = "UPDATE checkpoints SET finished_at = UTC_TIMESTAMP(6) WHERE stream = ? AND shard = ?";
        sqlx::query(finish).bind(stream).bind(shard).execute(self).await?;
        Ok(())
    }

    async fn lose(&mut self, stream: &str, shard: &str) -> Result<(), Error> {
        let lose = "UPDATE checkpoints SET trimmed_at = UTC_TIMESTAMP(6), sequence_number = NULL \
                    WHERE stream = ? AND shard = ?";
        sqlx::query(lose).bind(stream).bind(shard).execute(self).await?;
        Ok(())
    }

    async fn stamp(&mut self, stream: &str, shard: &str, as_of: DateTime<Utc>) -> Result<(), Error> {
        let stamp = "UPDATE checkpoints SET as_of = GREATEST(COALESCE(as_of, ?), ?) \
                     WHERE stream = ? AND shard = ?";
        sqlx::query(stamp).bind(as_of).bind(as_of).bind(stream).bind(shard).execute(self).await?;
        Ok(())
    }

    async fn any_trimmed(&mut self) -> Result<bool, Error> {
        let any = sqlx::query("SELECT 1 FROM checkpoints WHERE trimmed_at IS NOT NULL LIMIT 1");
        Ok(any.fetch_optional(self).await?.is_some())
    }
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
