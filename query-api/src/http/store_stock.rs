//! Everything that a store counted, for those who work there.

use axum::extract::State;
use chrono::{DateTime, Utc};
use contracts::{Level, Sku, StoreId};
use platform::Problem;
use platform::extract::{Path, Query};
use serde::Serialize;
use utoipa::ToSchema;

use super::access::{self, Access, Asker};
use super::answer::Dated;
use super::params::StoreStockParams;
use super::problems::not_found;
use super::reader::Reader;
use super::{CursorKey, codes};
use crate::read::store_stock::{Counted, Wanted};
use crate::read::{self, Missing};

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
    /// Pieces that can be held: `max(0, on_hand - held - safety)`.
    #[schema(value_type = Level)]
    available: i32,
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
    fn from(counted: Counted) -> Self {
        Self {
            sku: counted.sku,
            available: counted.available,
            on_hand: counted.on_hand,
            held: counted.held,
            safety: counted.safety,
            version: counted.version,
            updated_at: counted.updated_at,
        }
    }
}

/// A store's stock
///
/// All of it in the order of SKUs, or with `max_available` what is scarce, the scarcest first.
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
    State(cursors): State<CursorKey>,
    Asker(caller): Asker,
    Path(store_id): Path<StoreId>,
    Query(params): Query<StoreStockParams>,
    reader: Reader,
) -> Result<Dated<StoreStockOut>, Problem> {
    let access = access::to_holds_of(&caller, &store_id)?;
    let most = params.max_available.map(|most| most.get().to_string());
    let question = ["store_stock", store_id.as_str(), most.as_deref().unwrap_or("all")];
    let after = cursors.decode(&question, params.cursor.as_ref(), after)?;
    let after = after.as_ref().map(|(available, sku)| (*available, sku));
    let wanted = match params.max_available {
        Some(most) => Wanted::Scarce(most.get(), after),
        None => Wanted::All(after.map(|(_, sku)| sku)),
    };
    let mut session = reader.session().await?;
    if let Access::Unseen = access {
        return Err(not_found(Missing::Store, session.end()));
    }
    let page = read::store_stock::of_store(&mut session, &store_id, &wanted, params.limit.get()).await?;
    let as_of = session.end();
    let page = page.map_err(|missing| not_found(missing, as_of))?;
    let last = page.rows.last().filter(|_| page.more);
    let next_cursor = last.map(|last| cursors.encode(&question, &[&last.available.to_string(), &last.sku]));
    let stock = page.rows.into_iter().map(CountedOut::from).collect();
    Ok(Dated { answer: StoreStockOut { store_id, stock, next_cursor }, as_of })
}

/// The last row of the page before: how many it has to offer, and its SKU.
fn after([available, sku]: [&str; 2]) -> Option<(u32, Sku)> {
    let available: u64 = available.parse().ok()?;
    Some((Level::try_from(available).ok()?.get(), sku.parse().ok()?))
}
