//! The read side's HTTP form: what may be asked, and how it is answered.
//!
//! Owns parameters, cursors and the answers' fields. It must never hold SQL, and never answer with customer data.

mod access;
mod availability;
mod codes;
mod cursor;
mod list;
mod names;
mod near;
mod openapi;
mod params;
mod phrase;
mod problems;
mod products;
mod reservations;
mod stock;
mod stores;

use axum::Router;
use axum::extract::FromRef;
use axum::http::{HeaderValue, header};
use axum::middleware::map_response;
use axum::response::Response;
pub use cursor::CursorKey;
use platform::auth::{self, Verifier};
use platform::docs;
use sqlx::MySqlPool;
use utoipa::OpenApi as _;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// What every question is answered with.
#[derive(Clone)]
struct Asked {
    pool: MySqlPool,
    cursors: CursorKey,
}

impl FromRef<Asked> for MySqlPool {
    fn from_ref(asked: &Asked) -> Self {
        asked.pool.clone()
    }
}

impl FromRef<Asked> for CursorKey {
    fn from_ref(asked: &Asked) -> Self {
        asked.cursors.clone()
    }
}

/// The routes under `/v1`, and their documentation.
pub(crate) fn routes(pool: MySqlPool, cursors: CursorKey, verifier: Verifier) -> Router {
    let (stock, stock_document) = for_everybody().split_for_parts();
    let (reservations, reservations_document) = for_some().split_for_parts();
    let reservations = reservations.route_layer(map_response(no_store)).layer(auth::layer(verifier));
    let document = openapi::document(stock_document.merge_from(reservations_document));
    stock
        .merge(reservations)
        .with_state(Asked { pool, cursors })
        .merge(docs::routes(platform::openapi::text(&document)))
}

/// The API's OpenAPI document.
pub(crate) fn document() -> OpenApi {
    openapi::document(for_everybody().into_openapi().merge_from(for_some().into_openapi()))
}

/// Stock is no secret, and a shop is none.
fn for_everybody() -> OpenApiRouter<Asked> {
    OpenApiRouter::with_openapi(openapi::Parts::openapi())
        .routes(routes!(stock::level))
        .routes(routes!(stock::stores_with_sku))
        .routes(routes!(availability::of_product))
        .routes(routes!(availability::of_bag))
        .routes(routes!(products::search))
        .routes(routes!(stores::around))
        .routes(routes!(stores::one))
}

/// Holds are shown to those who have to do with them.
fn for_some() -> OpenApiRouter<Asked> {
    OpenApiRouter::default().routes(routes!(reservations::one)).routes(routes!(reservations::of_store))
}

/// What one person put aside is nothing for a shared cache to keep.
async fn no_store(mut response: Response) -> Response {
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
