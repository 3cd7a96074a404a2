//! The read side: what shops have, and what is put aside, as the projection knows it.
//!
//! Owns the queries on the MySQL projection, their HTTP form, and the web pages. It must never write, never read the command
//! side's tables, and never tell anybody but staff whose a hold is (see [`read`]).

mod http;
mod live;
mod pages;
mod read;

use axum::Router;
pub use http::CursorKey;
pub use pages::{Endpoint, EndpointError, PageOptions};
use platform::auth::Verifier;
use platform::health::{self, NotReady, Ready};
use platform::server::with_conventions;
use platform::throttle::{Throttle, Work};
use utoipa::openapi::OpenApi;

pub use read::Source;

/// Most connections to a database. A read takes about a millisecond, so these serve thousands a second; more would only
/// move the queue into MySQL.
pub const MAX_CONNECTIONS: u32 = 20;
/// Of these, those that stay for staff and tills.
const RESERVED_CONNECTIONS: u32 = 4;
/// What this service has to share out: a place for each connection, so that nobody waits for one behind others.
pub const WORK: Work =
    Work { places: MAX_CONNECTIONS as usize, reserved: RESERVED_CONNECTIONS as usize, holds: None };

/// Everything that this service answers.
pub fn router(
    source: Source,
    cursors: CursorKey,
    verifier: Verifier,
    throttle: Throttle,
    options: PageOptions,
) -> Router {
    let api = http::routes(source.clone(), cursors);
    let pages = pages::routes(source.clone(), options.clone());
    let guarded = throttle.guard(api.merge(pages), verifier);
    let router = with_conventions(guarded.merge(health::routes(Projection(source))));
    pages::dressed(router, &options)
}

/// The API's OpenAPI document.
#[must_use]
pub fn document() -> OpenApi {
    http::document()
}

/// The projection, as health sees it.
#[derive(Clone)]
struct Projection(Source);

impl Ready for Projection {
    async fn check(&self) -> Result<(), NotReady> {
        read::check_schema(&self.0).await.map_err(|error| {
            tracing::warn!(cause = error.cause(), "the projection cannot be read");
            NotReady(match error {
                read::Error::NoSchema(_) => "the projection's schema is not there: run `migrate mysql`",
                read::Error::Unavailable(_)
                | read::Error::Demoted
                | read::Error::TimedOut
                | read::Error::Behind => "the projection's database does not answer",
                read::Error::Defect(_) => "the projection's database gives answers that cannot be read",
            })
        })
    }
}
