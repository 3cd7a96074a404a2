//! Answers about many counts at once: a product's in the stores around, and a shopping bag's.

use axum::extract::State;
use chrono::Utc;
use contracts::problem::Code;
use contracts::{Level, ProductCode, Sku, StoreId};
use platform::Problem;
use platform::extract::{Path, Query};
use serde::Serialize;
use utoipa::ToSchema;

use super::answer::Dated;
use super::names::NameOut;
use super::near;
use super::params::{AvailabilityParams, BagParams};
use super::problems::not_found;
use super::reader::Reader;
use super::stores::{self, NearStoreOut};
use super::{CursorKey, codes};
use crate::read::counts::{self, Offer, Offering};
use crate::read::products::{Product, SkuOf};
use crate::read::stores::Wanted;
use crate::read::{self, AsOf};

/// Most stores of one page: with 90 SKUs each, an answer of about a hundred kilobytes.
const MAX_STORES: u32 = 20;

/// One size of a product in one colour.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SkuOfProduct)]
pub(super) struct SkuOut {
    #[schema(value_type = Sku)]
    sku: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    colour: Option<NameOut>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    size: Option<String>,
    /// GTIN or JAN.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    gtin: Option<String>,
}

impl From<SkuOf> for SkuOut {
    fn from(sku: SkuOf) -> Self {
        let colour = NameOut::known(sku.colour_ja, sku.colour_en);
        Self { sku: sku.sku, colour, size: sku.size, gtin: sku.gtin }
    }
}

/// How many pieces of a SKU there are.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct OfferOut {
    #[schema(value_type = Sku)]
    sku: String,
    /// Pieces that one hold can have.
    #[schema(value_type = Level)]
    available: i32,
    /// Pieces in the store for whoever comes.
    #[schema(value_type = Level)]
    in_store: i32,
    /// The stock's version.
    version: u64,
}

impl OfferOut {
    fn new(sku: String, Offer { available, in_store, version }: Offer) -> Self {
        Self { sku, available, in_store, version }
    }
}

/// A store near a place, and what it has of a product.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct StoreOffersOut {
    #[serde(flatten)]
    store: NearStoreOut,
    /// In the order of the SKUs; without those that were never counted there.
    stock: Vec<OfferOut>,
}

/// A product's sizes and colours in the stores near a place, the nearest in front.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct AvailabilityOut {
    product_code: ProductCode,
    name: NameOut,
    skus: Vec<SkuOut>,
    stores: Vec<StoreOffersOut>,
    /// How far was looked.
    radius_km: f64,
    /// For the page behind this one; `null` on the last.
    #[schema(required = true)]
    next_cursor: Option<String>,
}

/// Sizes × colours × stores of a product, near a place
///
/// A page has 20 stores at most, those that have nothing of it included.
#[utoipa::path(
    get, path = "/v1/products/{product_code}/availability", tag = "stock",
    params(("product_code" = ProductCode, Path, description = "The product."), AvailabilityParams),
    responses(
        (status = 200, description = "A page of stores, the nearest in front.", body = Dated<AvailabilityOut>),
        codes::Availability,
    ),
    security(())
)]
pub(super) async fn of_product(
    cursors: State<CursorKey>,
    Path(product_code): Path<ProductCode>,
    params: Query<AvailabilityParams>,
    reader: Reader,
) -> Result<Dated<AvailabilityOut>, Problem> {
    let Around { product, skus, stores, radius_km, next_cursor, as_of } =
        around(cursors, &product_code, params, reader).await?;
    let now = Utc::now();
    let store = |Offering { distance_mm, store, offers }: Offering| StoreOffersOut {
        store: NearStoreOut::of(distance_mm.unwrap_or_default(), store, now),
        stock: offers.into_iter().map(|(sku, offer)| OfferOut::new(sku, offer)).collect(),
    };
    let answer = AvailabilityOut {
        product_code,
        name: NameOut { ja: product.name_ja, en: product.name_en },
        skus: skus.into_iter().map(SkuOut::from).collect(),
        stores: stores.into_iter().map(store).collect(),
        radius_km,
        next_cursor,
    };
    Ok(Dated { answer, as_of })
}

