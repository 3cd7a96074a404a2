//! Answers about stores.

use axum::extract::State;
use chrono::{DateTime, Utc};
use contracts::{Brand, OpeningHours, StoreId};
use platform::Problem;
use platform::extract::{NoParams, Path, Query};
use serde::Serialize;
use utoipa::ToSchema;

use super::answer::Dated;
use super::names::NameOut;
use super::near::{self, OpenOut, kilometres};
use super::params::StoresParams;
use super::problems::not_found;
use super::reader::Reader;
use super::{CursorKey, codes};
use crate::read;
use crate::read::stores::{Near, Store, Wanted};

/// A physical shop.
#[derive(Debug, Serialize, ToSchema)]
#[schema(examples(json!({
    "store_id": "hinata.ginza-01", "name": {"ja": "銀座店", "en": "Ginza"}, "latitude": 35.67, "longitude": 139.76,
    "time_zone": "Asia/Tokyo", "opening_hours": {"mon": [{"opens": "10:00", "closes": "20:00"}]},
    "open_now": true, "open_until": "2026-05-01T20:00:00+09:00", "version": 3, "updated_at": "2026-05-01T09:30:00Z",
})))]
pub(super) struct StoreOut {
    #[schema(value_type = StoreId)]
    store_id: String,
    /// What people call it.
    name: NameOut,
    /// Where people find it, if that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    address: Option<NameOut>,
    /// Where it is, in degrees (WGS 84), if that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    latitude: Option<f64>,
    /// Where it is, in degrees (WGS 84), if that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    longitude: Option<f64>,
    /// Its clock, as the IANA time zone database calls it.
    time_zone: String,
    /// When it is open, if that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    opening_hours: Option<OpeningHours>,
    #[serde(flatten)]
    open: OpenOut,
    /// Raised by one with every change of the store.
    version: u64,
    /// When the store last changed.
    updated_at: DateTime<Utc>,
}

impl StoreOut {
    fn of(store: Store, now: DateTime<Utc>) -> Self {
        let open = OpenOut::of(&store, now);
        Self {
            store_id: store.store_id,
            name: NameOut { ja: store.name_ja, en: store.name_en },
            address: NameOut::known(store.address_ja, store.address_en),
            latitude: store.latitude,
            longitude: store.longitude,
            time_zone: store.time_zone,
            opening_hours: store.hours.map(|hours| hours.opening),
            open,
            version: store.version,
            updated_at: store.updated_at,
        }
    }
}

/// One store
#[utoipa::path(
    get, path = "/v1/stores/{store_id}", tag = "stores",
    params(("store_id" = StoreId, Path, description = "The store.")),
    responses((status = 200, description = "The store.", body = Dated<StoreOut>), codes::Store),
    security(())
)]
pub(super) async fn one(
    Path(store_id): Path<StoreId>,
    Query(NoParams {}): Query<NoParams>,
    reader: Reader,
) -> Result<Dated<StoreOut>, Problem> {
    let mut session = reader.session().await?;
    let store = read::stores::one(&mut session, &store_id).await?;
    let as_of = session.end();
    let store = store.map_err(|missing| not_found(missing, as_of))?;
    Ok(Dated { answer: StoreOut::of(store, Utc::now()), as_of })
}

/// A store near a place.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct NearStoreOut {
    /// How far away it is.
    distance_km: f64,
    #[serde(flatten)]
    store: StoreOut,
}

impl NearStoreOut {
    pub(super) fn of(distance_mm: u64, store: Store, now: DateTime<Utc>) -> Self {
        Self { distance_km: kilometres(distance_mm), store: StoreOut::of(store, now) }
    }
}

/// A brand's stores near a place, the nearest in front.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct StoresOut {
    stores: Vec<NearStoreOut>,
    /// How far was looked.
    radius_km: f64,
    /// For the page behind this one; `null` on the last.
    #[schema(required = true)]
    next_cursor: Option<String>,
}

/// A brand's stores near a place
#[utoipa::path(
    get, path = "/v1/stores", tag = "stores", params(StoresParams),
    responses((status = 200, description = "A page of stores, the nearest in front.", body = Dated<StoresOut>), codes::Stores),
    security(())
)]
pub(super) async fn around(
    State(cursors): State<CursorKey>,
    Query(params): Query<StoresParams>,
    reader: Reader,
) -> Result<Dated<StoresOut>, Problem> {
    let brand: &Brand = &params.brand;
    let circle = near::circle(params.near, params.radius_km);
    let (around, open) = (near::in_question(circle), params.open_now.to_string());
    let question = ["stores", brand.as_str(), &around, &open];
    let after = near::after(&cursors, &question, params.cursor.as_ref(), brand)?;
    let now = Utc::now();
    let wanted = Wanted {
        sku: None,
        open_at: params.open_now.then_some(now),
        after: after.as_ref(),
        limit: params.limit.get(),
    };
    let mut session = reader.session().await?;
    let places = read::places::around(&mut session, brand, circle).await?;
    let page = read::stores::near(&mut session, &places, &wanted).await?;
    let as_of = session.end();
    let next_cursor = cursors.next(&question, &page, key);
    let stores =
        page.rows.into_iter().map(|near| NearStoreOut::of(near.distance_mm, near.store, now)).collect();
    Ok(Dated { answer: StoresOut { stores, radius_km: places.radius_km, next_cursor }, as_of })
}

/// The key of a store near a place.
pub(super) fn key(near: &Near) -> [String; 2] {
    [near.distance_mm.to_string(), near.store.store_id.clone()]
}
