//! `GET /problems/{code}`: what a problem's `type` leads to.

use axum::Router;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use contracts::problem::Code;

use crate::Problem;
use crate::extract::Path;

const CONTENT_TYPE: &str = "text/markdown; charset=utf-8";

/// The route of the pages.
pub(crate) fn routes() -> Router {
    Router::new().route("/problems/{code}", get(page))
}

async fn page(Path(code): Path<String>) -> Response {
    match Code::ALL.iter().find(|known| known.as_str() == code) {
        Some(code) => ([(header::CONTENT_TYPE, CONTENT_TYPE)], code.page()).into_response(),
        None => Problem::new(Code::NotFound, "No problem has this code.").into_response(),
    }
}
