//! Answers about reservations.

use chrono::{DateTime, Utc};
use contracts::{PickupCode, ReservationId, StoreId};
use platform::Problem;
use platform::extract::{NoParams, Path, Query};
use serde::Serialize;
use utoipa::ToSchema;

use super::about::{About, LineOut};
use super::access::{self, Access, Asker};
use super::answer::Dated;
use super::at_store::AtStore;
use super::codes;
use super::customers::CustomerOut;
use super::params::ReservationsParams;
use super::problems::{found, not_found};
use super::reader::Reader;
use super::values::{Status, Time};
use crate::read::reservations::{After, Reservation};
use crate::read::{self, Missing};

/// One customer's hold in one store.
#[derive(Debug, Serialize, ToSchema)]
#[schema(examples(json!({
    "reservation_id": "0192f0c1-2d3e-7a4b-8c5d-6e7f80910213", "pickup_code": "0920GK", "store_id": "hinata.ginza-01",
    "status": "held", "version": 1, "lines": [{"sku": "hinata.KN1021-BLK-M", "quantity": 1}], "placed_at": "2026-05-01T09:30:00Z",
    "expires_at": "2026-05-02T09:30:00Z", "updated_at": "2026-05-01T09:30:00Z",
    "extensions": 0, "max_extensions": 1,
})))]
pub(super) struct ReservationOut {
    #[schema(value_type = ReservationId)]
    reservation_id: String,
    /// What the customer says or shows at the counter.
    #[schema(value_type = PickupCode)]
    pickup_code: String,
    #[schema(value_type = StoreId)]
    store_id: String,
    #[schema(value_type = Status)]
    status: String,
    /// Raised by one with every change.
    version: u64,
    /// Whose it is; told to staff of the store and managers of the brand only, until the hold forgets it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    customer: Option<CustomerOut>,
    /// What is kept; no SKU twice.
    lines: Vec<LineOut>,
    placed_at: DateTime<Utc>,
    /// Until when the pieces are kept.
    expires_at: DateTime<Utc>,
    /// When it last changed.
    updated_at: DateTime<Utc>,
    /// How often its end was put off.
    extensions: u32,
    /// How often it may be, if whoever asks does it: at as many extensions they can extend it no more.
    max_extensions: u32,
}

impl ReservationOut {
    /// It, with what is known about it.
    pub(super) fn new(reservation: Reservation, about: &About) -> Self {
        Self {
            customer: about.customer(&reservation.reservation_id),
            reservation_id: reservation.reservation_id,
            pickup_code: reservation.pickup_code,
            store_id: reservation.store_id,
            status: reservation.status,
            version: reservation.version,
            lines: about.lines(reservation.lines),
            placed_at: reservation.placed_at,
            expires_at: reservation.expires_at,
            updated_at: reservation.updated_at,
            extensions: reservation.extensions,
            max_extensions: about.max_extensions(),
        }
    }
}

/// One reservation
#[utoipa::path(
    get, path = "/v1/reservations/{id}", tag = "reservations",
    params(("id" = ReservationId, Path, description = "The reservation.")),
    responses(
        (status = 200, description = "The reservation.", body = Dated<ReservationOut>),
        codes::Reservation,
    ),
    security(("token" = []), ("capability" = []))
)]
pub(super) async fn one(
    Asker(caller): Asker,
    Path(id): Path<ReservationId>,
    Query(NoParams {}): Query<NoParams>,
    reader: Reader,
) -> Result<Dated<ReservationOut>, Problem> {
    let mut session = reader.session().await?;
    let one = read::reservations::one(&mut session, id).await?;
    let (reservation, mut session) = found(one, session)?;
    if let Access::Unseen = access::to_hold(&caller, &reservation)? {
        return Err(not_found(Missing::Reservation, session.end()));
    }
    // Ids in the projection are ids; a defect there must show nothing.
    let store_id = reservation.store_id.parse::<StoreId>();
    let knows = store_id.is_ok_and(|store_id| access::to_customers_of(&caller, &store_id));
    let about = About::of(&mut session, knows, std::slice::from_ref(&reservation)).await?;
    Ok(Dated { answer: ReservationOut::new(reservation, &about), as_of: session.end() })
}

/// Reservations of a store, those that expire first in front.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct StoreReservationsOut {
    store_id: StoreId,
    reservations: Vec<ReservationOut>,
    /// For the page behind this one; `null` on the last.
    #[schema(required = true)]
    next_cursor: Option<String>,
}

/// A store's reservations of one status, next due first
#[utoipa::path(
    get, path = "/v1/stores/{store_id}/reservations", tag = "reservations",
    params(("store_id" = StoreId, Path, description = "The store."), ReservationsParams),
    responses(
        (
            status = 200, description = "A page of reservations.",
            body = Dated<StoreReservationsOut>,
        ),
        codes::OfStore,
    ),
    security(("token" = []))
)]
pub(super) async fn of_store(
    at: AtStore,
    Query(params): Query<ReservationsParams>,
) -> Result<Dated<StoreReservationsOut>, Problem> {
    let status = params.status.as_str();
    let due_before = params.due_before.unwrap_or(Time::LAST).get();
    let due = due_before.timestamp_micros().to_string();
    let question = ["store_reservations", at.store_id.as_str(), status, &due];
    let after = at.cursors.decode(&question, params.cursor.as_ref(), after)?;
    let mut session = at.session().await?;
    let limit = params.limit.get();
    let page =
        read::reservations::of_store(&mut session, &at.store_id, status, due_before, after, limit).await?;
    let (page, mut session) = found(page, session)?;
    let next_cursor = at.cursors.next(&question, &page, key);
    let about = About::of(&mut session, at.knows_customers, &page.rows).await?;
    let reservations = page.rows.into_iter().map(|row| ReservationOut::new(row, &about)).collect();
    Ok(Dated {
        answer: StoreReservationsOut { store_id: at.store_id, reservations, next_cursor },
        as_of: session.end(),
    })
}

/// The key of a reservation among those in the order in which they end.
pub(super) fn key(reservation: &Reservation) -> [String; 2] {
    [reservation.expires_at.timestamp_micros().to_string(), reservation.reservation_id.clone()]
}

/// The last reservation of the page before.
pub(super) fn after([micros, reservation_id]: [&str; 2]) -> Option<After> {
    let expires_at = Time::try_from(DateTime::from_timestamp_micros(micros.parse().ok()?)?).ok()?.get();
    Some(After { expires_at, reservation_id: reservation_id.parse().ok()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "0192f0c1-2d3e-7a4b-8c5d-6e7f80910213";

    #[test]
    fn a_key_outside_of_what_mysql_can_hold_is_refused() {
        let last = Time::LAST.get().timestamp_micros();
        assert!(after([&last.to_string(), ID]).is_some());
        for micros in [i64::MAX, last + 1, -1, i64::MIN] {
            assert_eq!(after([&micros.to_string(), ID]), None, "{micros}");
        }
        assert_eq!(after(["0", "not-an-id"]), None);
        assert_eq!(after(["", ID]), None);
    }
}
