//! The API's documentation: `/openapi.json` for programs, `/docs` for people.
//!
//! Owns how a document is shown, not what it says. The page must never ask anybody but this service for anything.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use contracts::problem::Code;
use utoipa_swagger_ui::Config;

use crate::Problem;
use crate::extract::Path;

/// What the browser may load, so that "nobody but this service" is kept by it as well. Swagger UI sets styles of elements
/// and has its icons as `data:` URLs.
const CONTENT_SECURITY_POLICY: &str =
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'";

/// The routes of the documentation of an API, from its OpenAPI document as JSON.
pub fn routes(openapi: String) -> Router {
    // By default Swagger UI sends the document's address to an online validator.
    let config = Arc::new(Config::new(["/openapi.json"]).validator_url("none"));
    let openapi: Arc<str> = openapi.into();
    Router::new()
        .route("/docs", get(|| async { Redirect::permanent("/docs/") }))
        .route("/docs/", get(|State(config)| async { file("index.html", config) }))
        .route(
            "/docs/{file}",
            get(|Path(name): Path<String>, State(config)| async move { file(&name, config) }),
        )
        .with_state(config)
        .merge(Router::new().route("/openapi.json", get(document)).with_state(openapi))
}

/// This document
#[utoipa::path(
    get, path = "/openapi.json", tag = "service", security(()),
    responses((status = 200, description = "OpenAPI 3.1.", body = serde_json::Value))
)]
pub(crate) async fn document(State(openapi): State<Arc<str>>) -> impl IntoResponse {
    let json = (header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    ([json], openapi.to_string())
}

fn file(name: &str, config: Arc<Config<'static>>) -> Response {
    match utoipa_swagger_ui::serve(name, config) {
        Ok(Some(file)) => {
            let headers = [
                (header::CONTENT_TYPE, file.content_type),
                (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY.to_owned()),
            ];
            (headers, file.bytes.into_owned()).into_response()
        }
        Ok(None) => Problem::new(Code::NotFound, "The documentation has no such file.").into_response(),
        Err(error) => {
            tracing::error!(%error, file = name, "the documentation cannot be shown");
            Problem::internal().into_response()
        }
    }
}
