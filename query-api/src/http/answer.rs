//! An answer, dated and with its entity tag.
//!
//! A tag says which bytes: those of everything but the date, by their digest, and the date (docs/adr, 0013). So an answer
//! whose date alone moved on has another tag; but as an earlier date is still true, whoever has the earlier answer is told
//! that it is good (304), until it would have to be called stale.

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, TimeDelta, Utc};
use platform::Problem;
use serde::Serialize;
use sha2::{Digest, Sha256};
use utoipa::ToSchema;

use crate::read::AsOf;

/// How much of the digest stands in a tag, in bytes: no two answers of one question meet in it.
const DIGEST_BYTES: usize = 16;

/// In the head of an answer that has no place for it in its body: `as_of`.
const AS_OF: HeaderName = HeaderName::from_static("as-of");
/// Likewise: `stale`.
const STALE: HeaderName = HeaderName::from_static("stale");

/// An answer, and up to when it is true.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Dated<T> {
    #[serde(flatten)]
    pub(super) answer: T,
    #[serde(flatten)]
    pub(super) as_of: AsOf,
}

impl<T: Serialize> Dated<T> {
    fn tag(&self) -> Result<String, serde_json::Error> {
        let digest = Sha256::digest(serde_json::to_vec(&self.answer)?);
        let digest = hex::encode(digest.get(..DIGEST_BYTES).unwrap_or(&digest));
        let date = match (self.as_of.time(), self.as_of.is_stale()) {
            (None, _) => "unknown".to_owned(),
            (Some(time), false) => time.timestamp_micros().to_string(),
            (Some(time), true) => format!("{}-stale", time.timestamp_micros()),
        };
        Ok(format!("\"{digest}.{date}\""))
    }

    /// As linked data, which has no words for our dates: they are told in the head.
    pub(super) fn into_json_ld(self) -> Response {
        let json = serde_json::to_string(&self.answer).map(|json| for_script(&json).into_bytes());
        let mut response = self.respond(json, "application/ld+json");
        response.headers_mut().extend(date(self.as_of));
        response
    }

    fn respond(&self, body: Result<Vec<u8>, serde_json::Error>, content_type: &'static str) -> Response {
        let (Ok(body), Ok(tag)) = (body, self.tag()) else {
            tracing::error!("an answer cannot be written");
            return Problem::internal().into_response();
        };
        let mut response =
            ([(header::CONTENT_TYPE, HeaderValue::from_static(content_type))], body).into_response();
        if let Ok(tag) = HeaderValue::try_from(tag) {
            response.headers_mut().insert(header::ETAG, tag);
        }
        response
    }
}

/// The same JSON without what would end a `<script>`, or begin a comment in it: those characters stand in strings only.
pub(crate) fn for_script(json: &str) -> String {
    let mut safe = String::with_capacity(json.len());
    for c in json.chars() {
        match c {
            '<' => safe.push_str("\\u003c"),
            '>' => safe.push_str("\\u003e"),
            '&' => safe.push_str("\\u0026"),
            '\u{2028}' => safe.push_str("\\u2028"),
            '\u{2029}' => safe.push_str("\\u2029"),
            c => safe.push(c),
        }
    }
    safe
}

/// In the head of an answer what others have in their body.
pub(super) fn date(as_of: AsOf) -> HeaderMap {
    let mut headers = HeaderMap::new();
    if let Some(time) = as_of.text().and_then(|time| HeaderValue::try_from(time).ok()) {
        headers.insert(AS_OF, time);
    }
    if as_of.is_stale() {
        headers.insert(STALE, HeaderValue::from_static("true"));
    }
    headers
}

impl<T: Serialize> IntoResponse for Dated<T> {
    fn into_response(self) -> Response {
        self.respond(serde_json::to_vec(&self), "application/json")
    }
}

/// Answers 304 to whoever has what would be answered. Outside of every cache: each caller has something else.
pub(super) async fn unless_modified(
    State(stale_after): State<TimeDelta>,
    request: Request,
    next: Next,
) -> Response {
    let known = tags(request.headers());
    let response = next.run(request).await;
    if known.is_empty() || response.status() != StatusCode::OK {
        return response;
    }
    let tag = response.headers().get(header::ETAG).and_then(|tag| tag.to_str().ok()).unwrap_or_default();
    let oldest = Utc::now() - stale_after;
    let Some(good) = known.iter().find(|known| is_good(known, tag, oldest)) else { return response };
    let Ok(good) = HeaderValue::try_from(if good == "*" { tag } else { good }) else { return response };
    let (mut parts, _) = response.into_parts();
    parts.status = StatusCode::NOT_MODIFIED;
    parts.headers.remove(header::CONTENT_TYPE);
    parts.headers.remove(header::CONTENT_LENGTH);
    parts.headers.insert(header::ETAG, good);
    (parts, ()).into_response()
}

/// The tags in `If-None-Match`. Weak ones are compared as strong ones (RFC 9110, section 13.1.2).
fn tags(headers: &HeaderMap) -> Vec<String> {
    let values = headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    let tags = values.flat_map(|value| value.split(',')).map(str::trim);
    tags.map(|tag| tag.strip_prefix("W/").unwrap_or(tag).to_owned()).collect()
}

/// Whether the answer with the tag `known` is as good as that with the tag `now`: the same but for a date that is earlier,
/// and late enough to need no mark.
fn is_good(known: &str, now: &str, oldest: DateTime<Utc>) -> bool {
    if known == "*" || known == now {
        return true;
    }
    let (Some((known, had)), Some((current, has))) = (parts(known), parts(now)) else { return false };
    known == current && had <= has && had >= oldest
}

/// Digest and date of a tag that has a date and no mark.
fn parts(tag: &str) -> Option<(&str, DateTime<Utc>)> {
    let (digest, micros) = tag.strip_prefix('"')?.strip_suffix('"')?.split_once('.')?;
    Some((digest, DateTime::from_timestamp_micros(micros.parse().ok()?)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_in_a_script_ends_none() {
        let text = "</script><!-- & \u{2028}\u{2029} \" \\ 黒";
        let json = for_script(&serde_json::to_string(text).unwrap());
        assert!(!json.contains(['<', '>', '&', '\u{2028}', '\u{2029}']), "{json}");
        assert_eq!(serde_json::from_str::<String>(&json).unwrap(), text);
    }

    #[test]
    fn an_earlier_date_of_the_same_is_good_until_it_is_stale() {
        let now = Utc::now();
        let tag = |digest: &str, ago: i64| {
            format!("\"{digest}.{}\"", (now - TimeDelta::seconds(ago)).timestamp_micros())
        };
        let oldest = now - TimeDelta::seconds(60);
        let good = |known: &str| is_good(known, &tag("a", 2), oldest);
        assert!(good(&tag("a", 2)));
        assert!(good(&tag("a", 59)));
        assert!(good("*"));
        assert!(!good(&tag("a", 61)), "it would have to be called stale");
        assert!(!good(&tag("a", 1)), "nobody was ever given this one");
        assert!(!good(&tag("b", 2)));
        for other in ["", "a", "\"a\"", "\"a.\"", "\"a.unknown\"", "\"a.99999999999999999999\""] {
            assert!(!good(other), "{other}");
        }
        assert!(is_good("\"a.unknown\"", "\"a.unknown\"", oldest));
        assert!(!is_good(&tag("a", 2), "\"a.unknown\"", oldest));
    }
}
