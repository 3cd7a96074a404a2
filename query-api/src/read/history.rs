//! What happened to a reservation.

use chrono::{DateTime, Utc};
use contracts::ReservationId;
use sqlx::Row;

use super::{Error, Session};

/// Most events of one answer. A hold ends after a handful; what goes on after that is a defect, and not worth a page.
const MAX_EVENTS: u32 = 100;

/// One event.
#[derive(Debug)]
pub(crate) struct Happened {
    pub(crate) version: u64,
    pub(crate) event_type: String,
    pub(crate) actor: String,
    pub(crate) actor_id: Option<String>,
    pub(crate) reason: Option<String>,
    pub(crate) occurred_at: DateTime<Utc>,
}

const OF_RESERVATION: &str = "SELECT version, event_type, actor, actor_id, reason, occurred_at FROM history \
    WHERE aggregate = ? ORDER BY version LIMIT ?";

/// What happened to a reservation, in order.
pub(crate) async fn of_reservation(session: &mut Session, id: ReservationId) -> Result<Vec<Happened>, Error> {
    let query = sqlx::query(OF_RESERVATION).bind(format!("reservation#{id}")).bind(MAX_EVENTS);
    let happened = session.rows(query).await?;
    let happened = happened.iter().map(|row| {
        Ok::<_, sqlx::Error>(Happened {
            version: row.try_get("version")?,
            event_type: row.try_get("event_type")?,
            actor: row.try_get("actor")?,
            actor_id: row.try_get("actor_id")?,
            reason: row.try_get("reason")?,
            occurred_at: row.try_get("occurred_at")?,
        })
    });
    Ok(happened.collect::<Result<_, _>>()?)
}
