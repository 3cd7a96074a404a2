//! Extractors whose refusals are problems that name the field.

use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::rejection::{BytesRejection, PathRejection};
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use contracts::problem::Code;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use tokio::time::timeout;

use crate::Problem;

mod strict;

/// Longest that a body may take to arrive: the largest fits ten times over on a slow mobile network, and what is left of a
/// request's time is enough to carry it out.
const BODY_TIMEOUT: Duration = Duration::from_secs(10);

/// A JSON body, with the bytes it was read from.
#[derive(Debug)]
pub struct Json<T> {
    /// What the body says.
    pub value: T,
    /// The body as it came.
    pub bytes: Bytes,
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        check_json(request.headers().get(CONTENT_TYPE))?;
        check_plain(request.headers())?;
        let bytes = read(request, state).await?;
        let value = parse(&bytes)?;
        Ok(Self { value, bytes })
    }
}

/// A JSON body that may be left out.
#[derive(Debug)]
pub struct OptionalJson<T> {
    /// What the body says; the default where there is none.
    pub value: T,
    /// The body as it came.
    pub bytes: Bytes,
}

impl<S: Send + Sync, T: DeserializeOwned + Default> FromRequest<S> for OptionalJson<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let content_type = request.headers().get(CONTENT_TYPE).cloned();
        check_plain(request.headers())?;
        let bytes = read(request, state).await?;
        if bytes.is_empty() {
            return Ok(Self { value: T::default(), bytes });
        }
        check_json(content_type.as_ref())?;
        let value = parse(&bytes)?;
        Ok(Self { value, bytes })
    }
}

/// The request with all of its body, once that is there.
pub(crate) async fn arrived(parts: Parts, body: Body) -> Result<Request, Problem> {
    if body.is_end_stream() {
        return Ok(Request::from_parts(parts, body));
    }
    let bytes = read(Request::from_parts(parts.clone(), body), &()).await?;
    Ok(Request::from_parts(parts, Body::from(bytes)))
}

/// The whole body. Nothing was carried out yet when it does not come: that is the caller's to know, and no 503.
async fn read<S: Send + Sync>(request: Request, state: &S) -> Result<Bytes, Problem> {
    let read = timeout(BODY_TIMEOUT, Bytes::from_request(request, state)).await;
    read.map_err(|_| incomplete())?.map_err(unread)
}

fn check_json(content_type: Option<&HeaderValue>) -> Result<(), Problem> {
    if is_json(content_type.map(HeaderValue::as_bytes)) {
        Ok(())
    } else {
        let detail = "Send the body with Content-Type: application/json.";
        Err(Problem::new(Code::UnsupportedMediaType, detail).at("Content-Type"))
    }
}

/// Nothing is unpacked here, so no small body is a large one.
fn check_plain(headers: &HeaderMap) -> Result<(), Problem> {
    if headers.contains_key(CONTENT_ENCODING) {
        let detail = "Send the body as it is, without Content-Encoding.";
        return Err(Problem::new(Code::UnsupportedMediaType, detail).at("Content-Encoding"));
    }
    Ok(())
}

fn is_json(content_type: Option<&[u8]>) -> bool {
    content_type
        .and_then(|value| std::str::from_utf8(value).ok())
        .and_then(|value| value.split(';').next())
        .is_some_and(|value| value.trim().eq_ignore_ascii_case("application/json"))
}

#[allow(clippy::needless_pass_by_value, reason = "the form that map_err takes")]
fn unread(rejection: BytesRejection) -> Problem {
    if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
        let limit = crate::server::MAX_BODY_BYTES;
        Problem::new(Code::BodyTooLarge, format!("Send at most {limit} bytes.")).at("body")
    } else {
        incomplete()
    }
}

fn incomplete() -> Problem {
    let seconds = BODY_TIMEOUT.as_secs();
    Problem::new(Code::BodyIncomplete, format!("Send the whole body, within {seconds} seconds.")).at("body")
}

fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let parsed = serde_path_to_error::deserialize(&mut reader).map_err(untaken)?;
    reader.end().map_err(|error| malformed(&error))?;
    // Read a second time, because the first finds what this cannot: a field that is there twice.
    let value = serde_json::from_slice(bytes).map_err(|error| malformed(&error))?;
    strict::has_objects::<T>(&value).map_err(untaken)?;
    Ok(parsed)
}

fn untaken(error: serde_path_to_error::Error<serde_json::Error>) -> Problem {
    let path = error.path().to_string();
    let inner = error.into_inner();
    if !inner.is_data() {
        return malformed(&inner);
    }
    let message = plain(&inner.to_string());
    Problem::new(Code::InvalidField, message.clone()).at(field(&path, &message))
}

fn malformed(error: &serde_json::Error) -> Problem {
    Problem::new(Code::MalformedJson, error.to_string()).at("body")
}

