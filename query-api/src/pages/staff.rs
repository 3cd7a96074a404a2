//! The screen for staff.

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use platform::Problem;
use serde::Serialize;

use super::Pages;
use super::assets::Asset;
use super::frame::{Frame, Visit, page};
use super::words::{Common, Staff, Words};

/// The routes of the screen.
pub(super) fn routes() -> Router<Pages> {
    Router::new().route("/staff", get(day))
}

/// What the script needs.
#[derive(Serialize)]
struct Data {
    common: &'static Common,
    staff: &'static Staff,
}

#[derive(Template)]
#[template(path = "staff.html")]
struct DayPage {
    frame: Frame,
}

async fn day(State(pages): State<Pages>, visit: Visit) -> Result<Response, Problem> {
    let Words { common, staff, .. } = Words::of(visit.lang);
    let data = Data { common, staff };
    let frame = Frame::new(visit, staff.title.to_string());
    let frame = frame.scripted(Asset::StaffScript, &data, &pages.options)?;
    Ok(page(&DayPage { frame }))
}
