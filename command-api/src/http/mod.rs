//! The command API: thin handlers from requests to use cases.
//!
//! What a request may say is parsed here, once; what a refusal looks like is said here, once.

mod body;
mod codes;
mod command;
mod openapi;
mod problem;

use axum::Router;
use axum::extract::State;
use chrono::Utc;
use contracts::{ProductCode, ReservationId, Sku, StoreId};
use platform::auth::Verifier;
use platform::extract::{Json, OptionalJson, Path};
use platform::health::{self, NotReady, Ready};
use platform::throttle::{Throttle, Work};
use platform::{Problem, docs, server};
use utoipa::OpenApi as _;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::{App, Move, PlacedOut, ProductOut, ReservationOut, StockOut, StoreOut};
use crate::domain::stock::StockKey;
use crate::http::body::{AdjustmentIn, CountIn, HoldIn, MoveIn, ProductIn, StoreIn};
use crate::http::command::{Command, NewCommand, Reply};
use crate::http::problem::{problem, problem_in};

/// Commands that are worked on at once: while DynamoDB is well some tens are, and those who wait in lanes need room beside
/// them. Above it every further one would only wait longer.
const MAX_WORK: usize = 512;
/// Of these, those of staff and tills: more than all shops of a large chain send in the time of one command.
const RESERVED_WORK: usize = 128;
/// What this service has to share out.
pub const WORK: Work = Work { places: MAX_WORK, reserved: RESERVED_WORK, holds: Some(HOLDS) };
/// Where holds are placed.
const HOLDS: &str = "/v1/reservations";

/// The API, its health, its documentation and its conventions.
pub fn router(app: App, verifier: Verifier, throttle: Throttle) -> Router {
    let (api, document) = routes().split_for_parts();
    let document = openapi::document(document);
    let docs = docs::routes(platform::openapi::text(&document));
    let api = throttle.guard(api.with_state(app.clone()).merge(docs), verifier);
    server::with_conventions(api.merge(health::routes(Tables(app))))
}

/// The API's OpenAPI document.
#[must_use]
pub fn document() -> OpenApi {
    openapi::document(routes().into_openapi())
}

fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::with_openapi(openapi::Parts::openapi())
        .routes(routes!(define_store))
        .routes(routes!(define_product))
        .routes(routes!(count))
        .routes(routes!(adjust))
        .routes(routes!(place_hold))
        .routes(routes!(make_ready))
        .routes(routes!(collect))
        .routes(routes!(cancel))
        .routes(routes!(extend))
}

#[derive(Clone)]
struct Tables(App);

impl Ready for Tables {
    async fn check(&self) -> Result<(), NotReady> {
        self.0.check().await.map_err(|error| {
            tracing::warn!(%error, "DynamoDB check failed");
            NotReady("DynamoDB or its tables do not answer")
        })
    }
}

type Answered = Result<Reply, Problem>;

/// Define a store, or define it anew
///
/// The same definition again changes nothing. `hold_policy` says how the store keeps things for people.
#[utoipa::path(
    put, path = "/v1/stores/{store_id}", tag = "masters",
    params(("store_id" = StoreId, Path, description = "The store."), Command),
    request_body = StoreIn,
    responses((status = 200, description = "The store is defined so.", body = StoreOut), codes::DefineStore),
    security(("token" = []))
)]
async fn define_store(
    State(app): State<App>,
    command: Command,
    Path(store_id): Path<StoreId>,
    Json { value, bytes }: Json<StoreIn>,
) -> Answered {
    let context = command.context(&bytes, None);
    let store = value.into_store(store_id)?;
    app.define_store(&context, store).await.map(Reply).map_err(problem)
}

/// Define a product and its SKUs, or define them anew
///
/// A SKU belongs to one product for ever: none can be left out, none be taken from another product.
#[utoipa::path(
    put, path = "/v1/products/{product_code}", tag = "masters",
    params(("product_code" = ProductCode, Path, description = "The product."), Command),
    request_body = ProductIn,
    responses((status = 200, description = "The product is defined so.", body = ProductOut), codes::DefineProduct),
    security(("token" = []))
)]
async fn define_product(
    State(app): State<App>,
    command: Command,
    Path(product_code): Path<ProductCode>,
    Json { value, bytes }: Json<ProductIn>,
) -> Answered {
    let context = command.context(&bytes, None);
    let skus = value.skus();
    let product = value.into_product(product_code)?;
    let defined = app.define_product(&context, product).await;
    defined.map(Reply).map_err(|error| problem_in(error, "skus", &skus))
}

/// Count a SKU in a store
///
/// The first count of a SKU in a store makes its stock. An older count of the same source is answered `applied: false`. A
/// count that was taken before later movements is rebased on them; before what is remembered of them it is 409
/// `count_too_old`. Fewer pieces than are held is a shortfall: it is taken over, and nothing is available.
#[utoipa::path(
    put, path = "/v1/stores/{store_id}/stock/{sku}", tag = "stock",
    params(("store_id" = StoreId, Path, description = "The store."), ("sku" = Sku, Path, description = "The SKU, of the store's brand."), Command),
    request_body = CountIn,
    responses((status = 200, description = "The count as it is now.", body = StockOut), codes::Count),
    security(("token" = []))
)]
async fn count(
    State(app): State<App>,
    command: Command,
    Path((store_id, sku)): Path<(StoreId, Sku)>,
    Json { value, bytes }: Json<CountIn>,
) -> Answered {
    body::same_brand(&store_id, &sku, "sku")?;
    let context = command.context(&bytes, None);
    let count = value.into_command(Utc::now())?;
    app.change_stock(&context, StockKey { store_id, sku }, count).await.map(Reply).map_err(problem)
}

