//! The web pages: a shopper's, and the screen for staff.
//!
//! Owns what people see and in which words. It reads the projection as the API's handlers do; what people do there,
//! scripts send to the command API. It must never answer with customer data, never set a cookie, and never name another
//! server than the ones it is told of (docs/adr, 0021).

mod assets;
mod cities;
mod dress;
mod frame;
mod hold;
mod home;
mod hours;
mod lang;
mod map;
mod matrix;
mod options;
mod place;
mod product;
mod staff;
mod store;
mod store_view;
mod symbol;
mod words;

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::get;
use tower_http::compression::CompressionLayer;

use crate::read::{Error, Needs, Session, Source};
pub use options::{Endpoint, EndpointError, PageOptions};

/// What pages are made with.
#[derive(Clone)]
pub(crate) struct Pages {
    source: Source,
    options: PageOptions,
}

impl Pages {
    /// A session that needs nothing: pages show what there is, with its date.
    async fn session(&self) -> Result<Session, Error> {
        self.source.session(&Needs::default()).await
    }
}

/// The routes of the pages and of what they load.
pub(crate) fn routes(source: Source, options: PageOptions) -> Router {
    Router::new()
        .route("/", get(home::brands))
        .route("/brands/{brand}", get(home::brand))
        .route("/brands/{brand}/stores", get(store::stores))
        .route("/stores/{store_id}", get(store::store))
        .route("/holds/{reservation_id}", get(hold::hold))
        .route("/products/{product_code}", get(product::product))
        .merge(staff::routes())
        .with_state(Pages { source, options })
        .merge(assets::routes())
        // A page says nothing to one reader that another may not know, so its length tells nobody anything.
        .layer(CompressionLayer::new())
}

/// Around all routes, of pages or not: a path that is none is shown as a page as well.
pub(crate) fn dressed(router: Router, options: &PageOptions) -> Router {
    router.layer(from_fn_with_state(dress::Headers::of(options), dress::dress))
}
