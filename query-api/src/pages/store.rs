//! Stores: those around a place, and one store's page.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use chrono::Utc;
use contracts::problem::Code;
use contracts::{Brand, StoreId};
use platform::Problem;
use platform::extract::Path;
use serde::Serialize;

use super::Pages;
use super::assets::Asset;
use super::cities::{CITIES, City};
use super::frame::{Frame, Visit, page};
use super::hours::{self, DayView};
use super::map::{self, Map};
use super::place::{self, Place};
use super::store_view::StoreView;
use super::words::{Common, Shop};
use crate::read::{brands, stores};

#[derive(Template)]
#[template(path = "store.html")]
struct StorePage {
    frame: Frame,
    store: StoreView,
    week: Vec<DayView>,
    map: Option<Map>,
    /// Until when it keeps what is put aside now, on its own clock.
    keeps_until: Option<String>,
}

/// `/stores/{store_id}`
pub(super) async fn store(
    State(pages): State<Pages>,
    Path(store_id): Path<StoreId>,
    visit: Visit,
) -> Result<Response, Problem> {
    let mut session = pages.session().await?;
    let found = stores::one(&mut session, &store_id).await?;
    session.end();
    let store = found.map_err(|_| Problem::new(Code::UnknownStore, "No store has this id."))?;
    let now = Utc::now();
    let keeps_until = store.keeps_until(now).zip(store.time_zone.parse::<chrono_tz::Tz>().ok());
    let view = StoreView::without_stock(1, (None, &store), &visit, now);
    let week = hours::week(&store, now, visit.lang);
    let map = map::draw(view.located().into_iter().collect(), Place::of(&visit).point());
    Ok(page(&StorePage {
        keeps_until: keeps_until
            .map(|(until, zone)| until.with_timezone(&zone).format("%-m/%-d %H:%M").to_string()),
        frame: Frame::new(visit, view.name.clone()).of(store_id.brand()),
        store: view,
        week,
        map,
    }))
}

#[derive(Template)]
#[template(path = "stores.html")]
struct StoresPage {
    frame: Frame,
    stores: Vec<StoreView>,
    /// What is said where there may be others.
    other_stores: Option<String>,
    unknown_place: Option<String>,
    none_near: bool,
    map: Option<Map>,
    place_action: &'static str,
    cities: &'static [City],
}

/// What the scripts need.
#[derive(Serialize)]
struct Data {
    common: &'static Common,
    shop: &'static Shop,
}

/// `/brands/{brand}/stores?place=&near=`
pub(super) async fn stores(
    State(pages): State<Pages>,
    Path(brand): Path<Brand>,
    visit: Visit,
) -> Result<Response, Problem> {
    let place = Place::of(&visit);
    let mut session = pages.session().await?;
    if !brands::is_known(&mut session, &brand).await? {
        session.end();
        return Err(Problem::new(Code::NotFound, "No brand with a store has this slug."));
    }
    let around = place::stores_around(&mut session, &brand, &place).await?;
    session.end();
    let now = Utc::now();
    let view = |(n, (distance_mm, store)): (usize, &(Option<u64>, stores::Store))| {
        StoreView::without_stock(n + 1, (*distance_mm, store), &visit, now)
    };
    let views: Vec<StoreView> = around.iter().enumerate().map(view).collect();
    let none_near = place.point().is_some() && around.iter().all(|(distance, _)| distance.is_none());
    let frame = Frame::new(visit.clone(), place.title(&visit)).of(brand);
    let data = Data { common: Common::of(visit.lang), shop: Shop::of(visit.lang) };
    let frame = frame.scripted(Asset::StoresScript, &data, &pages.options)?;
    Ok(page(&StoresPage {
        frame,
        map: map::draw(
            views.iter().filter_map(StoreView::located).collect(),
            place.point().filter(|_| !none_near),
        ),
        other_stores: place::others(views.len(), &visit),
        stores: views,
        unknown_place: place.unknown().map(str::to_owned),
        none_near,
        place_action: "",
        cities: CITIES,
    }))
}