/// Move a count up or down
///
/// What came or went: a sale, a delivery, a loss.
#[utoipa::path(
    post, path = "/v1/stores/{store_id}/stock/{sku}/adjustments", tag = "stock",
    params(("store_id" = StoreId, Path, description = "The store."), ("sku" = Sku, Path, description = "The SKU, of the store's brand."), Command),
    request_body = AdjustmentIn,
    responses((status = 201, description = "The count as it is now.", body = StockOut), codes::Adjust),
    security(("token" = []))
)]
async fn adjust(
    State(app): State<App>,
    command: Command,
    Path((store_id, sku)): Path<(StoreId, Sku)>,
    Json { value, bytes }: Json<AdjustmentIn>,
) -> Answered {
    body::same_brand(&store_id, &sku, "sku")?;
    let adjustment = value.command();
    let context = command.context(&bytes, Some(value.reason));
    app.change_stock(&context, StockKey { store_id, sku }, adjustment).await.map(Reply).map_err(problem)
}

/// Place a hold
///
/// Keeps pieces of one or more SKUs in one store for one customer: every line, or nothing. It takes no account: a guest
/// gets a `capability` with the hold. How long it lasts and how much may be held is the store's hold policy.
#[utoipa::path(
    post, path = "/v1/reservations", tag = "reservations",
    params(NewCommand),
    request_body = HoldIn,
    responses((
            status = 201, description = "The hold is placed.", body = PlacedOut,
            headers(("Location" = String, description = "Where the reservation is, in the query API."))
        ), codes::Place),
    security((), ("token" = []))
)]
async fn place_hold(
    State(app): State<App>,
    NewCommand(command): NewCommand,
    Json { value, bytes }: Json<HoldIn>,
) -> Answered {
    let context = command.context(&bytes, None);
    let skus = value.skus();
    let hold = value.into_hold()?;
    let placed = app.place_hold(&context, hold).await;
    placed.map(Reply).map_err(|error| problem_in(error, "lines", &skus))
}

/// Make a hold ready
///
/// The pieces were fetched from the shelf; the customer may come. From `held`.
#[utoipa::path(
    post, path = "/v1/reservations/{id}/ready", tag = "reservations",
    params(("id" = ReservationId, Path, description = "The reservation."), Command),
    request_body = Option<MoveIn>,
    responses((status = 200, description = "It is `ready`.", body = ReservationOut), codes::MakeReady),
    security(("token" = []))
)]
async fn make_ready(
    state: State<App>,
    command: Command,
    id: Path<ReservationId>,
    body: OptionalJson<MoveIn>,
) -> Answered {
    advance(state, command, id, body, Move::MakeReady).await
}

/// Hand a hold over
///
/// The customer takes the pieces. From `held` or `ready`, until `expires_at`.
#[utoipa::path(
    post, path = "/v1/reservations/{id}/collect", tag = "reservations",
    params(("id" = ReservationId, Path, description = "The reservation."), Command),
    request_body = Option<MoveIn>,
    responses((status = 200, description = "It is `collected`.", body = ReservationOut), codes::Collect),
    security(("token" = []))
)]
async fn collect(
    state: State<App>,
    command: Command,
    id: Path<ReservationId>,
    body: OptionalJson<MoveIn>,
) -> Answered {
    advance(state, command, id, body, Move::Collect).await
}

/// Cancel a hold
///
/// The customer does not want the pieces, or the store cannot give them. From `held` or `ready`.
#[utoipa::path(
    post, path = "/v1/reservations/{id}/cancel", tag = "reservations",
    params(("id" = ReservationId, Path, description = "The reservation."), Command),
    request_body = Option<MoveIn>,
    responses((status = 200, description = "It is `cancelled`.", body = ReservationOut), codes::Cancel),
    security(("token" = []), ("capability" = []))
)]
async fn cancel(
    state: State<App>,
    command: Command,
    id: Path<ReservationId>,
    body: OptionalJson<MoveIn>,
) -> Answered {
    advance(state, command, id, body, Move::Cancel).await
}

/// Extend a hold
///
/// One more time of what the store's policy gives, from `expires_at` on. A customer may once, staff more often.
#[utoipa::path(
    post, path = "/v1/reservations/{id}/extend", tag = "reservations",
    params(("id" = ReservationId, Path, description = "The reservation."), Command),
    request_body = Option<MoveIn>,
    responses((status = 200, description = "It lasts longer.", body = ReservationOut), codes::Extend),
    security(("token" = []), ("capability" = []))
)]
async fn extend(
    state: State<App>,
    command: Command,
    id: Path<ReservationId>,
    body: OptionalJson<MoveIn>,
) -> Answered {
    advance(state, command, id, body, Move::Extend).await
}

async fn advance(
    State(app): State<App>,
    command: Command,
    Path(id): Path<ReservationId>,
    OptionalJson { value, bytes }: OptionalJson<MoveIn>,
    to: Move,
) -> Answered {
    let context = command.context(&bytes, value.reason);
    app.move_hold(&context, id, to).await.map(Reply).map_err(problem)
}
