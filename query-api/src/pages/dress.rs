//! What every page is answered with: headers that keep strangers' code out, and words instead of a problem.
//!
//! A handler of a page refuses with a problem, like every other. A browser is shown it as a page; it learns no more than
//! the status, so that a link which is not believed looks like one that leads nowhere.

use askama::Template;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::Response;

use super::frame::{Frame, Visit, page};
use super::words::{Phrase, Words};
use super::{PageOptions, frame};

const PERMISSIONS_POLICY: HeaderName = HeaderName::from_static("permissions-policy");
const OPENER_POLICY: HeaderName = HeaderName::from_static("cross-origin-opener-policy");

/// The headers of every page.
#[derive(Debug, Clone)]
pub(super) struct Headers(HeaderMap);

impl Headers {
    pub(super) fn of(options: &PageOptions) -> Self {
        let endpoints = [&options.command_url, &options.oidc_issuer].into_iter().flatten();
        let endpoints: String = endpoints.map(|endpoint| format!(" {}", endpoint.origin())).collect();
        let policy = format!(
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'{endpoints}; \
             form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
        );
        // An endpoint is of what a header can hold; without any, scripts reach nobody.
        let policy = HeaderValue::try_from(policy).unwrap_or(HeaderValue::from_static("default-src 'none'"));
        Self(HeaderMap::from_iter([
            (header::CONTENT_SECURITY_POLICY, policy),
            (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
            (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
            (OPENER_POLICY, HeaderValue::from_static("same-origin")),
            (PERMISSIONS_POLICY, HeaderValue::from_static("geolocation=(self), camera=(), microphone=()")),
        ]))
    }
}

#[derive(Template)]
#[template(path = "error.html")]
struct ErrorPage {
    frame: Frame,
    text: Phrase,
    /// Where the visitor may go on.
    again: Option<String>,
}

/// Gives pages their headers, and those who read pages a page for every refusal.
pub(super) async fn dress(State(headers): State<Headers>, request: Request, next: Next) -> Response {
    let visit = reads_pages(&request).then(|| Visit::of(request.uri(), request.headers()));
    let address = request.uri().path_and_query().map(|address| address.as_str().to_owned());
    let mut response = next.run(request).await;
    let status = response.status();
    if let Some(visit) = visit.filter(|_| status.is_client_error() || status.is_server_error()) {
        let retry_after = response.headers().get(header::RETRY_AFTER).cloned();
        response = page(&error_page(visit, status, address));
        *response.status_mut() = status;
        response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        response.headers_mut().extend(retry_after.map(|seconds| (header::RETRY_AFTER, seconds)));
    }
    let own = response.headers().contains_key(header::CONTENT_SECURITY_POLICY);
    if frame::is_page(&response) && !own {
        response.headers_mut().extend(headers.0);
    }
    response
}

/// Whether the answer is for somebody's eyes. What is under `/v1` never is.
fn reads_pages(request: &Request) -> bool {
    let accepts = request.headers().get(header::ACCEPT).and_then(|accepts| accepts.to_str().ok());
    accepts.is_some_and(|accepts| accepts.contains("text/html")) && !request.uri().path().starts_with("/v1/")
}

fn error_page(visit: Visit, status: StatusCode, address: Option<String>) -> ErrorPage {
    let common = Words::of(visit.lang).common;
    let (title, text) = match status {
        StatusCode::NOT_FOUND | StatusCode::BAD_REQUEST => (common.missing_title, common.missing),
        StatusCode::TOO_MANY_REQUESTS => (common.unavailable_title, common.throttled),
        StatusCode::SERVICE_UNAVAILABLE => (common.unavailable_title, common.unavailable),
        status if status.is_client_error() => (common.refused_title, common.refused),
        _ => (common.internal_title, common.internal),
    };
    // Two slashes in front would lead to another host.
    let passes = status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS;
    let again = address.filter(|address| passes && !address.starts_with("//"));
    ErrorPage { frame: Frame::new(visit, title.to_string()), text, again }
}
