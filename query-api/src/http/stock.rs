//! Answers about counts.

use axum::extract::State;
use chrono::{DateTime, Utc};
use contracts::problem::Code;
use contracts::{Level, Quantity, Sku, StoreId};
use platform::Problem;
use platform::extract::{NoParams, Path, Query};
use serde::Serialize;
use utoipa::ToSchema;

use super::answer::Dated;
use super::names::NameOut;
use super::near::{self, OpenOut, kilometres};
use super::params::SkuStoresParams;
use super::problems::not_found;
use super::reader::Reader;
use super::{CursorKey, codes, stores};
use crate::read::changes::Changed;
use crate::read::geo::Circle;
use crate::read::stock::{self as read_stock, LevelOf, StoreWithSku};
use crate::read::stores::{Near, Wanted};
use crate::read::{self, Missing};

/// The count of one SKU in one store.
#[derive(Debug, Serialize, ToSchema)]
#[schema(examples(json!({
    "store_id": "hinata.ginza-01", "sku": "hinata.KN1021-BLK-M", "available": 9, "in_store": 9, "on_hand": 12, "held": 2, "safety": 1,
    "version": 7, "updated_at": "2026-05-01T09:30:00Z",
})))]
pub(super) struct StockOut {
    store_id: StoreId,
    sku: Sku,
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
    /// Raised by one with every change.
    version: u64,
    /// When it last changed.
    updated_at: DateTime<Utc>,
}

impl StockOut {
    fn new(store_id: StoreId, sku: Sku, level: &read_stock::Level) -> Self {
        Self {
            store_id,
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

    /// Ids in the projection are ids; what is none is not told.
    pub(super) fn of(changed: &Changed) -> Option<Self> {
        let (store_id, sku) = (changed.store_id.parse().ok()?, changed.sku.parse().ok()?);
        Some(Self::new(store_id, sku, &changed.level))
    }
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
    responses((status = 200, description = "The count.", body = Dated<StockOut>), codes::Level),
    security(())
)]
pub(super) async fn level(
    Path((store_id, sku)): Path<(StoreId, Sku)>,
    Query(NoParams {}): Query<NoParams>,
    reader: Reader,
) -> Result<Dated<StockOut>, Problem> {
    if store_id.brand() != sku.brand() {
        let detail = "Ask for a SKU of the brand that the store belongs to.";
        return Err(Problem::new(Code::BrandMismatch, detail).at("sku"));
    }
    let (session, level) = reader.begin_with(&LevelOf { store_id: &store_id, sku: &sku }).await?;
    let as_of = session.end();
    let level = level.map_err(|missing| not_found(missing, as_of))?;
    Ok(Dated { answer: StockOut::new(store_id, sku, &level), as_of })
}

/// Stores that counted a SKU, in the order of their ids, or the nearest in front.
#[derive(Debug, Serialize, ToSchema)]
#[schema(examples(json!({
    "sku": "hinata.KN1021-BLK-M",
    "stores": [{
        "store_id": "hinata.ginza-01", "name": {"ja": "銀座店", "en": "Ginza"}, "latitude": 35.67, "longitude": 139.76,
        "available": 9, "in_store": 9, "version": 7, "updated_at": "2026-05-01T09:30:00Z",
    }],
    "next_cursor": null,
})))]
pub(super) struct SkuStoresOut {
    sku: Sku,
    stores: Vec<SkuStoreOut>,
    /// How far was looked; with `near` only.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    radius_km: Option<f64>,
    /// For the page behind this one; `null` on the last.
    #[schema(required = true)]
    next_cursor: Option<String>,
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
    /// How far away it is; with `near` only.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    distance_km: Option<f64>,
    /// With `near` only.
    #[serde(flatten)]
    open: Option<OpenOut>,
    /// Pieces that one hold can have.
    #[schema(value_type = Level)]
    available: i32,
    /// Pieces in the store for whoever comes.
    #[schema(value_type = Level)]
    in_store: i32,
    /// The stock's version.
    version: u64,
    /// When the stock last changed.
    updated_at: DateTime<Utc>,
}

impl From<StoreWithSku> for SkuStoreOut {
    fn from(store: StoreWithSku) -> Self {
        Self {
            store_id: store.store_id,
            name: NameOut { ja: store.name_ja, en: store.name_en },
            latitude: store.latitude,
            longitude: store.longitude,
            distance_km: None,
            open: None,
            available: store.available,
            in_store: store.in_store,
            version: store.version,
            updated_at: store.updated_at,
        }
    }
}

