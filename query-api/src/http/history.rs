//! Who did what with a hold, and when.

use chrono::{DateTime, Utc};
use contracts::ReservationId;
use platform::Problem;
use platform::auth::Role;
use platform::extract::{NoParams, Path, Query};
use serde::Serialize;
use utoipa::ToSchema;

use super::access::{self, Access, Asker};
use super::answer::Dated;
use super::codes;
use super::problems::not_found;
use super::reader::Reader;
use crate::read::history::Happened;
use crate::read::{self, Missing};

/// What happened to a hold, in order.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct HistoryOut {
    reservation_id: ReservationId,
    events: Vec<HappenedOut>,
}

/// One event.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = HistoryEvent, examples(json!({
    "version": 2, "event": "ReservationMadeReady", "actor": "staff", "actor_id": "s-0042",
    "occurred_at": "2026-05-01T09:35:00Z",
})))]
struct HappenedOut {
    /// The hold's version after it.
    version: u64,
    /// What happened.
    event: String,
    /// What kind of caller did it: `guest`, `customer`, `staff`, `manager`, `pos`, `ops` or `system`.
    actor: String,
    /// Which one of them, as the issuer of tokens calls them; not said of customers.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    actor_id: Option<String>,
    /// What they said of why.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    reason: Option<String>,
    occurred_at: DateTime<Utc>,
}

impl From<Happened> for HappenedOut {
    fn from(happened: Happened) -> Self {
        // An account may be called by its mail address.
        let is_customer = happened.actor == Role::Customer.as_str();
        Self {
            version: happened.version,
            event: happened.event_type,
            actor_id: happened.actor_id.filter(|_| !is_customer),
            actor: happened.actor,
            reason: happened.reason,
            occurred_at: happened.occurred_at,
        }
    }
}

/// The history of one reservation
#[utoipa::path(
    get, path = "/v1/reservations/{id}/history", tag = "reservations",
    params(("id" = ReservationId, Path, description = "The reservation.")),
    responses(
        (
            status = 200, description = "What happened to it.", body = Dated<HistoryOut>,
        ),
        codes::History,
    ),
    security(("token" = []))
)]
pub(super) async fn of_reservation(
    Asker(caller): Asker,
    Path(id): Path<ReservationId>,
    Query(NoParams {}): Query<NoParams>,
    reader: Reader,
) -> Result<Dated<HistoryOut>, Problem> {
    let mut session = reader.session().await?;
    let found = read::reservations::one(&mut session, id).await?;
    let events = read::history::of_reservation(&mut session, id).await?;
    let as_of = session.end();
    let reservation = found.map_err(|missing| not_found(missing, as_of))?;
    match access::to_history(&caller, &reservation)? {
        Access::Granted => {
            let events = events.into_iter().map(HappenedOut::from).collect();
            Ok(Dated { answer: HistoryOut { reservation_id: id, events }, as_of })
        }
        Access::Unseen => Err(not_found(Missing::Reservation, as_of)),
    }
}
