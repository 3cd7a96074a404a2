//! Problem details (RFC 9457), the one form of every error that leaves a service.

use std::time::Duration;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use contracts::problem::Code;
use serde_json::{Map, Value, json};

/// How long a client should wait after a 503, in seconds: longer than a retry inside the service takes.
pub(crate) const RETRY_AFTER_SECS: u16 = 1;
/// How a caller can say who it is: what a 401 has to tell (RFC 9110, section 11.6.1).
pub(crate) const CHALLENGE: &str = r#"Bearer realm="torioki""#;

/// One problem, ready to be answered.
#[derive(Debug, Clone, PartialEq)]
pub struct Problem {
    code: Code,
    detail: String,
    members: Map<String, Value>,
    challenge: &'static str,
    retry_after: Option<Duration>,
}

impl Problem {
    /// A problem of this kind; `detail` tells the caller what to change.
    #[must_use]
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        Self { code, detail: detail.into(), members: Map::new(), challenge: CHALLENGE, retry_after: None }
    }

    /// A defect. The caller learns nothing about the inside.
    #[must_use]
    pub fn internal() -> Self {
        Self::new(Code::Internal, "The request was not carried out. It was logged and will be looked into.")
    }

    /// A database that does not answer.
    #[must_use]
    pub fn unavailable() -> Self {
        Self::new(
            Code::Unavailable,
            "A part of the service does not answer. Send the same request again after the time in Retry-After.",
        )
    }

    /// Names the field, parameter or header that has to change.
    #[must_use]
    pub fn at(self, field: impl Into<String>) -> Self {
        self.with("field", field.into())
    }

    /// Adds an extension member.
    #[must_use]
    pub fn with(mut self, member: &str, value: impl Into<Value>) -> Self {
        self.members.insert(member.to_owned(), value.into());
        self
    }

    /// Tells a caller that is not believed more than that it has to say who it is.
    #[cfg(feature = "auth")]
    #[must_use]
    pub(crate) fn challenged(self, challenge: &'static str) -> Self {
        Self { challenge, ..self }
    }

    /// Tells when to come again.
    #[cfg(feature = "auth")]
    #[must_use]
    pub(crate) fn retry_after(self, after: Duration) -> Self {
        Self { retry_after: Some(after), ..self }
    }

    /// An extension member.
    #[must_use]
    pub fn member(&self, name: &str) -> Option<&Value> {
        self.members.get(name)
    }

    /// What the caller is told to change.
    #[must_use]
    pub fn detail(&self) -> &str {
        &self.detail
    }

    /// The problem's code.
    #[must_use]
    pub fn code(&self) -> Code {
        self.code
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut body = json!({
            "type": format!("/problems/{}", self.code.as_str()),
            "title": self.code.title(),
            "status": status.as_u16(),
            "code": self.code.as_str(),
            "detail": self.detail,
        });
        if let Some(object) = body.as_object_mut() {
            object.extend(self.members);
        }
        let content_type = (header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        // A cache must not answer the next one with it.
        let control = (header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        let mut response = (status, [content_type, control], body.to_string()).into_response();
        let passes = (status == StatusCode::SERVICE_UNAVAILABLE).then(|| RETRY_AFTER_SECS.into());
        // Whole seconds, and never sooner than it is worth while.
        let told = self.retry_after.map(|after| after.as_millis().div_ceil(1000).max(1) as u64);
        if let Some(seconds) = told.or(passes) {
            response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
        }
        if status == StatusCode::UNAUTHORIZED {
            let challenge = HeaderValue::from_static(self.challenge);
            response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
        }
        response
    }
}