impl SkuStoreOut {
    fn near(near: Near, now: DateTime<Utc>) -> Option<Self> {
        let (store, count) = (near.store, near.count?);
        Some(Self {
            distance_km: Some(kilometres(near.distance_mm)),
            open: Some(OpenOut::of(&store, now)),
            store_id: store.store_id,
            name: NameOut { ja: store.name_ja, en: store.name_en },
            latitude: store.latitude,
            longitude: store.longitude,
            available: count.available,
            in_store: count.in_store,
            version: count.version,
            updated_at: count.updated_at,
        })
    }
}

/// The stores that have a SKU
///
/// With `near` those around that place, the nearest in front; otherwise all, in the order of their ids.
#[utoipa::path(
    get, path = "/v1/skus/{sku}/stores", tag = "stock",
    params(("sku" = Sku, Path, description = "The SKU."), SkuStoresParams),
    responses((status = 200, description = "A page of stores.", body = Dated<SkuStoresOut>), codes::StoresWithSku),
    security(())
)]
pub(super) async fn stores_with_sku(
    State(cursors): State<CursorKey>,
    Path(sku): Path<Sku>,
    Query(params): Query<SkuStoresParams>,
    reader: Reader,
) -> Result<Dated<SkuStoresOut>, Problem> {
    let least = params.min_quantity.map_or(i32::from(params.in_stock), Quantity::signed);
    match params.near {
        Some(near) => {
            let circle = near::circle(near, params.radius_km.unwrap_or_default());
            nearest_with_sku((&reader, &cursors), sku, &params, circle, least).await
        }
        None if params.radius_km.is_some() => Err(near::needs("radius_km", "near")),
        None if params.open_now => Err(near::needs("open_now", "near")),
        None => all_with_sku((&reader, &cursors), sku, &params, least).await,
    }
}

async fn all_with_sku(
    (reader, cursors): (&Reader, &CursorKey),
    sku: Sku,
    params: &SkuStoresParams,
    least: i32,
) -> Result<Dated<SkuStoresOut>, Problem> {
    let at_least = least.to_string();
    let question = ["sku_stores", sku.as_str(), &at_least];
    let after =
        cursors.decode(&question, params.cursor.as_ref(), |[id]: [&str; 1]| id.parse::<StoreId>().ok())?;
    let mut session = reader.session().await?;
    let page =
        read::stock::stores_with_sku(&mut session, &sku, least, after.as_ref(), params.limit.get()).await?;
    let as_of = session.end();
    let page = page.map_err(|missing| not_found(missing, as_of))?;
    let next_cursor = cursors.next(&question, &page, |last| [last.store_id.clone()]);
    let stores = page.rows.into_iter().map(SkuStoreOut::from).collect();
    Ok(Dated { answer: SkuStoresOut { sku, stores, radius_km: None, next_cursor }, as_of })
}

async fn nearest_with_sku(
    (reader, cursors): (&Reader, &CursorKey),
    sku: Sku,
    params: &SkuStoresParams,
    circle: Circle,
    least: i32,
) -> Result<Dated<SkuStoresOut>, Problem> {
    let (around, at_least) = (near::in_question(circle), least.to_string());
    let question = ["sku_stores_near", sku.as_str(), &around, &at_least, &params.open_now.to_string()];
    let after = near::after(cursors, &question, params.cursor.as_ref(), &sku.brand())?;
    let now = Utc::now();
    let wanted = Wanted {
        sku: Some((&sku, least)),
        open_at: params.open_now.then_some(now),
        after: after.as_ref(),
        limit: params.limit.get(),
    };
    let mut session = reader.session().await?;
    let places = read::places::around(&mut session, &sku.brand(), circle).await?;
    let page = read::stores::near(&mut session, &places, &wanted).await?;
    let is_known = !page.rows.is_empty() || read::stock::sku_is_known(&mut session, &sku).await?;
    let as_of = session.end();
    if !is_known {
        return Err(not_found(Missing::Sku, as_of));
    }
    let next_cursor = cursors.next(&question, &page, stores::key);
    let stores = page.rows.into_iter().filter_map(|near| SkuStoreOut::near(near, now)).collect();
    let radius_km = Some(places.radius_km);
    Ok(Dated { answer: SkuStoresOut { sku, stores, radius_km, next_cursor }, as_of })
}
