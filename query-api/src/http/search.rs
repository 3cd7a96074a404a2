//! Finding a hold at the counter.

use contracts::StoreId;
use contracts::problem::Code;
use platform::Problem;
use platform::extract::Query;
use serde::Serialize;
use utoipa::ToSchema;

use super::about::About;
use super::answer::Dated;
use super::at_store::AtStore;
use super::codes;
use super::params::SearchParams;
use super::problems::found;
use super::reservations::ReservationOut;
use crate::read;
use crate::read::customers::NamePart;
use crate::read::reservations::{Clue, Found};

/// Most holds that are found: whoever finds more looks for more digits.
const MAX_FOUND: u32 = 20;

/// The holds that fit: by a name the running ones, those that end first in front; otherwise those of every status, the newest
/// of each telephone number first.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct FoundOut {
    store_id: StoreId,
    reservations: Vec<ReservationOut>,
    /// Whether more fit than are told.
    more: bool,
    /// Whether everything was looked through: `false` where a store has so many running holds that some names were not.
    complete: bool,
}

/// A store's reservations by pick-up code, telephone number or name
///
/// One of `pickup_code`, `phone_end` and `name`; by `name` only staff of the store and managers of the brand, and only running
/// ones.
#[utoipa::path(
    get, path = "/v1/stores/{store_id}/reservations/search", tag = "reservations",
    params(("store_id" = StoreId, Path, description = "The store."), SearchParams),
    responses(
        (
            status = 200, description = "What fits.", body = Dated<FoundOut>,
        ),
        codes::OfStore,
    ),
    security(("token" = []))
)]
pub(super) async fn reservations(
    at: AtStore,
    Query(params): Query<SearchParams>,
) -> Result<Dated<FoundOut>, Problem> {
    let clue = clue(params)?;
    if matches!(clue, Clue::Name(_)) && !at.knows_customers {
        let detail = "Only staff of the store and managers look for a name.";
        return Err(Problem::new(Code::Forbidden, detail).at("name"));
    }
    let mut session = at.session().await?;
    let found_by = read::reservations::find(&mut session, &at.store_id, &clue, MAX_FOUND).await?;
    let (Found { page, complete }, mut session) = found(found_by, session)?;
    let about = About::of(&mut session, at.knows_customers, &page.rows).await?;
    let reservations = page.rows.into_iter().map(|row| ReservationOut::new(row, &about)).collect();
    let answer = FoundOut { store_id: at.store_id, reservations, more: page.more, complete };
    Ok(Dated { answer, as_of: session.end() })
}

fn clue(params: SearchParams) -> Result<Clue, Problem> {
    let wrong = |detail, field| Err(Problem::new(Code::InvalidQuery, detail).at(field));
    match (params.pickup_code, params.phone_end, params.name) {
        (Some(code), None, None) => Ok(Clue::Code(code)),
        (None, Some(end), None) => Ok(Clue::PhoneEnd(end.into_digits())),
        (None, None, Some(name)) => match NamePart::of(name.as_str()) {
            Some(part) => Ok(Clue::Name(part)),
            None => wrong("Send a part of a name, with a letter or digit in it.", "name"),
        },
        _ => wrong("Send one of pickup_code, phone_end and name.", "pickup_code"),
    }
}
