//! Where shoppers begin: the brands, and a brand's home.

use std::collections::HashSet;

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use contracts::problem::Code;
use contracts::{Brand, Text};
use platform::Problem;
use platform::extract::Path;
use serde::Serialize;

use super::Pages;
use super::assets::Asset;
use super::cities::{CITIES, City};
use super::frame::{Frame, Visit, brand_name, page};
use super::words::{Common, Shop, Words};
use crate::http::own_code;
use crate::read::brands;
use crate::read::search::{self, Found, Matches};

/// Most products that a search shows: some screens of a phone. More words find fewer.
const MAX_SHOWN: usize = 60;

#[derive(Template)]
#[template(path = "brands.html")]
struct BrandsPage {
    frame: Frame,
    brands: Vec<Brand>,
}

/// `/`: the brands; where there is one, its home.
pub(super) async fn brands(State(pages): State<Pages>, visit: Visit) -> Result<Response, Problem> {
    let mut session = pages.session().await?;
    let brands = brands::all(&mut session).await?;
    session.end();
    if let [only] = brands.as_slice() {
        return Ok(Redirect::temporary(&visit.to(&format!("/brands/{only}"))).into_response());
    }
    let title = Words::of(visit.lang).common.choose_brand.to_string();
    Ok(page(&BrandsPage { frame: Frame::new(visit, title), brands }))
}

#[derive(Template)]
#[template(path = "home.html")]
struct HomePage {
    frame: Frame,
    place_action: String,
    unknown_place: Option<String>,
    cities: &'static [City],
    /// What was searched for, and what was found.
    search: Option<(String, Vec<FoundProduct>)>,
    complete: bool,
}

/// What the script needs.
#[derive(Serialize)]
struct Data<'d> {
    common: &'static Common,
    shop: &'static Shop,
    brand: &'d Brand,
}

/// A product that was found.
struct FoundProduct {
    name: String,
    code: String,
    address: String,
    colours: usize,
}

impl FoundProduct {
    fn of(found: &Found, visit: &Visit) -> Self {
        let Found { product, skus } = found;
        let colours: HashSet<_> = skus.iter().map(|sku| (&sku.colour_ja, &sku.colour_en)).collect();
        let name = visit.lang.pick(product.name_ja.as_deref(), product.name_en.as_deref());
        Self {
            name: name.to_owned(),
            code: own_code(&product.product_code).to_owned(),
            address: visit.to(&format!("/products/{}", product.product_code)),
            colours: colours.len(),
        }
    }
}

/// `/brands/{brand}?q=`: a brand's home, with what was searched for.
pub(super) async fn brand(
    State(pages): State<Pages>,
    Path(brand): Path<Brand>,
    visit: Visit,
) -> Result<Response, Problem> {
    let phrase = visit.asked("q").map(|q| q.chars().take(Text::MAX_CHARS).collect::<String>());
    let mut session = pages.session().await?;
    if !brands::is_known(&mut session, &brand).await? {
        session.end();
        return Err(Problem::new(Code::NotFound, "No brand with a store has this slug."));
    }
    let mut found = Matches { found: Vec::new(), complete: true };
    if let Some(phrase) = &phrase {
        found = search::matches(&mut session, &brand, phrase).await?;
    }
    session.end();
    let complete = found.complete && found.found.len() <= MAX_SHOWN;
    let shown: Vec<FoundProduct> =
        found.found.iter().take(MAX_SHOWN).map(|found| FoundProduct::of(found, &visit)).collect();
    let search = phrase.map(|phrase| (phrase, shown));
    let data = Data { common: Common::of(visit.lang), shop: Shop::of(visit.lang), brand: &brand };
    let frame = Frame::new(visit, brand_name(&brand)).of(brand.clone());
    let frame = frame.scripted(Asset::HomeScript, &data, &pages.options)?;
    let place_action = format!("/brands/{brand}/stores");
    Ok(page(&HomePage { frame, place_action, unknown_place: None, cities: CITIES, search, complete }))
}
