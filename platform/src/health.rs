//! Health: `/livez` says that the process runs, `/readyz` that it can do its work.

use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde::Serialize;

/// Longest that a check may take: below what a load balancer waits for, and a database that is slower is not ready.
const CHECK_TIMEOUT: Duration = Duration::from_secs(2);

/// Why a service is not ready, for its operators.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NotReady(pub &'static str);

/// What a service needs before it can do its work.
pub trait Ready: Clone + Send + Sync + 'static {
    /// Whether it has all of that now.
    fn check(&self) -> impl Future<Output = Result<(), NotReady>> + Send;
}

/// What a service says about its health.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "docs", derive(utoipa::ToSchema))]
pub(crate) struct HealthOut {
    status: Health,
    /// With `not_ready`: what is missing, for its operators.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "docs", derive(utoipa::ToSchema))]
enum Health {
    Alive,
    Ready,
    NotReady,
}

/// The routes of health.
pub fn routes<R: Ready>(ready: R) -> Router {
    Router::new().route("/livez", get(livez)).route("/readyz", get(readyz::<R>)).with_state(ready)
}

/// Whether the process runs
#[cfg_attr(feature = "docs", utoipa::path(
    get, path = "/livez", tag = "service", security(()),
    responses((status = 200, description = "It runs.", body = HealthOut))
))]
pub(crate) async fn livez() -> axum::Json<HealthOut> {
    axum::Json(HealthOut { status: Health::Alive, reason: None })
}

/// Whether the service can do its work
#[cfg_attr(feature = "docs", utoipa::path(
    get, path = "/readyz", tag = "service", security(()),
    responses(
        (status = 200, description = "It can.", body = HealthOut),
        (status = 503, description = "Something that it needs is missing.", body = HealthOut),
    )
))]
pub(crate) async fn readyz<R: Ready>(State(ready): State<R>) -> Response {
    let checked = tokio::time::timeout(CHECK_TIMEOUT, ready.check()).await;
    match checked.unwrap_or(Err(NotReady("a dependency does not answer in time"))) {
        Ok(()) => axum::Json(HealthOut { status: Health::Ready, reason: None }).into_response(),
        Err(NotReady(reason)) => {
            tracing::warn!(reason, "not ready");
            let body = axum::Json(HealthOut { status: Health::NotReady, reason: Some(reason) });
            (StatusCode::SERVICE_UNAVAILABLE, body).into_response()
        }
    }
}
