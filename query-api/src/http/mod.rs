//! The read side's HTTP form: what may be asked, and how it is answered.
//!
//! Owns parameters, cursors and the answers' fields. It must never hold SQL, and never say whose a hold is but
//! through [`customers`].

mod about;
mod access;
mod answer;
mod at_store;
mod availability;
mod codes;
mod cursor;
mod customers;
mod feed;
mod history;
mod jsonld;
mod list;
mod names;
mod near;
mod openapi;
mod params;
mod phrase;
mod pick_list;
mod problems;
mod products;
mod reader;
mod reservations;
mod search;
mod shared;
mod shortfalls;
mod stock;
mod store_stock;
mod stores;
mod stream;
mod supply;
mod values;

pub(crate) use answer::for_script;
use axum::Router;
use axum::extract::FromRef;
use axum::middleware::{from_fn, from_fn_with_state};
pub use cursor::CursorKey;
pub(crate) use jsonld::product_group;
pub(crate) use names::own_code;
pub(crate) use near::kilometres;
use platform::docs;
pub(crate) use supply::Supply;
use utoipa::OpenApi as _;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::live::Live;
use crate::read::Source;
use feed::Feeds;
use shared::Shared;

/// What every lookup is answered with.
#[derive(Clone)]
struct Asked {
    source: Source,
    cursors: CursorKey,
}

impl FromRef<Asked> for Source {
    fn from_ref(asked: &Asked) -> Self {
        asked.source.clone()
    }
}

impl FromRef<Asked> for CursorKey {
    fn from_ref(asked: &Asked) -> Self {
        asked.cursors.clone()
    }
}

/// The routes under `/v1`, and their documentation.
pub(crate) fn routes(source: Source, cursors: CursorKey) -> Router {
    let (stock, stock_document) = for_everybody().split_for_parts();
    let (reservations, reservations_document) = for_some().split_for_parts();
    let (live, live_document) = for_followers().split_for_parts();
    let (feeds, feeds_document) = for_machines().split_for_parts();
    let documents = [reservations_document, live_document, feeds_document];
    let document = documents.into_iter().fold(stock_document, OpenApi::merge_from);
    let document = openapi::document(document);
    let stock = stock.route_layer(from_fn_with_state(Shared::new(), shared::share));
    let reservations = reservations.route_layer(from_fn(shared::private));
    let lookups = stock
        .merge(reservations)
        .route_layer(from_fn_with_state(source.stale_after(), answer::unless_modified))
        .route_layer(from_fn(reader::tell_preference));
    let live = live.with_state(Live::new(source.clone()));
    let feeds = feeds.with_state(Feeds::new(source.clone()));
    let lookups = lookups.with_state(Asked { source, cursors });
    lookups.merge(live).merge(feeds).merge(docs::routes(platform::openapi::text(&document)))
}

/// The API's OpenAPI document.
pub(crate) fn document() -> OpenApi {
    let lookups = for_everybody().into_openapi().merge_from(for_some().into_openapi());
    let endless = for_followers().into_openapi().merge_from(for_machines().into_openapi());
    openapi::document(lookups.merge_from(endless))
}

/// Stock is no secret, and a shop is none.
fn for_everybody() -> OpenApiRouter<Asked> {
    OpenApiRouter::with_openapi(openapi::Parts::openapi())
        .routes(routes!(stock::level))
        .routes(routes!(stock::stores_with_sku))
        .routes(routes!(availability::of_product))
        .routes(routes!(availability::of_bag))
        .routes(routes!(jsonld::product))
        .routes(routes!(products::search))
        .routes(routes!(stores::around))
        .routes(routes!(stores::one))
}

/// Stock is told to whoever follows it. No lookup: it has no end.
fn for_followers() -> OpenApiRouter<Live> {
    OpenApiRouter::default().routes(routes!(stream::changes))
}

/// All of a brand's stock, for whoever takes it whole. No lookup: nobody waits for its end.
fn for_machines() -> OpenApiRouter<Feeds> {
    OpenApiRouter::default().routes(routes!(feed::local_inventory))
}

/// Holds are shown to those who have to do with them.
fn for_some() -> OpenApiRouter<Asked> {
    OpenApiRouter::default()
        .routes(routes!(reservations::one))
        .routes(routes!(history::of_reservation))
        .routes(routes!(reservations::of_store))
        .routes(routes!(search::reservations))
        .routes(routes!(pick_list::of_store))
        .routes(routes!(store_stock::of_store))
        .routes(routes!(shortfalls::of_store))
}
