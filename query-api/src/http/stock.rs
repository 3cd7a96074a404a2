//! Answers about counts.

use axum::Json;
use axum::extract::State;
use chrono::{DateTime, Utc};
use contracts::problem::Code;
use contracts::{Sku, StoreId};
use platform::Problem;
use platform::extract::{Path, Query};
use serde::Serialize;
use sqlx::MySqlPool;

use super::cursor;
use super::params::{NoParams, SkuStoresParams};
use super::problems::not_found;
use crate::read::stock::StoreWithSku;
use crate::read::{self, AsOf, Session};

#[derive(Debug, Serialize)]
pub(super) struct StockOut {
    store_id: StoreId,
    sku: Sku,
    available: i32,
    on_hand: i32,
    held: i32,
    safety: i32,
    version: u64,
    updated_at: DateTime<Utc>,
    as_of: AsOf,
}

/// `GET /v1/stores/{store_id}/stock/{sku}`
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

#[derive(Debug, Serialize)]
pub(super) struct SkuStoresOut {
    sku: Sku,
    stores: Vec<SkuStoreOut>,
    next_cursor: Option<String>,
    as_of: AsOf,
}

#[derive(Debug, Serialize)]
struct SkuStoreOut {
    store_id: String,
    name: NameOut,
    #[serde(skip_serializing_if = "Option::is_none")]
    latitude: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    longitude: Option<f64>,
    available: i32,
    version: u64,
    updated_at: DateTime<Utc>,
}

#[derive(Debug, Serialize)]
struct NameOut {
    #[serde(skip_serializing_if = "Option::is_none")]
    ja: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    en: Option<String>,
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

/// `GET /v1/skus/{sku}/stores`
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
