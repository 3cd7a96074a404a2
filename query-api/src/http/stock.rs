//! Answers about counts.

use axum::Json;
use axum::extract::State;
use chrono::{DateTime, Utc};
use contracts::problem::Code;
use contracts::{Level, Sku, StoreId};
use platform::Problem;
use platform::extract::{NoParams, Path, Query};
use serde::Serialize;
use sqlx::MySqlPool;
use utoipa::ToSchema;

use super::params::SkuStoresParams;
use super::problems::not_found;
use super::{codes, cursor};
use crate::read::stock::StoreWithSku;
use crate::read::{self, AsOf, Session};

/// The count of one SKU in one store.
#[derive(Debug, Serialize, ToSchema)]
#[schema(examples(json!({
    "store_id": "hinata.ginza-01", "sku": "hinata.KN1021-BLK-M", "available": 9, "on_hand": 12, "held": 2, "safety": 1,
    "version": 7, "updated_at": "2026-05-01T09:30:00Z", "as_of": "2026-05-01T09:30:02Z",
})))]
pub(super) struct StockOut {
    store_id: StoreId,
    sku: Sku,
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
    /// Raised by one with every change.
    version: u64,
    /// When it last changed.
    updated_at: DateTime<Utc>,
    as_of: AsOf,
}

/// One SKU in one store
///
/// A count proves its store and SKU.
#[utoipa::path(
    get, path = "/v1/stores/{store_id}/stock/{sku}", tag = "stock",
    params(
        ("store_id" = StoreId, Path, description = "The store."),
        ("sku" = Sku, Path, description = "The SKU, of the store's brand."),
    ),
    responses((status = 200, description = "The count.", body = StockOut), codes::Level),
    security(())
)]
pub(super) async fn level(
    State(pool): State<MySqlPool>,
    Path((store_id, sku)): Path<(StoreId, Sku)>,
    Query(NoParams {}): Query<NoParams>,
) -> Result<Json<StockOut>, Problem> {
    if store_id.brand() != sku.brand() {
        let detail = "Ask for a SKU of the brand that the store belongs to.";
        return Err(Problem::new(Code::BrandMismatch, detail).at("sku"));
    }
    let mut session = Session::begin(&pool).await?;
    let level = read::stock::level(&mut session, &store_id, &sku).await?;
    let as_of = session.end();
    let level = level.map_err(|missing| not_found(missing, as_of))?;
    Ok(Json(StockOut {
        store_id,
        sku,
        available: level.available,
        on_hand: level.on_hand,
        held: level.held,
        safety: level.safety,
        version: level.version,
        updated_at: level.updated_at,
        as_of,
    }))
}

/// Stores that counted a SKU, in the order of their ids.
#[derive(Debug, Serialize, ToSchema)]
#[schema(examples(json!({
    "sku": "hinata.KN1021-BLK-M",
    "stores": [{
        "store_id": "hinata.ginza-01", "name": {"ja": "銀座店", "en": "Ginza"}, "latitude": 35.67, "longitude": 139.76,
        "available": 9, "version": 7, "updated_at": "2026-05-01T09:30:00Z",
    }],
    "next_cursor": null, "as_of": "2026-05-01T09:30:02Z",
})))]
pub(super) struct SkuStoresOut {
    sku: Sku,
    stores: Vec<SkuStoreOut>,
    /// For the page behind this one; `null` on the last.
    #[schema(required = true)]
    next_cursor: Option<String>,
    as_of: AsOf,
}

/// A store that counted the SKU.
#[derive(Debug, Serialize, ToSchema)]
struct SkuStoreOut {
    #[schema(value_type = StoreId)]
    store_id: String,
    /// What people call it.
    name: NameOut,
    /// Where it is, in degrees (WGS 84), if that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    latitude: Option<f64>,
    /// Where it is, in degrees (WGS 84), if that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    longitude: Option<f64>,
    /// Pieces that can be held.
    #[schema(value_type = Level)]
    available: i32,
    /// The stock's version.
    version: u64,
    /// When the stock last changed.
    updated_at: DateTime<Utc>,
}

/// A name in the languages that it is known in.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct NameOut {
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(super) ja: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(super) en: Option<String>,
}

impl NameOut {
    pub(super) fn is_known(&self) -> bool {
        self.ja.is_some() || self.en.is_some()
    }
}

impl From<StoreWithSku> for SkuStoreOut {
    fn from(store: StoreWithSku) -> Self {
        Self {
            store_id: store.store_id,
            name: NameOut { ja: store.name_ja, en: store.name_en },
            latitude: store.latitude,
            longitude: store.longitude,
            available: store.available,
            version: store.version,
            updated_at: store.updated_at,
        }
    }
}

/// The stores that have a SKU
#[utoipa::path(
    get, path = "/v1/skus/{sku}/stores", tag = "stock",
    params(("sku" = Sku, Path, description = "The SKU."), SkuStoresParams),
    responses((status = 200, description = "A page of stores.", body = SkuStoresOut), codes::StoresWithSku),
    security(())
)]
pub(super) async fn stores_with_sku(
    State(pool): State<MySqlPool>,
    Path(sku): Path<Sku>,
    Query(params): Query<SkuStoresParams>,
) -> Result<Json<SkuStoresOut>, Problem> {
    let question = ["sku_stores", sku.as_str(), if params.in_stock { "in_stock" } else { "all" }];
    let after = match &params.cursor {
        Some(cursor) => {
            Some(cursor::decode(&question, cursor, |[id]: [&str; 1]| id.parse::<StoreId>().ok())?)
        }
        None => None,
    };
    let mut session = Session::begin(&pool).await?;
    let page =
        read::stock::stores_with_sku(&mut session, &sku, params.in_stock, after.as_ref(), params.limit.get())
            .await?;
    let as_of = session.end();
    let page = page.map_err(|missing| not_found(missing, as_of))?;
    let last = page.rows.last().filter(|_| page.more);
    let next_cursor = last.map(|last| cursor::encode(&question, &[last.store_id.as_str()]));
    let stores = page.rows.into_iter().map(SkuStoreOut::from).collect();
    Ok(Json(SkuStoresOut { sku, stores, next_cursor, as_of }))
}
