//! What staff have to fetch.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use contracts::{PickupCode, ProductCode, Quantity, ReservationId, Sku, StoreId};
use platform::Problem;
use platform::extract::Query;
use serde::Serialize;
use utoipa::ToSchema;

use super::answer::Dated;
use super::at_store::AtStore;
use super::codes;
use super::customers::{CustomerOut, Customers};
use super::names::NameOut;
use super::params::PageParams;
use super::problems::found;
use super::reservations::{after, key};
use super::values::{Status, Time};
use crate::read;
use crate::read::described::Described;
use crate::read::reservations::Line;

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
    pieces: Vec<PiecesOut>,
}

/// Some pieces of one SKU, and what it looks like.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PiecesToFetch)]
struct PiecesOut {
    #[schema(value_type = Sku)]
    sku: String,
    #[schema(value_type = Quantity)]
    quantity: u32,
    /// Of whose product nothing is known yet, it is left out; and so below.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = ProductCode, nullable = false)]
    product_code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    name: Option<NameOut>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    colour: Option<NameOut>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    size: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    gtin: Option<String>,
}

impl PiecesOut {
    fn new(line: Line, described: Option<&Described>) -> Self {
        let described = described.cloned();
        let colour = |it: &Described| NameOut::known(it.colour_ja.clone(), it.colour_en.clone());
        Self {
            sku: line.sku,
            quantity: line.quantity,
            product_code: described.as_ref().map(|it| it.product_code.clone()),
            name: described.as_ref().map(|it| NameOut { ja: it.name_ja.clone(), en: it.name_en.clone() }),
            colour: described.as_ref().and_then(colour),
            size: described.as_ref().and_then(|it| it.size.clone()),
            gtin: described.and_then(|it| it.gtin),
        }
    }
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
    let skus: BTreeSet<&str> =
        page.rows.iter().flat_map(|hold| &hold.lines).map(|line| line.sku.as_str()).collect();
    let described = read::described::describe(&mut session, skus).await?;
    let next_cursor = at.cursors.next(&question, &page, key);
    let ids: Vec<&str> = page.rows.iter().map(|hold| hold.reservation_id.as_str()).collect();
    let customers = Customers::of(&mut session, at.knows_customers, &ids).await?;
    let holds = page.rows.into_iter().map(|hold| ToFetchOut {
        customer: customers.of_hold(&hold.reservation_id),
        reservation_id: hold.reservation_id,
        pickup_code: hold.pickup_code,
        version: hold.version,
        placed_at: hold.placed_at,
        expires_at: hold.expires_at,
        pieces: hold
            .lines
            .into_iter()
            .map(|line| {
                let described = described.get(&line.sku);
                PiecesOut::new(line, described)
            })
            .collect(),
    });
    Ok(Dated {
        answer: PickListOut { store_id: at.store_id, holds: holds.collect(), next_cursor },
        as_of: session.end(),
    })
}