/// A product in the stores of a page.
pub(super) struct Around {
    pub(super) product: Product,
    pub(super) skus: Vec<SkuOf>,
    pub(super) stores: Vec<Offering>,
    radius_km: f64,
    next_cursor: Option<String>,
    pub(super) as_of: AsOf,
}

/// Reads what is asked for.
pub(super) async fn around(
    State(cursors): State<CursorKey>,
    product_code: &ProductCode,
    Query(params): Query<AvailabilityParams>,
    reader: Reader,
) -> Result<Around, Problem> {
    let circle = near::circle(params.near, params.radius_km);
    let question = ["availability", product_code.as_str(), &near::in_question(circle)];
    let after = near::after(&cursors, &question, params.cursor.as_ref(), &product_code.brand())?;
    let limit = params.limit.get().min(MAX_STORES);
    let wanted = Wanted { sku: None, open_at: None, after: after.as_ref(), limit };
    let mut session = reader.session().await?;
    let (product, skus) = match read::products::one(&mut session, product_code).await? {
        Ok(found) => found,
        Err(missing) => return Err(not_found(missing, session.end())),
    };
    let places = read::places::around(&mut session, &product_code.brand(), circle).await?;
    let page = read::stores::near(&mut session, &places, &wanted).await?;
    let next_cursor = cursors.next(&question, &page, stores::key);
    let near = page.rows.into_iter().map(|near| (Some(near.distance_mm), near.store)).collect();
    let stores = counts::in_stores(&mut session, near, &skus).await?;
    Ok(Around { product, skus, stores, radius_km: places.radius_km, next_cursor, as_of: session.end() })
}

/// How many pieces of a SKU a store has.
#[derive(Debug, Serialize, ToSchema)]
struct StoreOfferOut {
    #[schema(value_type = StoreId)]
    store_id: String,
    #[serde(flatten)]
    offer: OfferOut,
}

/// What some stores have of some SKUs.
#[derive(Debug, Serialize, ToSchema)]
#[schema(examples(json!({
    "stock": [{"store_id": "hinata.ginza-01", "sku": "hinata.KN1021-BLK-M", "available": 9, "in_store": 9, "version": 7}],
})))]
pub(super) struct BagOut {
    /// Store by store, in the order asked for; without the SKUs that were never counted there.
    stock: Vec<StoreOfferOut>,
}

/// Many SKUs in many stores: a shopping bag
#[utoipa::path(
    get, path = "/v1/stock", tag = "stock", params(BagParams),
    responses((status = 200, description = "What the stores have.", body = Dated<BagOut>), codes::Bag),
    security(())
)]
pub(super) async fn of_bag(
    Query(params): Query<BagParams>,
    reader: Reader,
) -> Result<Dated<BagOut>, Problem> {
    let (stores, skus) = (params.store_id.as_slice(), params.sku.as_slice());
    let brand = stores.first().map(StoreId::brand);
    let of_others = |field| {
        let detail = "Ask for stores and SKUs of one brand.";
        Problem::new(Code::BrandMismatch, detail).at(field)
    };
    if stores.iter().any(|store| Some(store.brand()) != brand) {
        return Err(of_others("store_id"));
    }
    if skus.iter().any(|sku| Some(sku.brand()) != brand) {
        return Err(of_others("sku"));
    }
    let store_ids: Vec<&str> = stores.iter().map(StoreId::as_str).collect();
    let sku_ids: Vec<&str> = skus.iter().map(Sku::as_str).collect();
    let mut session = reader.session().await?;
    let mut offers = counts::offers(&mut session, &store_ids, &sku_ids).await?;
    let as_of = session.end();
    let mut stock = Vec::with_capacity(offers.len());
    for store in stores {
        for sku in skus {
            let (store_id, sku) = (store.to_string(), sku.to_string());
            let Some(offer) = offers.remove(&(store_id.clone(), sku.clone())) else { continue };
            stock.push(StoreOfferOut { store_id, offer: OfferOut::new(sku, offer) });
        }
    }
    Ok(Dated { answer: BagOut { stock }, as_of })
}
