//! What a store promised and does not have.

use contracts::{Level, Quantity, ReservationId, Sku, StoreId};
use platform::Problem;
use platform::extract::Query;
use serde::Serialize;
use utoipa::ToSchema;

use super::answer::Dated;
use super::at_store::AtStore;
use super::codes;
use super::customers::{CustomerOut, Customers};
use super::params::PageParams;
use super::problems::found;
use crate::read;
use crate::read::shortfalls::{After, AtRisk, Shortfall};

/// A store's shortfalls, the largest first.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ShortfallsOut {
    store_id: StoreId,
    shortfalls: Vec<ShortfallOut>,
    /// For the page behind this one; `null` on the last.
    #[schema(required = true)]
    next_cursor: Option<String>,
}

/// A SKU of which more is held than is there.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Shortfall)]
struct ShortfallOut {
    #[schema(value_type = Sku)]
    sku: String,
    /// Pieces that are held and not there.
    #[schema(value_type = Level)]
    missing: i32,
    /// Pieces physically there.
    #[schema(value_type = Level)]
    on_hand: i32,
    /// Pieces that are held for customers.
    #[schema(value_type = Level)]
    held: i32,
    /// The stock's version.
    version: u64,
    /// The holds placed last, as many as the missing pieces are in, 50 at most: they cannot be kept if nothing is found.
    at_risk: Vec<AtRiskOut>,
}

/// A running hold that may not be kept.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = HoldAtRisk)]
struct AtRiskOut {
    #[schema(value_type = ReservationId)]
    reservation_id: String,
    #[schema(value_type = Quantity)]
    quantity: u32,
    /// Whose it is; told to staff of the store and managers of the brand only.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    customer: Option<CustomerOut>,
}

impl ShortfallOut {
    fn new(shortfall: Shortfall, customers: &Customers) -> Self {
        let at_risk = |one: AtRisk| AtRiskOut {
            customer: customers.of_hold(&one.reservation_id),
            reservation_id: one.reservation_id,
            quantity: one.quantity,
        };
        Self {
            sku: shortfall.sku,
            missing: shortfall.missing,
            on_hand: shortfall.on_hand,
            held: shortfall.held,
            version: shortfall.version,
            at_risk: shortfall.at_risk.into_iter().map(at_risk).collect(),
        }
    }
}

/// A store's shortfalls, and the holds at risk
#[utoipa::path(
    get, path = "/v1/stores/{store_id}/shortfalls", tag = "stock",
    params(("store_id" = StoreId, Path, description = "The store."), PageParams),
    responses(
        (
            status = 200, description = "A page of shortfalls.", body = Dated<ShortfallsOut>,
        ),
        codes::OfStore,
    ),
    security(("token" = []))
)]
pub(super) async fn of_store(
    at: AtStore,
    Query(params): Query<PageParams>,
) -> Result<Dated<ShortfallsOut>, Problem> {
    let question = ["shortfalls", at.store_id.as_str()];
    let after = at.cursors.decode(&question, params.cursor.as_ref(), after)?;
    let after = after.as_ref().map(|(missing, sku)| After { missing: *missing, sku });
    let mut session = at.session().await?;
    let page = read::shortfalls::of_store(&mut session, &at.store_id, after, params.limit.get()).await?;
    let (page, mut session) = found(page, session)?;
    let key = |last: &Shortfall| [last.missing.to_string(), last.sku.clone()];
    let next_cursor = at.cursors.next(&question, &page, key);
    let at_risk = page.rows.iter().flat_map(|shortfall| &shortfall.at_risk);
    let ids: Vec<&str> = at_risk.map(|hold| hold.reservation_id.as_str()).collect();
    let customers = Customers::of(&mut session, at.knows_customers, &ids).await?;
    let of = |shortfall| ShortfallOut::new(shortfall, &customers);
    let shortfalls = page.rows.into_iter().map(of).collect();
    Ok(Dated {
        answer: ShortfallsOut { store_id: at.store_id, shortfalls, next_cursor },
        as_of: session.end(),
    })
}

/// The last row of the page before: how much of it is missing, and its SKU.
fn after([missing, sku]: [&str; 2]) -> Option<(u32, Sku)> {
    let missing: u64 = missing.parse().ok()?;
    Some((Level::try_from(missing).ok()?.get(), sku.parse().ok()?))
}
