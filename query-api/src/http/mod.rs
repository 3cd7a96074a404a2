//! The read side's HTTP form: what may be asked, and how it is answered.
//!
//! Owns parameters, cursors and the answers' fields. It must never hold SQL, and never answer with customer data.

mod access;
mod cursor;
mod params;
mod problems;
mod reservations;
mod stock;

use axum::Router;
use axum::http::{HeaderValue, header};
use axum::middleware::map_response;
use axum::response::Response;
use axum::routing::get;
use platform::auth::{self, Verifier};
use sqlx::MySqlPool;

/// The routes under `/v1`.
pub(crate) fn routes(pool: MySqlPool, verifier: Verifier) -> Router {
    let reservations = Router::new()
        .route("/v1/reservations/{id}", get(reservations::one))
        .route("/v1/stores/{store_id}/reservations", get(reservations::of_store))
        .route_layer(map_response(no_store))
        .layer(auth::layer(verifier));
    Router::new()
        .route("/v1/stores/{store_id}/stock/{sku}", get(stock::level))
        .route("/v1/skus/{sku}/stores", get(stock::stores_with_sku))
        .merge(reservations)
        .with_state(pool)
}

/// What one person put aside is nothing for a shared cache to keep.
async fn no_store(mut response: Response) -> Response {
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