/// serde tells of a missing, unknown or repeated field at its parent, and names it in the message only.
fn field(path: &str, message: &str) -> String {
    let named = ["missing field `", "unknown field `", "duplicate field `"]
        .into_iter()
        .find_map(|start| message.strip_prefix(start)?.split('`').next());
    let path = if path == "." { "" } else { path };
    match named {
        Some(name) if path.is_empty() => name.to_owned(),
        Some(name) if path == name || path.ends_with(&format!(".{name}")) => path.to_owned(),
        Some(name) => format!("{path}.{name}"),
        None if path.is_empty() => "body".to_owned(),
        None => path.to_owned(),
    }
}

/// The message without its place in the text, which the field tells better, and without our names for things.
fn plain(message: &str) -> String {
    let message = message.rsplit_once(" at line ").map_or(message, |(head, _)| head);
    match message.split_once(", expected ") {
        Some((what, "u8" | "u16" | "u32" | "u64")) => format!("{what}, expected a whole number, 0 or more"),
        Some((what, "i8" | "i16" | "i32" | "i64")) => format!("{what}, expected a whole number"),
        Some((what, "f32" | "f64")) => format!("{what}, expected a number"),
        Some((what, expected)) if expected.starts_with("struct ") => format!("{what}, expected an object"),
        _ => message.to_owned(),
    }
}

/// The ids in the path.
#[derive(Debug)]
pub struct Path<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Path<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        axum::extract::Path::from_request_parts(parts, state)
            .await
            .map(|axum::extract::Path(value)| Self(value))
            .map_err(|rejection| {
                let text = match rejection {
                    PathRejection::FailedToDeserializePathParams(error) => error.body_text(),
                    other => other.body_text(),
                };
                Problem::new(Code::InvalidId, text.strip_prefix("Invalid URL: ").unwrap_or(&text))
            })
    }
}

/// The query parameters.
#[derive(Debug)]
pub struct Query<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        axum::extract::Query::from_request_parts(parts, state)
            .await
            .map(|axum::extract::Query(value)| Self(value))
            .map_err(|rejection| {
                let text = rejection.body_text();
                let message = text.strip_prefix("Failed to deserialize query string: ").unwrap_or(&text);
                let (path, message) = message.split_once(": ").unwrap_or(("", message));
                Problem::new(Code::InvalidQuery, message).at(field(path, message))
            })
    }
}

/// A path that takes no query parameters refuses them all: one that is ignored looks as if it worked.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NoParams {}

#[cfg(test)]
mod tests {
    use contracts::Quantity;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[allow(dead_code, reason = "only read by serde")]
    struct Order {
        lines: Vec<Line>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[allow(dead_code, reason = "only read by serde")]
    struct Line {
        quantity: Quantity,
    }

    #[test]
    fn a_body_that_is_right_is_taken() {
        let order: Order = parse(br#"{"lines":[{"quantity":1},{"quantity":2}]}"#).unwrap();
        assert_eq!(order.lines.len(), 2);
    }

    fn refusal(body: &str) -> (Code, String) {
        let problem = parse::<Order>(body.as_bytes()).unwrap_err();
        let field = problem.member("field").and_then(|field| field.as_str()).unwrap_or_default();
        (problem.code(), field.to_owned())
    }

    #[test]
    fn a_refused_body_names_the_field() {
        for (body, field) in [
            (r#"{"lines":[{"quantity":0}]}"#, "lines[0].quantity"),
            (r#"{"lines":[{"quantity":-1}]}"#, "lines[0].quantity"),
            (r#"{"lines":[{"quantity":1.5}]}"#, "lines[0].quantity"),
            (r#"{"lines":[{"quantity":"1"}]}"#, "lines[0].quantity"),
            (r#"{"lines":[{}]}"#, "lines[0].quantity"),
            (r#"{"lines":[{"quantity":1,"x":1}]}"#, "lines[0].x"),
            (r#"{"lines":[],"colour":1}"#, "colour"),
            ("{}", "lines"),
            ("[]", "body"),
            ("[[]]", "body"),
            (r#"[[{"quantity":1}]]"#, "body"),
            (r#"{"lines":[[1]]}"#, "lines[0]"),
            (r#"{"lines":[],"lines":[]}"#, "lines"),
            ("3", "body"),
        ] {
            assert_eq!(refusal(body), (Code::InvalidField, field.to_owned()), "{body}");
        }
    }

    #[test]
    fn a_refused_body_is_told_in_plain_words() {
        for (body, detail) in [
            (
                r#"{"lines":[{"quantity":"1"}]}"#,
                "invalid type: string \"1\", expected a whole number, 0 or more",
            ),
            ("3", "invalid type: integer `3`, expected an object"),
            ("[[]]", "invalid type: sequence, expected an object"),
        ] {
            assert_eq!(parse::<Order>(body.as_bytes()).unwrap_err().detail(), detail);
        }
    }

    #[test]
    fn what_is_no_json_is_told_apart() {
        for body in ["", "{", "{\"lines\":[]} x", "nonsense"] {
            assert_eq!(refusal(body).0, Code::MalformedJson, "{body}");
        }
    }
}
