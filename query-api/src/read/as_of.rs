//! The time that an answer is true of.

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use serde::Serialize;
use sqlx::Row;
use sqlx::mysql::MySqlRow;
use utoipa::ToSchema;

use super::{Error, Session};

/// The time that an answer is true of.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct AsOf {
    /// Up to when the projection holds every event; `null` while some open source of events has no such time, or one has
    /// lost some.
    #[serde(rename = "as_of")]
    #[schema(required = true)]
    time: Option<DateTime<Utc>>,
    /// Only where it is so: that is longer ago than it should be, and much may have changed since; or events were lost.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    #[schema(required = false)]
    stale: bool,
}

impl AsOf {
    /// Stale when it is longer ago than that. What is not known is not called stale: `null` says enough.
    fn new(time: Option<DateTime<Utc>>, now: DateTime<Utc>, stale_after: TimeDelta) -> Self {
        Self { time, stale: time.is_some_and(|time| now - time > stale_after) }
    }

    /// Some events are lost: nobody knows of when it is, but that it is not of now.
    const LOST: Self = Self { time: None, stale: true };

    /// As it stands in an answer.
    pub(crate) fn text(self) -> Option<String> {
        self.time.map(|time| time.to_rfc3339_opts(SecondsFormat::AutoSi, true))
    }

    /// The time, where it is known.
    pub(crate) fn time(self) -> Option<DateTime<Utc>> {
        self.time
    }

    /// Whether it is longer ago than it should be.
    pub(crate) fn is_stale(self) -> bool {
        self.stale
    }
}

/// The least of all open sources. NULL sorts first: a source that nothing is known of yet makes the whole unknown,
/// where `MIN` would leave it out and promise too much. So does a source, open or not, that lost events which nobody has
/// mended yet.
const LEAST: &str = "SELECT as_of, CAST(trimmed_at IS NOT NULL AS SIGNED) AS lost FROM checkpoints \
                     WHERE finished_at IS NULL OR trimmed_at IS NOT NULL ORDER BY lost DESC, as_of LIMIT 1";

pub(super) async fn read(session: &mut Session, stale_after: TimeDelta) -> Result<AsOf, Error> {
    match session.row(sqlx::query(LEAST)).await? {
        Some(row) => Ok(of_row(&row, stale_after)?),
        None => Ok(AsOf::default()),
    }
}

/// A statement that reads these columns of this, each row with its date: a statement sees one moment, so it needs no other
/// before it.
pub(super) fn dated(columns: &str, from: &str) -> String {
    format!("SELECT {columns}, dated.as_of, dated.lost FROM {from} LEFT JOIN ({LEAST}) AS dated ON TRUE")
}

/// From a row of such a statement.
pub(super) fn of_row(row: &MySqlRow, stale_after: TimeDelta) -> Result<AsOf, sqlx::Error> {
    if row.try_get::<Option<i64>, _>("lost")?.is_some_and(|lost| lost != 0) {
        return Ok(AsOf::LOST);
    }
    Ok(AsOf::new(row.try_get("as_of")?, Utc::now(), stale_after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_known_to_be_late_is_stale() {
        let now = Utc::now();
        let stale = |time| AsOf::new(time, now, TimeDelta::seconds(60)).is_stale();
        assert!(!stale(None));
        assert!(!stale(Some(now)));
        assert!(!stale(Some(now - TimeDelta::seconds(60))));
        assert!(stale(Some(now - TimeDelta::milliseconds(60_001))));
        // A clock that is behind the database's.
        assert!(!stale(Some(now + TimeDelta::seconds(60))));
    }
}
