//! The command API: thin handlers from requests to use cases.
//!
//! What a request may say is parsed here, once; what a refusal looks like is said here, once.

mod body;
mod command;
mod problem;

use axum::Router;
use axum::extract::State;
use axum::routing::{post, put};
use chrono::Utc;
use contracts::{ProductCode, ReservationId, Sku, StoreId};
use platform::auth::{self, Verifier};
use platform::extract::{Json, OptionalJson, Path};
use platform::health::{self, NotReady, Ready};
use platform::{Problem, server};

use crate::app::{App, Move};
use crate::domain::stock::StockKey;
use crate::http::body::{AdjustmentIn, CountIn, HoldIn, MoveIn, ProductIn, StoreIn};
use crate::http::command::{Command, Reply};
use crate::http::problem::problem;

/// The API, its health and its conventions.
pub fn router(app: App, verifier: Verifier) -> Router {
    let api = Router::new()
        .route("/v1/stores/{store_id}", put(define_store))
        .route("/v1/products/{product_code}", put(define_product))
        .route("/v1/stores/{store_id}/stock/{sku}", put(count))
        .route("/v1/stores/{store_id}/stock/{sku}/adjustments", post(adjust))
        .route("/v1/reservations", post(place_hold))
        .route("/v1/reservations/{id}/ready", post(make_ready))
        .route("/v1/reservations/{id}/collect", post(collect))
        .route("/v1/reservations/{id}/cancel", post(cancel))
        .route("/v1/reservations/{id}/extend", post(extend))
        .layer(auth::layer(verifier))
        .with_state(app.clone());
    server::with_conventions(api.merge(health::routes(Tables(app))))
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

async fn define_product(
    State(app): State<App>,
    command: Command,
    Path(product_code): Path<ProductCode>,
    Json { value, bytes }: Json<ProductIn>,
) -> Answered {
    let context = command.context(&bytes, None);
    let product = value.into_product(product_code)?;
    app.define_product(&context, product).await.map(Reply).map_err(problem)
}

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

async fn place_hold(
    State(app): State<App>,
    command: Command,
    Json { value, bytes }: Json<HoldIn>,
) -> Answered {
    let context = command.context(&bytes, None);
    let hold = value.into_hold()?;
    app.place_hold(&context, hold).await.map(Reply).map_err(problem)
}

async fn make_ready(
    state: State<App>,
    command: Command,
    id: Path<ReservationId>,
    body: OptionalJson<MoveIn>,
) -> Answered {
    advance(state, command, id, body, Move::MakeReady).await
}

async fn collect(
    state: State<App>,
    command: Command,
    id: Path<ReservationId>,
    body: OptionalJson<MoveIn>,
) -> Answered {
    advance(state, command, id, body, Move::Collect).await
}

async fn cancel(
    state: State<App>,
    command: Command,
    id: Path<ReservationId>,
    body: OptionalJson<MoveIn>,
) -> Answered {
    advance(state, command, id, body, Move::Cancel).await
}

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
