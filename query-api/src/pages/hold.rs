//! A hold's own page.
//!
//! It is the same for everybody who asks for an id, whether there is such a hold or not: what it shows of one, its script
//! asks the API for, with the capability that stands in the link's fragment. The pick-up code follows from the id.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use contracts::{MAX_CUSTOMER_EXTENSIONS, PickupCode, ReservationId};
use platform::Problem;
use platform::extract::Path;
use serde::Serialize;

use super::Pages;
use super::assets::Asset;
use super::frame::{Frame, Visit, page};
use super::symbol::{self, BAR_HEIGHT, Symbol};
use super::words::{Common, Hold};

#[derive(Template)]
#[template(path = "hold.html")]
struct HoldPage {
    frame: Frame,
    /// In two halves, as people read it out.
    pickup_code: (String, String),
    qr: Option<Symbol>,
    bars: Option<Symbol>,
}

/// What the script needs.
#[derive(Serialize)]
struct Data {
    common: &'static Common,
    hold: &'static Hold,
    reservation_id: ReservationId,
    /// How often whoever has the link may have the hold kept longer.
    max_extensions: u32,
}

/// `/holds/{reservation_id}#CAPABILITY`
pub(super) async fn hold(
    State(pages): State<Pages>,
    Path(reservation_id): Path<ReservationId>,
    visit: Visit,
) -> Result<Response, Problem> {
    let (common, hold) = (Common::of(visit.lang), Hold::of(visit.lang));
    let frame = Frame::new(visit, hold.page_title.to_string());
    let data = Data { common, hold, reservation_id, max_extensions: MAX_CUSTOMER_EXTENSIONS };
    let frame = frame.scripted(Asset::HoldScript, &data, &pages.options)?;
    let code = PickupCode::from(reservation_id).to_string();
    let (front, back) = code.split_at(code.len() / 2);
    Ok(page(&HoldPage {
        frame,
        pickup_code: (front.to_owned(), back.to_owned()),
        qr: symbol::qr(&code),
        bars: symbol::code_128(&code, BAR_HEIGHT),
    }))
}
