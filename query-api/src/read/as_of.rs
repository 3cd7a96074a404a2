//! The time that an answer is true of.

use chrono::{DateTime, SecondsFormat, Utc};
use serde::Serialize;
use sqlx::Row;
use utoipa::ToSchema;

use super::{Error, Session};

/// Up to when the projection holds every event; `null` while some open source of events has no such time, or one has
/// lost some.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, ToSchema)]
#[serde(transparent)]
pub(crate) struct AsOf(pub(crate) Option<DateTime<Utc>>);

impl AsOf {
    /// As it stands in an answer.
    pub(crate) fn text(self) -> Option<String> {
        self.0.map(|time| time.to_rfc3339_opts(SecondsFormat::AutoSi, true))
    }
}

/// The least of all open sources. NULL sorts first: a source that nothing is known of yet makes the whole unknown,
/// where `MIN` would leave it out and promise too much. So does a source, open or not, that lost events which nobody has
/// mended yet.
const LEAST: &str = "SELECT IF(trimmed_at IS NULL, as_of, NULL) AS as_of FROM checkpoints \
                     WHERE finished_at IS NULL OR trimmed_at IS NOT NULL ORDER BY as_of LIMIT 1";

pub(super) async fn read(session: &mut Session) -> Result<AsOf, Error> {
    let row = session.row(sqlx::query(LEAST)).await?;
    Ok(AsOf(match row {
        Some(row) => row.try_get("as_of")?,
        None => None,
    }))
}
