//! The read side's HTTP form: what may be asked, and how it is answered.
//!
//! Owns parameters, cursors and the answers' fields. It must never hold SQL, and never answer with customer data.

mod access;
mod codes;
mod cursor;
mod history;
mod openapi;
mod params;
mod pick_list;
mod problems;
mod reservations;
mod search;
mod shortfalls;
mod stock;
mod store_stock;

use axum::Router;
use axum::http::{HeaderValue, header};
use axum::middleware::map_response;
use axum::response::Response;
use platform::auth::{self, Verifier};
use platform::docs;
use sqlx::MySqlPool;
use utoipa::OpenApi as _;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// The routes under `/v1`, and their documentation.
pub(crate) fn routes(pool: MySqlPool, verifier: Verifier) -> Router {
    let (stock, stock_document) = for_everybody().split_for_parts();
    let (reservations, reservations_document) = for_some().split_for_parts();
    let reservations = reservations.route_layer(map_response(no_store)).layer(auth::layer(verifier));
    let document = openapi::document(stock_document.merge_from(reservations_document));
    stock.merge(reservations).with_state(pool).merge(docs::routes(platform::openapi::text(&document)))
}

/// The API's OpenAPI document.
pub(crate) fn document() -> OpenApi {
    openapi::document(for_everybody().into_openapi().merge_from(for_some().into_openapi()))
}

/// Stock is no secret.
fn for_everybody() -> OpenApiRouter<MySqlPool> {
    OpenApiRouter::with_openapi(openapi::Parts::openapi())
        .routes(routes!(stock::level))
        .routes(routes!(stock::stores_with_sku))
}

/// Holds are shown to those who have to do with them.
fn for_some() -> OpenApiRouter<MySqlPool> {
    OpenApiRouter::default()
        .routes(routes!(reservations::one))
        .routes(routes!(history::of_reservation))
        .routes(routes!(reservations::of_store))
        .routes(routes!(search::reservations))
        .routes(routes!(pick_list::of_store))
        .routes(routes!(store_stock::of_store))
        .routes(routes!(shortfalls::of_store))
}

/// What one person put aside is nothing for a shared cache to keep.
async fn no_store(mut response: Response) -> Response {
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
