//! Reading for one request: where, and what the answer must have (`Consistency-Token`, `Prefer: wait`).

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{FromRef, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::Response;
use contracts::consistency::HEADER;
use contracts::problem::Code;
use platform::Problem;

use crate::read::{Error, First, Needs, Session, Source};

/// Longest that a caller may ask us to wait. What takes longer is no matter of waiting, and connections are not free.
pub(super) const MAX_WAIT: Duration = Duration::from_secs(10);
/// In an answer: which preference was kept (RFC 7240).
pub(super) const PREFERENCE_APPLIED: HeaderName = HeaderName::from_static("preference-applied");

/// What a handler reads with.
pub(super) struct Reader {
    source: Source,
    needs: Needs,
}

impl Reader {
    /// A session that has what the caller needs.
    pub(super) async fn session(&self) -> Result<Session, Error> {
        self.source.session(&self.needs).await
    }

    /// A session that has what the caller needs, and what is read first in it.
    pub(super) async fn begin_with<F: First>(&self, first: &F) -> Result<(Session, F::Read), Error> {
        self.source.begin_with(&self.needs, first).await
    }
}

impl<S> FromRequestParts<S> for Reader
where
    S: Send + Sync,
    Source: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        Ok(Self { source: Source::from_ref(state), needs: needs(&parts.headers)? })
    }
}

fn needs(headers: &HeaderMap) -> Result<Needs, Problem> {
    let mut tokens = headers.get_all(HEADER).iter();
    let Some(token) = tokens.next() else { return Ok(Needs::default()) };
    let token = token.to_str().ok().and_then(|token| token.parse().ok()).filter(|_| tokens.next().is_none());
    let token = token.ok_or_else(|| {
        Problem::new(Code::InvalidHeader, "Send one Consistency-Token, as a command's answer has it.")
            .at(HEADER)
    })?;
    Ok(Needs { token: Some(Arc::new(token)), wait: wait(headers) })
}

/// How long the caller would wait, at most as long as we do. A preference that is not understood is passed over (RFC
/// 7240, section 2).
fn wait(headers: &HeaderMap) -> Option<Duration> {
    let values = headers.get_all("prefer").iter().filter_map(|value| value.to_str().ok());
    let seconds = values.flat_map(|value| value.split(',')).find_map(|preference| {
        let (name, value) = preference.split(';').next()?.split_once('=')?;
        let value = value.trim().trim_matches('"');
        let digits = !value.is_empty() && value.bytes().all(|b| b.is_ascii_digit());
        // More digits than a number can have are a long time, too.
        (name.trim().eq_ignore_ascii_case("wait") && digits).then(|| value.parse().unwrap_or(u64::MAX))
    })?;
    Some(Duration::from_secs(seconds).min(MAX_WAIT))
}

/// Tells which preference was kept. To wait is only possible for what a token says; whoever is sent away was not waited for,
/// or not as long.
pub(super) async fn tell_preference(request: Request, next: Next) -> Response {
    let headers = request.headers();
    let wait = headers.get(HEADER).and_then(|_| wait(headers));
    let mut response = next.run(request).await;
    let told = wait.and_then(|wait| HeaderValue::try_from(format!("wait={}", wait.as_secs())).ok());
    if let Some(told) = told.filter(|_| is_answered(response.status())) {
        response.headers_mut().insert(PREFERENCE_APPLIED, told);
    }
    response
}

fn is_answered(status: StatusCode) -> bool {
    status.is_success() || status == StatusCode::NOT_MODIFIED
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_read_as_rfc_7240_has_it() {
        let waits = |values: &[&'static str]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append("prefer", HeaderValue::from_static(value));
            }
            wait(&headers).map(|wait| wait.as_secs())
        };
        assert_eq!(waits(&["wait=3"]), Some(3));
        assert_eq!(waits(&["respond-async, Wait = 4; x=1"]), Some(4));
        assert_eq!(waits(&["return=minimal", "wait=\"5\""]), Some(5));
        assert_eq!(waits(&["wait=3, wait=4"]), Some(3));
        assert_eq!(waits(&["wait=0"]), Some(0));
        assert_eq!(waits(&["wait=99999999999999999999999"]), Some(MAX_WAIT.as_secs()));
        for other in ["", "wait", "wait=", "wait=-1", "wait=soon", "wait=1.5", "waits=3", "="] {
            assert_eq!(waits(&[other]), None, "{other}");
        }
    }
}
