//! The screens for staff: the day's, the way back from signing in, and the slip for a shelf.
//!
//! They hold no hold and no name: what staff may see, the script asks for with their token.

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use contracts::problem::Code;
use contracts::{Brand, PickupCode, ReservationId};
use platform::Problem;
use serde::Serialize;

use super::Pages;
use super::assets::Asset;
use super::frame::{Frame, Visit, page};
use super::symbol::{self, BAR_HEIGHT, Symbol};
use super::words::{Common, Phrase, Problems, Staff, Words};
use crate::read::shops::{self, Shop};

/// The routes of the screens.
pub(super) fn routes() -> Router<Pages> {
    Router::new()
        .route("/staff", get(day))
        .route("/staff/signed-in", get(signed_in))
        .route("/staff/slip", get(slip))
        .route("/staff/stores", get(stores))
}

/// What the scripts need.
#[derive(Serialize)]
struct Data {
    common: &'static Common,
    staff: &'static Staff,
    problems: &'static Problems,
}

fn frame(pages: &Pages, visit: Visit, script: Asset) -> Result<Frame, Problem> {
    let Words { common, staff, problems, .. } = Words::of(visit.lang);
    let frame = Frame::new(visit, staff.title.to_string());
    frame.scripted(script, &Data { common, staff, problems }, &pages.options)
}

#[derive(Template)]
#[template(path = "staff.html")]
struct DayPage {
    frame: Frame,
    /// The lists: where the script finds each, what it is called, and what is said where it is empty.
    lists: [(&'static str, Phrase, Phrase); 4],
    /// Why a hold is cancelled.
    reasons: [Phrase; 4],
    keys: [(&'static str, Phrase); 11],
}

async fn day(State(pages): State<Pages>, visit: Visit) -> Result<Response, Problem> {
    let Words { staff, .. } = Words::of(visit.lang);
    Ok(page(&DayPage {
        frame: frame(&pages, visit, Asset::StaffScript)?,
        lists: [
            ("due", staff.due_soon, staff.due_none),
            ("shortfalls", staff.shortfalls, staff.shortfalls_none),
            ("held", staff.to_fetch, staff.fetch_none),
            ("ready", staff.ready, staff.ready_none),
        ],
        reasons: [staff.reason_customer, staff.reason_not_found, staff.reason_damaged, staff.reason_other],
        keys: [
            ("/", staff.key_find),
            ("n", staff.key_new),
            ("↑ ↓", staff.key_move),
            ("r", staff.key_ready),
            ("c", staff.key_collect),
            ("e", staff.key_extend),
            ("x", staff.key_cancel),
            ("p", staff.key_slip),
            ("a", staff.key_adjust),
            ("?", staff.key_help),
            ("Esc", staff.key_escape),
        ],
    }))
}

#[derive(Template)]
#[template(path = "staff-signed-in.html")]
struct SignedInPage {
    frame: Frame,
}

async fn signed_in(State(pages): State<Pages>, visit: Visit) -> Result<Response, Problem> {
    Ok(page(&SignedInPage { frame: frame(&pages, visit, Asset::SignedInScript)? }))
}

#[derive(Template)]
#[template(path = "staff-slip.html")]
struct SlipPage {
    frame: Frame,
    /// The pick-up code for scanners. It follows from the id, and says nothing of the hold.
    bars: Option<Symbol>,
}

/// `/staff/slip?hold=`
async fn slip(State(pages): State<Pages>, visit: Visit) -> Result<Response, Problem> {
    let hold = visit.asked("hold").and_then(|id| id.parse::<ReservationId>().ok());
    let code = hold.map(|id| PickupCode::from(id).to_string());
    let bars = code.and_then(|code| symbol::code_128(&code, BAR_HEIGHT));
    Ok(page(&SlipPage { frame: frame(&pages, visit, Asset::SlipScript)?, bars }))
}

/// A store to choose.
#[derive(Serialize)]
struct StoreOut {
    store_id: String,
    name: String,
    time_zone: String,
}

#[derive(Serialize)]
struct StoresOut {
    stores: Vec<StoreOut>,
    complete: bool,
}

/// `/staff/stores?brand=`: the stores that somebody chooses from, by their names in the visitor's language. Shops are no
/// secret.
async fn stores(State(pages): State<Pages>, visit: Visit) -> Result<Response, Problem> {
    let brand = visit
        .asked("brand")
        .and_then(|slug| slug.parse::<Brand>().ok())
        .ok_or_else(|| Problem::new(Code::InvalidQuery, "Say whose stores: the brand's slug.").at("brand"))?;
    let mut session = pages.session().await?;
    let shops = shops::of_brand(&mut session, &brand).await?;
    session.end();
    let store = |shop: Shop| StoreOut {
        name: visit.lang.pick(shop.name_ja.as_deref(), shop.name_en.as_deref()).to_owned(),
        store_id: shop.store_id,
        time_zone: shop.time_zone,
    };
    let stores = shops.rows.into_iter().map(store).collect();
    Ok(Json(StoresOut { stores, complete: !shops.more }).into_response())
}
