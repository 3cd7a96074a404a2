//! Everything that a store counted, for those who work there.

use chrono::{DateTime, Utc};
use contracts::{Level, Sku, StoreId};
use platform::Problem;
use platform::extract::Query;
use serde::Serialize;
use utoipa::ToSchema;

use super::answer::Dated;
use super::at_store::AtStore;
use super::codes;
use super::params::StoreStockParams;
use super::problems::found;
use crate::read;
use crate::read::store_stock::{Counted, Wanted};

/// A store's counts.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct StoreStockOut {
    store_id: StoreId,
    stock: Vec<CountedOut>,
    /// For the page behind this one; `null` on the last.
    #[schema(required = true)]
    next_cursor: Option<String>,
}

/// The count of one SKU.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CountedSku)]
struct CountedOut {
    #[schema(value_type = Sku)]
    sku: String,
    /// Pieces that one hold can have: those in the store, at most as many as its policy gives to one; 0 where it takes no
    /// holds.
    #[schema(value_type = Level)]
    available: i32,
    /// Pieces in the store for whoever comes: `max(0, on_hand - held - safety)`.
    #[schema(value_type = Level)]
    in_store: i32,
    /// Pieces physically there, held ones included.
    #[schema(value_type = Level)]
    on_hand: i32,
    /// Pieces that are held for customers.
    #[schema(value_type = Level)]
    held: i32,
    /// Pieces that are never offered.
    #[schema(value_type = Level)]
    safety: i32,
    /// The stock's version.
    version: u64,
    /// When it last changed.
    updated_at: DateTime<Utc>,
}

impl From<Counted> for CountedOut {
    fn from(Counted { sku, level }: Counted) -> Self {
        Self {
            sku,
            available: level.available,
            in_store: level.in_store,
            on_hand: level.on_hand,
            held: level.held,
            safety: level.safety,
            version: level.version,
            updated_at: level.updated_at,
        }
    }
}

/// A store's stock
///
/// All of it in the order of SKUs, or with `max_in_store` what is scarce, the scarcest first.
#[utoipa::path(
    get, path = "/v1/stores/{store_id}/stock", tag = "stock",
    params(("store_id" = StoreId, Path, description = "The store."), StoreStockParams),
    responses(
        (
            status = 200, description = "A page of counts.", body = Dated<StoreStockOut>,
        ),
        codes::OfStore,
    ),
    security(("token" = []))
)]
pub(super) async fn of_store(
    at: AtStore,
    Query(params): Query<StoreStockParams>,
) -> Result<Dated<StoreStockOut>, Problem> {
    let most = params.max_in_store.map(|most| most.get().to_string());
    let question = ["store_stock", at.store_id.as_str(), most.as_deref().unwrap_or("all")];
    let after = at.cursors.decode(&question, params.cursor.as_ref(), after)?;
    let after = after.as_ref().map(|(left, sku)| (*left, sku));
    let wanted = match params.max_in_store {
        Some(most) => Wanted::Scarce(most.get(), after),
        None => Wanted::All(after.map(|(_, sku)| sku)),
    };
    let mut session = at.session().await?;
    let page = read::store_stock::of_store(&mut session, &at.store_id, &wanted, params.limit.get()).await?;
    let (page, session) = found(page, session)?;
    let key = |last: &Counted| [last.level.in_store.to_string(), last.sku.clone()];
    let next_cursor = at.cursors.next(&question, &page, key);
    let stock = page.rows.into_iter().map(CountedOut::from).collect();
    Ok(Dated { answer: StoreStockOut { store_id: at.store_id, stock, next_cursor }, as_of: session.end() })
}

/// The last row of the page before: how many are left, and its SKU.
fn after([left, sku]: [&str; 2]) -> Option<(u32, Sku)> {
    let left: u64 = left.parse().ok()?;
    Some((Level::try_from(left).ok()?.get(), sku.parse().ok()?))
}
