//! The command API: thin handlers from requests to use cases.
//!
//! What a request may say is parsed here, once; what a refusal looks like is said here, once.

mod body;
mod command;
mod problem;

use axum::Router;
use axum::extract::State;
use axum::routing::{post, put};
use contracts::{ProductCode, ReservationId, Sku, StoreId};
use platform::extract::{Json, OptionalJson, Path};
use platform::health::{self, NotReady, Ready};
use platform::{Problem, server};

use crate::app::App;
use crate::domain::reservation::Command as Move;
use crate::domain::stock::{Command as StockCommand, StockKey};
use crate::http::body::{AdjustmentIn, CancelIn, CountIn, HoldIn, MoveIn, ProductIn, StoreIn};
use crate::http::command::{Command, Reply};
use crate::http::problem::problem;

/// The API, its health and its conventions.
pub fn router(app: App) -> Router {
    let api = Router::new()
        .route("/v1/stores/{store_id}", put(define_store))
        .route("/v1/products/{product_code}", put(define_product))
        .route("/v1/stores/{store_id}/stock/{sku}", put(count))
        .route("/v1/stores/{store_id}/stock/{sku}/adjustments", post(adjust))
        .route("/v1/reservations", post(place_hold))
        .route("/v1/reservations/{id}/ready", post(make_ready))
        .route("/v1/reservations/{id}/collect", post(collect))
        .route("/v1/reservations/{id}/cancel", post(cancel))
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
    Path(store_id): Path<StoreId>,
    command: Command,
    Json { value, bytes }: Json<StoreIn>,
) -> Answered {
    let context = command.context(&bytes);
    let store = value.into_store(store_id)?;
    app.define_store(&context, store).await.map(Reply).map_err(problem)
}

async fn define_product(
    State(app): State<App>,
    Path(product_code): Path<ProductCode>,
    command: Command,
    Json { value, bytes }: Json<ProductIn>,
) -> Answered {
    let context = command.context(&bytes);
    let product = value.into_product(product_code)?;
    app.define_product(&context, product).await.map(Reply).map_err(problem)
}

async fn count(
    State(app): State<App>,
    Path((store_id, sku)): Path<(StoreId, Sku)>,
    command: Command,
    Json { value, bytes }: Json<CountIn>,
) -> Answered {
    change_stock(&app, store_id, sku, command, &bytes, value.into()).await
}

async fn adjust(
    State(app): State<App>,
    Path((store_id, sku)): Path<(StoreId, Sku)>,
    command: Command,
    Json { value, bytes }: Json<AdjustmentIn>,
) -> Answered {
    change_stock(&app, store_id, sku, command, &bytes, value.into()).await
}

async fn change_stock(
    app: &App,
    store_id: StoreId,
    sku: Sku,
    command: Command,
    bytes: &[u8],
    change: StockCommand,
) -> Answered {
    body::same_brand(&store_id, &sku, "sku")?;
    let key = StockKey { store_id, sku };
    app.change_stock(&command.context(bytes), key, change).await.map(Reply).map_err(problem)
}

async fn place_hold(
    State(app): State<App>,
    command: Command,
    Json { value, bytes }: Json<HoldIn>,
) -> Answered {
    let context = command.context(&bytes);
    let (store_id, placing) = value.into_placing()?;
    app.place_hold(&context, store_id, placing).await.map(Reply).map_err(problem)
}

async fn make_ready(
    State(app): State<App>,
    Path(id): Path<ReservationId>,
    command: Command,
    OptionalJson { bytes, .. }: OptionalJson<MoveIn>,
) -> Answered {
    app.move_hold(&command.context(&bytes), id, Move::MakeReady).await.map(Reply).map_err(problem)
}

async fn collect(
    State(app): State<App>,
    Path(id): Path<ReservationId>,
    command: Command,
    OptionalJson { bytes, .. }: OptionalJson<MoveIn>,
) -> Answered {
    app.move_hold(&command.context(&bytes), id, Move::Collect).await.map(Reply).map_err(problem)
}

async fn cancel(
    State(app): State<App>,
    Path(id): Path<ReservationId>,
    command: Command,
    OptionalJson { value, bytes }: OptionalJson<CancelIn>,
) -> Answered {
    let reason = value.reason.map(body::Words::into_string);
    app.move_hold(&command.context(&bytes), id, Move::Cancel { reason }).await.map(Reply).map_err(problem)
}
