//! How far the projection and those who are told are, as its database tells: for people, for programs, and for the relay's own health.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use chrono::{DateTime, SecondsFormat, Utc};
use serde::Serialize;
use sqlx::mysql::MySqlRow;
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

/// The same of what others were told.
const PUBLICATIONS: &str = "SELECT target, stream, shard, sequence_number, CAST(NULL AS DATETIME) AS event_at, \
     CAST(NULL AS DATETIME) AS applied_at, as_of, finished_at, trimmed_at FROM publications \
     WHERE finished_at IS NULL OR trimmed_at IS NOT NULL ORDER BY target, stream, shard LIMIT ?";
/// Each target has at most 1,000.
const UNDELIVERED: &str = "SELECT target, COUNT(*) FROM undelivered GROUP BY target";

/// How far the projection is, and others are told.
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
    /// Each target that was ever published to.
    pub publications: Vec<Publication>,
}

/// How far one target was told.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Publication {
    /// Its name.
    pub target: String,
    /// Every shard of which it was not told to the end, and those that lost records.
    pub shards: Vec<Shard>,
    /// Events that it was not told, and that were put aside.
    pub undelivered: u64,
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
            let counted = sqlx::query(QUARANTINED).bind(MAX_COUNTED).fetch_one(&mut *connection).await?;
            let told = sqlx::query(PUBLICATIONS).bind(MAX_SHARDS).fetch_all(&mut *connection).await?;
            let undelivered = sqlx::query(UNDELIVERED).fetch_all(connection).await?;
            let read_at = Utc::now();
            let shards = rows.iter().map(|row| Shard::of(row, read_at)).collect::<Result<_, _>>()?;
            let mut publications: BTreeMap<String, Publication> = BTreeMap::new();
            for row in &told {
                let publication = publications.entry(row.try_get("target")?).or_default();
                publication.shards.push(Shard::of(row, read_at)?);
            }
            for row in &undelivered {
                publications.entry(row.try_get(0)?).or_default().undelivered = count(row, 1)?;
            }
            let named = |(target, publication)| Publication { target, ..publication };
            Ok(Self {
                read_at,
                shards,
                quarantined: count(&counted, 0)?,
                oldest_quarantined_at: counted.try_get(1)?,
                publications: publications.into_iter().map(named).collect(),
            })
        })
        .await
    }

    /// How many shards lost records that nobody mended yet.
    #[must_use]
    pub fn trimmed(&self) -> usize {
        trimmed(&self.shards)
    }

    /// Everything from before then is in the projection or in quarantine; `None` while that is not known of some open
    /// shard, or records are lost.
    #[must_use]
    pub fn as_of(&self) -> Option<DateTime<Utc>> {
        as_of(&self.shards)
    }

    /// That of this target; of one that nothing is known of, an empty one.
    #[must_use]
    pub fn publication(&self, target: &str) -> Publication {
        self.publications.iter().find(|known| known.target == target).cloned().unwrap_or_default()
    }
}

impl Publication {
    /// How many shards lost records that nobody mended yet.
    #[must_use]
    pub fn trimmed(&self) -> usize {
        trimmed(&self.shards)
    }

    /// The target was told everything from before then, but for what is put aside; `None` while that is not known of some
    /// open shard, or records are lost.
    #[must_use]
    pub fn as_of(&self) -> Option<DateTime<Utc>> {
        as_of(&self.shards)
    }
}

fn count(row: &MySqlRow, column: usize) -> Result<u64, sqlx::Error> {
    Ok(u64::try_from(row.try_get::<i64, _>(column)?).unwrap_or_default())
}

fn trimmed(shards: &[Shard]) -> usize {
    shards.iter().filter(|shard| shard.trimmed_at.is_some()).count()
}

fn as_of(shards: &[Shard]) -> Option<DateTime<Utc>> {
    if trimmed(shards) > 0 {
        return None;
    }
    let open = shards.iter().filter(|shard| shard.finished_at.is_none());
    open.map(|shard| shard.as_of).min().flatten()
}

impl Shard {
    fn of(row: &MySqlRow, now: DateTime<Utc>) -> Result<Self, sqlx::Error> {
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
        self.shards.iter().try_for_each(|shard| shard.tell(f, ""))?;
        let oldest = self.oldest_quarantined_at.map(|at| format!(", the oldest since {}", time(at)));
        writeln!(f, "{} in quarantine{}", self.quarantined, oldest.unwrap_or_default())?;
        for Publication { target, shards, undelivered } in &self.publications {
            writeln!(f, "published to {target}")?;
            shards.iter().try_for_each(|shard| shard.tell(f, "  "))?;
            writeln!(f, "  {undelivered} undelivered")?;
        }
        Ok(())
    }
}

impl Shard {
    fn tell(&self, f: &mut fmt::Formatter<'_>, indent: &str) -> fmt::Result {
        writeln!(f, "{indent}{}", self.shard)?;
        let lag = self.lag_ms.map(|ms| format!("{:.1} s", ms as f64 / 1000.0));
        for (name, value) in [
            ("sequence number", self.sequence_number.clone()),
            ("event time", self.event_at.map(time)),
            ("applied time", self.applied_at.map(time)),
            ("lag", lag),
            ("finished", self.finished_at.map(time)),
            ("RECORDS LOST", self.trimmed_at.map(time)),
        ] {
            if let Some(value) = value {
                writeln!(f, "{indent}  {name:<16} {value}")?;
            }
        }
        Ok(())
    }
}

fn time(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}
