//! A product's page: its colours and sizes, and the stores that have them.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use chrono::Utc;
use contracts::ProductCode;
use contracts::problem::Code;
use platform::Problem;
use platform::extract::Path;
use serde::Serialize;

use super::Pages;
use super::assets::Asset;
use super::cities::{CITIES, City};
use super::frame::{Frame, Visit, page};
use super::lang::Lang;
use super::map::{self, Map};
use super::matrix::{self, Row, label};
use super::place::{self, Place};
use super::store_view::StoreView;
use super::words::{Common, Hold, Shop};
use crate::http::{for_script, own_code, product_group};
use crate::read::counts::{self, Offering};
use crate::read::products::SkuOf;
use crate::read::{AsOf, products};

/// Stores that the page describes to machines, the nearest: each has an offer for every SKU, and whoever wants more asks the
/// API for it.
const MAX_DESCRIBED: usize = 3;

#[derive(Template)]
#[template(path = "product.html")]
struct ProductPage {
    frame: Frame,
    code: String,
    sizes: Vec<String>,
    rows: Vec<Row>,
    /// What the SKU is called that the stores are shown for.
    chosen: Option<String>,
    /// In how many of the stores it is.
    picked: Option<String>,
    stores: Vec<StoreView>,
    stores_title: String,
    /// What is said where there may be others.
    other_stores: Option<String>,
    unknown_place: Option<String>,
    /// Whether a place is known that no store is near to.
    none_near: bool,
    map: Option<Map>,
    json_ld: String,
    as_of: AsOf,
    place_action: &'static str,
    cities: &'static [City],
}

/// What the script needs.
#[derive(Serialize)]
struct Data<'d> {
    common: &'static Common,
    shop: &'static Shop,
    hold: &'static Hold,
    product_code: &'d str,
    name: &'d str,
    /// Each SKU with what it is called.
    skus: Vec<(&'d str, String)>,
    chosen: Option<&'d str>,
    stores: Vec<StoreData<'d>>,
    #[serde(flatten)]
    as_of: AsOf,
}

#[derive(Serialize)]
struct StoreData<'d> {
    store_id: &'d str,
    name: &'d str,
    time_zone: &'d str,
    /// Until when it keeps what is put aside now.
    keeps_until: Option<String>,
    /// Of each SKU: pieces in the store, and pieces that one hold can have.
    stock: Vec<(&'d str, i32, i32)>,
}

/// `/products/{product_code}?sku=&place=&near=`
pub(super) async fn product(
    State(pages): State<Pages>,
    Path(code): Path<ProductCode>,
    visit: Visit,
) -> Result<Response, Problem> {
    let place = Place::of(&visit);
    let mut session = pages.session().await?;
    let Ok((product, mut skus)) = products::one(&mut session, &code).await? else {
        session.end();
        return Err(Problem::new(Code::UnknownProduct, "No product has this code."));
    };
    matrix::sort(&mut skus);
    let around = place::stores_around(&mut session, &code.brand(), &place).await?;
    let stores = counts::in_stores(&mut session, around, &skus).await?;
    let as_of = session.end();

    let lang = visit.lang;
    let name = lang.pick(product.name_ja.as_deref(), product.name_en.as_deref()).to_owned();
    let chosen = chosen(&visit, &skus, &stores);
    let now = Utc::now();
    let described = stores.get(..MAX_DESCRIBED).unwrap_or(&stores);
    let json_ld = for_script(&product_group(&product, &skus, described).to_string());
    let data = Data {
        common: Common::of(lang),
        shop: Shop::of(lang),
        hold: Hold::of(lang),
        product_code: code.as_str(),
        name: &name,
        skus: skus.iter().map(|sku| (sku.sku.as_str(), label(sku, lang))).collect(),
        chosen: chosen.map(|sku| sku.sku.as_str()),
        stores: stores.iter().map(|store| store_data(store, &visit)).collect(),
        as_of,
    };
    let frame = Frame::new(visit.clone(), name.clone()).of(code.brand());
    let frame = frame.scripted(Asset::ProductScript, &data, &pages.options)?;
    let (sizes, rows) = matrix::of(&skus, &stores, chosen, &visit, code.as_str());
    let views: Vec<StoreView> = stores
        .iter()
        .enumerate()
        .map(|(n, offering)| StoreView::of(n + 1, offering, chosen, &visit, now))
        .collect();
    let none_near = place.point().is_some() && stores.iter().all(|store| store.distance_mm.is_none());
    let here = place.point().filter(|_| !none_near);
    Ok(page(&ProductPage {
        frame,
        code: own_code(code.as_str()).to_owned(),
        sizes,
        rows,
        chosen: chosen.map(|sku| label(sku, lang)),
        picked: chosen.filter(|_| !stores.is_empty()).map(|sku| picked(sku, &stores, lang)),
        map: map::draw(views.iter().filter_map(StoreView::located).collect(), here),
        other_stores: place::others(views.len(), &visit),
        stores: views,
        stores_title: place.title(&visit),
        unknown_place: place.unknown().map(str::to_owned),
        none_near,
        json_ld,
        as_of,
        place_action: "",
        cities: CITIES,
    }))
}

/// The SKU that is asked for; otherwise the first that a store has.
fn chosen<'s>(visit: &Visit, skus: &'s [SkuOf], stores: &[Offering]) -> Option<&'s SkuOf> {
    let asked = visit.asked("sku").and_then(|asked| skus.iter().find(|sku| own_code(&sku.sku) == asked));
    let is_there = |sku: &&SkuOf| matrix::most(&sku.sku, stores).is_some_and(|most| most > 0);
    asked.or_else(|| skus.iter().find(is_there)).or(skus.first())
}

/// In how many of the stores a SKU is, in words: beside the table, where the stores are out of sight on a phone.
fn picked(sku: &SkuOf, stores: &[Offering], lang: Lang) -> String {
    let has = |store: &&Offering| store.offers.iter().any(|(of, offer)| *of == sku.sku && offer.in_store > 0);
    let phrase = Shop::of(lang).picked.with("sku", label(sku, lang));
    phrase.with("n", stores.iter().filter(has).count()).with("all", stores.len()).to_string()
}

fn store_data<'d>(offering: &'d Offering, visit: &Visit) -> StoreData<'d> {
    let store = &offering.store;
    StoreData {
        store_id: &store.store_id,
        name: visit.lang.pick(store.name_ja.as_deref(), store.name_en.as_deref()),
        time_zone: &store.time_zone,
        keeps_until: store.keeps_until(Utc::now()).map(|until| until.to_rfc3339()),
        stock: offering
            .offers
            .iter()
            .map(|(sku, offer)| (sku.as_str(), offer.in_store, offer.available))
            .collect(),
    }
}
