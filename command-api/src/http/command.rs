//! What every command brings along, and the answer to it.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use contracts::problem::Code;
use contracts::trace::Traceparent;
use platform::Problem;
use platform::auth::Principal;
use uuid::Uuid;

use super::body::Words;
use crate::app::{Answer, Caller, Context};

const IDEMPOTENCY_KEY: &str = "Idempotency-Key";
/// Longest key, in bytes: a UUID or a source's own number fits many times.
const MAX_KEY_BYTES: usize = 200;

/// The parts of a request that make it this command and no other.
pub(super) struct Command {
    caller: Caller,
    key: String,
    target: String,
    traceparent: Traceparent,
    expected_version: Option<u64>,
}

impl Command {
    /// The command's context. A request is the same when method, path and body are, to the byte.
    pub(super) fn context(self, body: &[u8], reason: Option<Words>) -> Context {
        let request = [self.target.as_bytes(), body];
        Context {
            reason: reason.map(Words::into_string),
            expected_version: self.expected_version,
            ..Context::new(self.caller, &self.key, &request, self.traceparent)
        }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Command {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        // Who asks comes first: nobody else is told what is wrong with the rest.
        let caller = Caller::Principal(Principal::from_request_parts(parts, state).await?);
        let traceparent = parts.extensions.get::<Traceparent>().copied();
        Ok(Self {
            caller,
            key: idempotency_key(&parts.headers)?,
            target: format!("{} {}", parts.method, parts.uri.path()),
            traceparent: traceparent.unwrap_or_else(|| Traceparent::root(Uuid::now_v7(), Uuid::now_v7())),
            expected_version: if_match(&parts.headers)?,
        })
    }
}

fn idempotency_key(headers: &HeaderMap) -> Result<String, Problem> {
    let key = headers.get(IDEMPOTENCY_KEY).ok_or_else(|| {
        let detail =
            "Send an Idempotency-Key header: a new UUID for a new command, the same for a repetition.";
        Problem::new(Code::IdempotencyKeyMissing, detail).at(IDEMPOTENCY_KEY)
    })?;
    let key = key.to_str().ok().filter(|key| (1..=MAX_KEY_BYTES).contains(&key.len()));
    key.map(str::to_owned).ok_or_else(|| {
        let detail = format!("An Idempotency-Key has 1 to {MAX_KEY_BYTES} printable ASCII characters.");
        Problem::new(Code::IdempotencyKeyInvalid, detail).at(IDEMPOTENCY_KEY)
    })
}

/// The version that the caller has seen: an entity tag as our answers have it, which is the version in quotes.
fn if_match(headers: &HeaderMap) -> Result<Option<u64>, Problem> {
    let Some(value) = headers.get(header::IF_MATCH) else { return Ok(None) };
    let tag = value.to_str().ok().and_then(|tag| tag.strip_prefix('"')?.strip_suffix('"')?.parse().ok());
    tag.map(Some).ok_or_else(|| {
        let detail = "Send the ETag of one version, like \"3\", or no If-Match at all.";
        Problem::new(Code::InvalidHeader, detail).at("If-Match")
    })
}

/// A command's answer over HTTP.
pub(super) struct Reply(pub Answer);

impl IntoResponse for Reply {
    fn into_response(self) -> Response {
        let Answer { status, location, version, body, replayed } = self.0;
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::OK);
        let json = (header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let mut response = (status, [json], body).into_response();
        if let Some(location) = location.and_then(|location| HeaderValue::try_from(location).ok()) {
            response.headers_mut().insert(header::LOCATION, location);
        }
        if let Some(tag) = version.and_then(|version| HeaderValue::try_from(format!("\"{version}\"")).ok()) {
            response.headers_mut().insert(header::ETAG, tag);
        }
        if replayed {
            let replay = HeaderName::from_static("idempotent-replay");
            response.headers_mut().insert(replay, HeaderValue::from_static("true"));
        }
        response
    }
}
