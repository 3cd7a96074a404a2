//! One span per request, under the caller's trace or a new one.

use axum::extract::{MatchedPath, Request};
use axum::http::HeaderValue;
use axum::middleware::Next;
use axum::response::Response;
use contracts::trace::Traceparent;
use tracing::Instrument;
use uuid::Uuid;

const TRACEPARENT: &str = "traceparent";

/// Gives the request its place in a trace (a [`Traceparent`] among its extensions), and tells the caller.
pub(crate) async fn in_span(mut request: Request, next: Next) -> Response {
    let caller = request
        .headers()
        .get(TRACEPARENT)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.parse::<Traceparent>().ok());
    let traceparent = caller.map_or_else(
        || Traceparent::root(Uuid::now_v7(), Uuid::now_v7()),
        |caller| caller.child(Uuid::now_v7()),
    );
    request.extensions_mut().insert(traceparent);

    // A command's trace begins with a line here; of questions, health's among them, there are too many.
    let changes = !request.method().is_safe();
    let route = request.extensions().get::<MatchedPath>().map_or("-", MatchedPath::as_str);
    let span = tracing::info_span!(
        "http",
        http.method = %request.method(),
        http.route = route,
        trace.id = traceparent.trace_id(),
    );
    let mut response = next.run(request).instrument(span.clone()).await;
    span.in_scope(|| {
        let status = response.status();
        if status.is_server_error() {
            tracing::warn!(http.status = status.as_u16(), "answered");
        } else if changes {
            tracing::info!(http.status = status.as_u16(), "answered");
        } else {
            tracing::debug!(http.status = status.as_u16(), "answered");
        }
    });
    if let Ok(value) = HeaderValue::from_str(&traceparent.to_string()) {
        response.headers_mut().insert(TRACEPARENT, value);
    }
    response
}
