//! The read side: what shops have, and what is put aside, as the projection knows it.
//!
//! Owns the queries on the MySQL projection and their HTTP form. It must never write, never read the command side's
//! tables, and never answer with customer data (see [`read`]).

mod http;
mod read;

use axum::Router;
pub use http::CursorKey;
use platform::auth::Verifier;
use platform::health::{self, NotReady, Ready};
use platform::server::with_conventions;
use sqlx::MySqlPool;
use utoipa::openapi::OpenApi;

/// Everything that this service answers.
pub fn router(pool: MySqlPool, cursors: CursorKey, verifier: Verifier) -> Router {
    with_conventions(http::routes(pool.clone(), cursors, verifier).merge(health::routes(Projection(pool))))
}

/// The API's OpenAPI document.
#[must_use]
pub fn document() -> OpenApi {
    http::document()
}

/// The projection, as health sees it.
#[derive(Clone)]
struct Projection(MySqlPool);

impl Ready for Projection {
    async fn check(&self) -> Result<(), NotReady> {
        read::check_schema(&self.0).await.map_err(|error| {
            tracing::warn!(cause = error.cause(), "the projection cannot be read");
            NotReady(match error {
                read::Error::NoSchema(_) => "the projection's schema is not there: run `migrate mysql`",
                read::Error::Unavailable(_) | read::Error::TimedOut => {
                    "the projection's database does not answer"
                }
                read::Error::Defect(_) => "the projection's database gives answers that cannot be read",
            })
        })
    }
}
