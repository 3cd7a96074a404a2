//! How far the projection is, as its database tells: for people, for programs, and for the relay's own health.

use std::fmt::{self, Write as _};
use std::time::Duration;

use chrono::{DateTime, SecondsFormat, Utc};
use serde::Serialize;
use sqlx::{MySqlPool, Row};

use crate::core::lease;

/// Longest that reading may take: a few rows by their keys, and a count of what should be none, to a bound.
const TIMEOUT: Duration = Duration::from_secs(3);
/// Most shards that are told of. A stream has one for each thousand writes a second.
const MAX_SHARDS: u32 = 10_000;
/// What is open, or has lost something.
const SHARDS: &str = "SELECT stream, shard, sequence_number, event_at, applied_at, as_of, finished_at, trimmed_at \
     FROM checkpoints WHERE finished_at IS NULL OR trimmed_at IS NOT NULL ORDER BY stream, shard LIMIT ?";
/// Most records that are counted, of the quarantine and of what is undelivered: it is looked every two seconds, and beyond
/// this nobody needs the number.
const MAX_COUNTED: u32 = 10_000;
/// The oldest of what still can be redriven.
const QUARANTINED: &str = "SELECT COUNT(*), MIN(first_seen_at) FROM (SELECT first_seen_at FROM quarantine \
     WHERE emptied_at IS NULL ORDER BY first_seen_at LIMIT ?) AS oldest";

/// How far the projection is.
#[derive(Debug, Clone, Serialize)]
pub struct Status {
    /// When this was read.
    pub read_at: DateTime<Utc>,
    /// Every shard that is not read to its end, and those that lost records.
    pub shards: Vec<Shard>,
    /// Records in quarantine that are not emptied, at most 10,000.
    pub quarantined: u64,
    /// When the oldest of them was first seen.
    pub oldest_quarantined_at: Option<DateTime<Utc>>,
}

/// How far one shard is.
#[derive(Debug, Clone, Serialize)]
pub struct Shard {
    /// ARN of its stream.
    pub stream: String,
    /// Its id.
    pub shard: String,
    /// The last record whose rows are committed.
    pub sequence_number: Option<String>,
    /// When that record was made, to the second or so.
    pub event_at: Option<DateTime<Utc>>,
    /// When it was applied.
    pub applied_at: Option<DateTime<Utc>>,
    /// Everything of the shard from before then is applied.
    pub as_of: Option<DateTime<Utc>>,
    /// How far that is behind, in milliseconds; `None` when it is not known, or the shard is finished.
    pub lag_ms: Option<i64>,
    /// When it was read to its end.
    pub finished_at: Option<DateTime<Utc>>,
    /// When records of it were found to be lost.
    pub trimmed_at: Option<DateTime<Utc>>,
}

impl Status {
    /// Reads it.
    ///
    /// # Errors
    /// When the database does not answer in time, or has no schema.
    pub async fn read(pool: &MySqlPool) -> Result<Self, sqlx::Error> {
        lease::run(pool, TIMEOUT, async |connection| {
            let rows = sqlx::query(SHARDS).bind(MAX_SHARDS).fetch_all(&mut *connection).await?;
            let counted = sqlx::query(QUARANTINED).bind(MAX_COUNTED).fetch_one(connection).await?;
            let read_at = Utc::now();
            let shards = rows.iter().map(|row| Shard::of(row, read_at)).collect::<Result<_, _>>()?;
            let quarantined = u64::try_from(counted.try_get::<i64, _>(0)?).unwrap_or_default();
            Ok(Self { read_at, shards, quarantined, oldest_quarantined_at: counted.try_get(1)? })
        })
        .await
    }

    /// How many shards lost records that nobody mended yet.
    #[must_use]
    pub fn trimmed(&self) -> usize {
        self.shards.iter().filter(|shard| shard.trimmed_at.is_some()).count()
    }

    /// Everything from before then is in the projection or in quarantine; `None` while that is not known of some open
    /// shard, or records are lost.
    #[must_use]
    pub fn as_of(&self) -> Option<DateTime<Utc>> {
        if self.trimmed() > 0 {
            return None;
        }
        let open = self.shards.iter().filter(|shard| shard.finished_at.is_none());
        open.map(|shard| shard.as_of).min().flatten()
    }
}

impl Shard {
    fn of(row: &sqlx::mysql::MySqlRow, now: DateTime<Utc>) -> Result<Self, sqlx::Error> {
        let as_of: Option<DateTime<Utc>> = row.try_get("as_of")?;
        let finished_at = row.try_get::<Option<DateTime<Utc>>, _>("finished_at")?;
        let is_open = finished_at.is_none();
        Ok(Self {
            stream: row.try_get("stream")?,
            shard: row.try_get("shard")?,
            sequence_number: row.try_get("sequence_number")?,
            event_at: row.try_get("event_at")?,
            applied_at: row.try_get("applied_at")?,
            as_of,
            lag_ms: as_of.filter(|_| is_open).map(|as_of| (now - as_of).num_milliseconds()),
            finished_at,
            trimmed_at: row.try_get("trimmed_at")?,
        })
    }
}

/// For people.
impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.shards.is_empty() {
            writeln!(f, "no shard was seen yet")?;
        }
        for shard in &self.shards {
            let mut line = format!("{}\n", shard.shard);
            let lag = shard.lag_ms.map(|ms| format!("{:.1} s", ms as f64 / 1000.0));
            for (name, value) in [
                ("sequence number", shard.sequence_number.clone()),
                ("event time", shard.event_at.map(time)),
                ("applied time", shard.applied_at.map(time)),
                ("lag", lag),
                ("finished", shard.finished_at.map(time)),
                ("RECORDS LOST", shard.trimmed_at.map(time)),
            ] {
                if let Some(value) = value {
                    writeln!(line, "  {name:<16} {value}")?;
                }
            }
            f.write_str(&line)?;
        }
        let oldest = self.oldest_quarantined_at.map(|at| format!(", the oldest since {}", time(at)));
        writeln!(f, "{} in quarantine{}", self.quarantined, oldest.unwrap_or_default())
    }
}

fn time(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}
