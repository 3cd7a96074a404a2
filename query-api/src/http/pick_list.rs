//! What staff have to fetch.

use chrono::{DateTime, Utc};
use contracts::{PickupCode, ReservationId, StoreId};
use platform::Problem;
use platform::extract::Query;
use serde::Serialize;
use utoipa::ToSchema;

use super::about::{About, LineOut};
use super::answer::Dated;
use super::at_store::AtStore;
use super::codes;
use super::customers::CustomerOut;
use super::params::PageParams;
use super::problems::found;
use super::reservations::{after, key};
use super::values::{Status, Time};
use crate::read;

/// Holds whose pieces are to be fetched, those that end first in front.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PickListOut {
    store_id: StoreId,
    holds: Vec<ToFetchOut>,
    /// For the page behind this one; `null` on the last.
    #[schema(required = true)]
    next_cursor: Option<String>,
}

/// A hold whose pieces are to be fetched.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ToFetch)]
struct ToFetchOut {
    #[schema(value_type = ReservationId)]
    reservation_id: String,
    #[schema(value_type = PickupCode)]
    pickup_code: String,
    /// Whose it is; told to staff of the store and managers of the brand only.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    customer: Option<CustomerOut>,
    /// The hold's version, to say with `If-Match` when it is made ready.
    version: u64,
    placed_at: DateTime<Utc>,
    /// Until when the pieces are kept.
    expires_at: DateTime<Utc>,
    /// How often that was put off.
    extensions: u32,
    /// How often it may be, if whoever asks does it.
    max_extensions: u32,
    pieces: Vec<LineOut>,
}

/// What staff have to fetch for holds, next due first
#[utoipa::path(
    get, path = "/v1/stores/{store_id}/pick-list", tag = "reservations",
    params(("store_id" = StoreId, Path, description = "The store."), PageParams),
    responses(
        (
            status = 200, description = "A page of holds with their pieces.", body = Dated<PickListOut>,
        ),
        codes::OfStore,
    ),
    security(("token" = []))
)]
pub(super) async fn of_store(
    at: AtStore,
    Query(params): Query<PageParams>,
) -> Result<Dated<PickListOut>, Problem> {
    let question = ["pick_list", at.store_id.as_str()];
    let from = at.cursors.decode(&question, params.cursor.as_ref(), after)?;
    let mut session = at.session().await?;
    let (held, ever) = (Status::Held.as_str(), Time::LAST.get());
    let limit = params.limit.get();
    let page = read::reservations::of_store(&mut session, &at.store_id, held, ever, from, limit).await?;
    let (page, mut session) = found(page, session)?;
    let about = About::of(&mut session, at.knows_customers, &page.rows).await?;
    let next_cursor = at.cursors.next(&question, &page, key);
    let holds = page.rows.into_iter().map(|hold| ToFetchOut {
        customer: about.customer(&hold.reservation_id),
        reservation_id: hold.reservation_id,
        pickup_code: hold.pickup_code,
        version: hold.version,
        placed_at: hold.placed_at,
        expires_at: hold.expires_at,
        extensions: hold.extensions,
        max_extensions: about.max_extensions(),
        pieces: about.lines(hold.lines),
    });
    Ok(Dated {
        answer: PickListOut { store_id: at.store_id, holds: holds.collect(), next_cursor },
        as_of: session.end(),
    })
}
