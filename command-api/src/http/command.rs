//! What every command brings along, and the answer to it.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use contracts::problem::Code;
use contracts::trace::Traceparent;
use platform::Problem;
use platform::auth::Principal;
use platform::extract::{NoParams, Query};
use platform::openapi::sent_header;
use utoipa::IntoParams;
use utoipa::openapi::path::{Parameter, ParameterIn};
use utoipa::openapi::schema::{Object, Type};
use uuid::Uuid;

use super::body::Words;
use super::problem::problem;
use crate::app::{Answer, Caller, Context, Error};

pub(super) const IDEMPOTENCY_KEY: &str = "Idempotency-Key";
/// Longest key, in bytes: a UUID or a source's own number fits many times.
const MAX_KEY_BYTES: usize = 200;
/// Most digits of a version: what 64 bits surely hold, and far more than anything changes.
const MAX_VERSION_DIGITS: usize = 19;

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

/// A command that no guest may give.
impl<S: Send + Sync> FromRequestParts<S> for Command {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        // Who asks comes first: nobody else is told what is wrong with the rest.
        let principal = Principal::from_request_parts(parts, state).await?;
        if principal == Principal::Guest {
            return Err(problem(Error::Unauthenticated));
        }
        Self::of(principal, parts, state).await
    }
}

/// A command that makes something, and that a guest may give as well.
pub(super) struct NewCommand(pub Command);

impl<S: Send + Sync> FromRequestParts<S> for NewCommand {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let principal = Principal::from_request_parts(parts, state).await?;
        Command::of(principal, parts, state).await.map(Self)
    }
}

impl Command {
    async fn of<S: Send + Sync>(principal: Principal, parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Query(NoParams {}) = Query::from_request_parts(parts, state).await?;
        let traceparent = parts.extensions.get::<Traceparent>().copied();
        Ok(Self {
            caller: Caller::Principal(principal),
            key: idempotency_key(&parts.headers)?,
            target: format!("{} {}", parts.method, parts.uri.path()),
            traceparent: traceparent.unwrap_or_else(|| Traceparent::root(Uuid::now_v7(), Uuid::now_v7())),
            expected_version: if_match(&parts.headers)?,
        })
    }
}

/// The headers of a command on something that may be there already, and so at a version that the caller has seen.
impl IntoParams for Command {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let tag = Object::builder()
            .schema_type(Type::String)
            .pattern(Some(format!("^\"(0|[1-9][0-9]{{0,{}}})\"$", MAX_VERSION_DIGITS - 1)))
            .examples(["\"3\""]);
        let if_match = sent_header(
            "If-Match",
            "The `ETag` of the version that the caller has seen: 412 when somebody else was first. What is not there \
             has version 0.",
            false,
            tag.build(),
        );
        NewCommand::into_params(|| None).into_iter().chain([if_match]).collect()
    }
}

impl IntoParams for NewCommand {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let key = Object::builder()
            .schema_type(Type::String)
            .min_length(Some(1))
            .max_length(Some(MAX_KEY_BYTES))
            .pattern(Some(r"^[\x20-\x7E]*[\x21-\x7E][\x20-\x7E]*$"))
            .examples(["0192f0c1-2d3e-7a4b-8c5d-6e7f80910213"]);
        let says = "A new UUID for a new command, the same for a repetition. The same key with the same request is \
                    answered the same for at least 7 days; each caller has keys of their own.";
        vec![sent_header(IDEMPOTENCY_KEY, says, true, key.build())]
    }
}

fn idempotency_key(headers: &HeaderMap) -> Result<String, Problem> {
    let mut keys = headers.get_all(IDEMPOTENCY_KEY).iter();
    let key = keys.next().ok_or_else(|| {
        let detail =
            "Send an Idempotency-Key header: a new UUID for a new command, the same for a repetition.";
        Problem::new(Code::IdempotencyKeyMissing, detail).at(IDEMPOTENCY_KEY)
    })?;
    let key = key.to_str().ok().filter(|key| (1..=MAX_KEY_BYTES).contains(&key.len()));
    key.filter(|_| keys.next().is_none()).map(str::to_owned).ok_or_else(|| {
        let detail = format!("Send one Idempotency-Key of 1 to {MAX_KEY_BYTES} printable ASCII characters.");
        Problem::new(Code::IdempotencyKeyInvalid, detail).at(IDEMPOTENCY_KEY)
    })
}

/// The version that the caller has seen: an entity tag as our answers have it, which is the version in quotes.
fn if_match(headers: &HeaderMap) -> Result<Option<u64>, Problem> {
    let mut values = headers.get_all(header::IF_MATCH).iter();
    let Some(value) = values.next() else { return Ok(None) };
    let tag = Some(value).filter(|_| values.next().is_none());
    let tag = tag.and_then(|value| value.to_str().ok()?.strip_prefix('"')?.strip_suffix('"'));
    // A tag has one spelling: as we gave it.
    let spelt = |tag: &&str| {
        let digits = tag.len() <= MAX_VERSION_DIGITS && tag.bytes().all(|b| b.is_ascii_digit());
        digits && (*tag == "0" || !tag.starts_with('0'))
    };
    tag.filter(spelt).and_then(|tag| tag.parse().ok()).map(Some).ok_or_else(|| {
        let detail = "Send the ETag of one version, like \"3\", or no If-Match at all.";
        Problem::new(Code::InvalidHeader, detail).at("If-Match")
    })
}

/// A command's answer over HTTP.
pub(super) struct Reply(pub Answer);

impl IntoResponse for Reply {
    fn into_response(self) -> Response {
        let Answer { status, location, version, token, body, replayed } = self.0;
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::OK);
        let json = (header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let mut response = (status, [json], body).into_response();
        if let Some(location) = location.and_then(|location| HeaderValue::try_from(location).ok()) {
            response.headers_mut().insert(header::LOCATION, location);
        }
        if let Some(tag) = version.and_then(|version| HeaderValue::try_from(format!("\"{version}\"")).ok()) {
            response.headers_mut().insert(header::ETAG, tag);
        }
        if let Some(token) = token.and_then(|token| HeaderValue::try_from(token).ok()) {
            response.headers_mut().insert(HeaderName::from_static("consistency-token"), token);
        }
        if replayed {
            let replay = HeaderName::from_static("idempotent-replay");
            response.headers_mut().insert(replay, HeaderValue::from_static("true"));
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: &'static str, values: &[&'static str]) -> HeaderMap {
        values.iter().map(|value| (HeaderName::from_static(name), HeaderValue::from_static(value))).collect()
    }

    #[test]
    fn of_two_keys_or_two_versions_none_is_taken() {
        let key = |values: &[&'static str]| idempotency_key(&headers("idempotency-key", values));
        assert_eq!(key(&["a"]).unwrap(), "a");
        assert_eq!(key(&[]).unwrap_err().code(), Code::IdempotencyKeyMissing);
        assert_eq!(key(&["a", "b"]).unwrap_err().code(), Code::IdempotencyKeyInvalid);
        let version = |values: &[&'static str]| if_match(&headers("if-match", values));
        assert_eq!(version(&["\"3\""]).unwrap(), Some(3));
        assert_eq!(version(&[]).unwrap(), None);
        assert_eq!(version(&["\"3\"", "\"4\""]).unwrap_err().code(), Code::InvalidHeader);
    }
}
