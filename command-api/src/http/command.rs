//! What every command brings along, and the answer to it.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use contracts::problem::Code;
use contracts::trace::Traceparent;
use platform::Problem;
use uuid::Uuid;

use crate::app::{Answer, Context};

const IDEMPOTENCY_KEY: &str = "Idempotency-Key";
/// Longest key, in bytes: a UUID or a source's own number fits many times.
const MAX_KEY_BYTES: usize = 200;

/// The parts of a request that make it this command and no other.
pub(super) struct Command {
    key: String,
    target: String,
    traceparent: Traceparent,
}

impl Command {
    /// The command's context. A request is the same when method, path and body are, to the byte.
    pub(super) fn context(&self, body: &[u8]) -> Context {
        Context::anonymous(&self.key, &[self.target.as_bytes(), body], self.traceparent)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Command {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let key = parts.headers.get(IDEMPOTENCY_KEY).ok_or_else(|| {
            let detail =
                "Send an Idempotency-Key header: a new UUID for a new command, the same for a repetition.";
            Problem::new(Code::IdempotencyKeyMissing, detail).at(IDEMPOTENCY_KEY)
        })?;
        let key =
            key.to_str().ok().filter(|key| (1..=MAX_KEY_BYTES).contains(&key.len())).ok_or_else(|| {
                let detail =
                    format!("An Idempotency-Key has 1 to {MAX_KEY_BYTES} printable ASCII characters.");
                Problem::new(Code::IdempotencyKeyInvalid, detail).at(IDEMPOTENCY_KEY)
            })?;
        let traceparent = parts.extensions.get::<Traceparent>().copied();
        Ok(Self {
            key: key.to_owned(),
            target: format!("{} {}", parts.method, parts.uri.path()),
            traceparent: traceparent.unwrap_or_else(|| Traceparent::root(Uuid::now_v7(), Uuid::now_v7())),
        })
    }
}

/// A command's answer over HTTP.
pub(super) struct Reply(pub Answer);

impl IntoResponse for Reply {
    fn into_response(self) -> Response {
        let Answer { status, location, body, replayed } = self.0;
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::OK);
        let json = (header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let mut response = (status, [json], body).into_response();
        if let Some(location) = location.and_then(|location| HeaderValue::try_from(location).ok()) {
            response.headers_mut().insert(header::LOCATION, location);
        }
        if replayed {
            let replay = HeaderName::from_static("idempotent-replay");
            response.headers_mut().insert(replay, HeaderValue::from_static("true"));
        }
        response
    }
}
