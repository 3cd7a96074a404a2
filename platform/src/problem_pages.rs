//! `GET /problems/{code}`: what a problem's `type` leads to.

use axum::Router;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use contracts::problem::Code;

use crate::Problem;
use crate::extract::Path;

#[cfg(feature = "docs")]
crate::problems! {
    pub(crate) NoPage: [NotFound];
}

const CONTENT_TYPE: &str = "text/markdown; charset=utf-8";

/// The route of the pages.
pub(crate) fn routes() -> Router {
    Router::new().route("/problems/{code}", get(page))
}

/// The page about a problem: why it happens, what to change, whether to send the request again
#[cfg_attr(feature = "docs", utoipa::path(
    get, path = "/problems/{code}", tag = "service", security(()),
    params(("code" = Code, Path, description = "The problem's code.")),
    responses(
        (status = 200, description = "The page.", body = String, content_type = "text/markdown"),
        NoPage,
    )
))]
pub(crate) async fn page(Path(code): Path<String>) -> Response {
    match Code::ALL.iter().find(|known| known.as_str() == code) {
        Some(code) => ([(header::CONTENT_TYPE, CONTENT_TYPE)], code.page()).into_response(),
        None => Problem::new(Code::NotFound, "No problem has this code.").into_response(),
    }
}
