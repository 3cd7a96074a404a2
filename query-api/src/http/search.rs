//! Finding a hold at the counter.

use contracts::StoreId;
use contracts::problem::Code;
use platform::Problem;
use platform::extract::Query;
use serde::Serialize;
use utoipa::ToSchema;

use super::answer::Dated;
use super::at_store::AtStore;
use super::codes;
use super::params::SearchParams;
use super::problems::found;
use super::reservations::ReservationOut;
use crate::read;
use crate::read::reservations::Clue;

/// Most holds that are found: whoever finds more looks for more digits.
const MAX_FOUND: u32 = 20;

/// The holds that fit, of every status, the newest of each telephone number first.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct FoundOut {
    store_id: StoreId,
    reservations: Vec<ReservationOut>,
    /// Whether more fit than are told.
    more: bool,
}

/// A store's reservations by pick-up code or telephone number
///
/// Either `pickup_code` or `phone_end`.
#[utoipa::path(
    get, path = "/v1/stores/{store_id}/reservations/search", tag = "reservations",
    params(("store_id" = StoreId, Path, description = "The store."), SearchParams),
    responses(
        (
            status = 200, description = "What fits, without the customers.", body = Dated<FoundOut>,
        ),
        codes::OfStore,
    ),
    security(("token" = []))
)]
pub(super) async fn reservations(
    at: AtStore,
    Query(params): Query<SearchParams>,
) -> Result<Dated<FoundOut>, Problem> {
    let clue = match (params.pickup_code, params.phone_end) {
        (Some(code), None) => Clue::Code(code),
        (None, Some(end)) => Clue::PhoneEnd(end.into_digits()),
        (Some(_), Some(_)) | (None, None) => {
            let detail = "Send either pickup_code or phone_end.";
            return Err(Problem::new(Code::InvalidQuery, detail).at("pickup_code"));
        }
    };
    let mut session = at.session().await?;
    let page = read::reservations::find(&mut session, &at.store_id, &clue, MAX_FOUND).await?;
    let (page, session) = found(page, session)?;
    let reservations = page.rows.into_iter().map(ReservationOut::from).collect();
    Ok(Dated {
        answer: FoundOut { store_id: at.store_id, reservations, more: page.more },
        as_of: session.end(),
    })
}
