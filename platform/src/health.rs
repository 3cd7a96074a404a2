//! Health: `/livez` says that the process runs, `/readyz` that it can do its work.

use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde_json::json;

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

/// The routes of health.
pub fn routes<R: Ready>(ready: R) -> Router {
    Router::new()
        .route("/livez", get(|| async { axum::Json(json!({"status": "alive"})) }))
        .route("/readyz", get(readyz::<R>))
        .with_state(ready)
}

async fn readyz<R: Ready>(State(ready): State<R>) -> Response {
    let checked = tokio::time::timeout(CHECK_TIMEOUT, ready.check()).await;
    match checked.unwrap_or(Err(NotReady("a dependency does not answer in time"))) {
        Ok(()) => axum::Json(json!({"status": "ready"})).into_response(),
        Err(NotReady(reason)) => {
            tracing::warn!(reason, "not ready");
            let body = axum::Json(json!({"status": "not_ready", "reason": reason}));
            (StatusCode::SERVICE_UNAVAILABLE, body).into_response()
        }
    }
}
