//! Pages of other origins: which ones may ask this service from a browser.
//!
//! Owns the list and what such pages may send and read. It must never allow an origin by a pattern, and never credentials
//! that a browser adds by itself: who asks is said by a header that the page sends.

use std::time::Duration;

use axum::Router;
use axum::http::header::{
    AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_MATCH, IF_NONE_MATCH, LOCATION, RETRY_AFTER,
};
use axum::http::uri::Scheme;
use axum::http::{HeaderName, HeaderValue, Method, Uri};
use tower_http::cors::{AllowOrigin, CorsLayer};

/// How long a browser keeps what a preflight was answered: an hour, after which an origin that was taken from the list
/// is refused everywhere. No browser keeps it for more than a day.
const MAX_AGE: Duration = Duration::from_secs(60 * 60);
/// What a page may send beside the headers that every page may.
const SENT: [HeaderName; 9] = [
    AUTHORIZATION,
    CONTENT_TYPE,
    IF_MATCH,
    IF_NONE_MATCH,
    CACHE_CONTROL,
    HeaderName::from_static("idempotency-key"),
    HeaderName::from_static("consistency-token"),
    HeaderName::from_static("prefer"),
    HeaderName::from_static("traceparent"),
];
/// What a page may read beside the headers that every page may.
const READ: [HeaderName; 9] = [
    ETAG,
    LOCATION,
    RETRY_AFTER,
    HeaderName::from_static("consistency-token"),
    HeaderName::from_static("idempotent-replay"),
    HeaderName::from_static("preference-applied"),
    HeaderName::from_static("ratelimit"),
    HeaderName::from_static("ratelimit-policy"),
    HeaderName::from_static("traceparent"),
];

/// Pages of which origins may ask.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct Origins {
    /// Origin of pages that may ask from a browser, as browsers write it: `https://shop.example`. May be given more than
    /// once, in the variable with commas between; without any, only pages of this origin may.
    #[arg(
        long = "allow-origin",
        env = "ALLOWED_ORIGINS",
        value_name = "ORIGIN",
        value_delimiter = ',',
        value_parser = origin
    )]
    pub allowed: Vec<HeaderValue>,
}

impl Origins {
    /// The routes, answering pages of these origins.
    pub fn admit(self, router: Router) -> Router {
        if self.allowed.is_empty() {
            return router;
        }
        admit(router, move |origin| self.allowed.contains(origin))
    }
}

/// The routes, answering pages of the origins that are allowed when they ask. Outside of everything else: a preflight carries
/// no token.
pub fn admit(
    router: Router,
    allowed: impl Fn(&HeaderValue) -> bool + Clone + Send + Sync + 'static,
) -> Router {
    router.layer(
        CorsLayer::new()
            .allow_origin(AllowOrigin::predicate(move |origin, _| allowed(origin)))
            .allow_methods([Method::GET, Method::HEAD, Method::POST, Method::PUT])
            .allow_headers(SENT)
            .expose_headers(READ)
            .max_age(MAX_AGE),
    )
}

/// An origin to the letter, as a browser sends it: another spelling would never be met.
fn origin(text: &str) -> Result<HeaderValue, &'static str> {
    const WRONG: &str = "must be http:// or https://, a host in small letters, a port unless it is the usual one, and nothing behind it";
    let url: Uri = text.parse().map_err(|_| WRONG)?;
    let (Some(scheme), Some(authority)) = (url.scheme(), url.authority()) else { return Err(WRONG) };
    let usual = if *scheme == Scheme::HTTPS { 443 } else { 80 };
    let host = authority.host();
    let written = match url.port_u16().filter(|port| *port != usual) {
        Some(port) => format!("{scheme}://{host}:{port}"),
        None => format!("{scheme}://{host}"),
    };
    let known = *scheme == Scheme::HTTPS || *scheme == Scheme::HTTP;
    if !known || host.is_empty() || host.contains('*') || written.to_ascii_lowercase() != text {
        return Err(WRONG);
    }
    text.parse().map_err(|_| WRONG)
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::http::{Request, Response, StatusCode, header};
    use axum::routing::post;
    use clap::Parser;
    use tower::ServiceExt;

    use super::*;
    use crate::server::with_conventions;

    const SHOP: &str = "https://shop.example";

    #[derive(Parser)]
    struct Cli {
        #[command(flatten)]
        origins: Origins,
    }

    async fn asked(origins: &[&str], request: axum::http::request::Builder) -> Response<Body> {
        let allowed = origins.iter().map(|text| origin(text).unwrap()).collect();
        let routes = Router::new().route("/v1/reservations", post(|| async { StatusCode::UNAUTHORIZED }));
        let router = Origins { allowed }.admit(with_conventions(routes));
        router.oneshot(request.uri("/v1/reservations").body(Body::empty()).unwrap()).await.unwrap()
    }

    fn preflight(from: &str) -> axum::http::request::Builder {
        Request::builder()
            .method(Method::OPTIONS)
            .header(header::ORIGIN, from)
            .header(header::ACCESS_CONTROL_REQUEST_METHOD, "POST")
            .header(header::ACCESS_CONTROL_REQUEST_HEADERS, "authorization,idempotency-key,if-match")
    }

    fn value(response: &Response<Body>, name: HeaderName) -> &str {
        response.headers().get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
    }

    #[tokio::test]
    async fn a_page_of_the_list_is_let_in_without_a_token() {
        let answer = asked(&["https://other.example", SHOP], preflight(SHOP)).await;
        assert_eq!(answer.status(), StatusCode::OK);
        assert_eq!(value(&answer, header::ACCESS_CONTROL_ALLOW_ORIGIN), SHOP);
        assert_eq!(value(&answer, header::ACCESS_CONTROL_ALLOW_METHODS), "GET,HEAD,POST,PUT");
        assert_eq!(value(&answer, header::ACCESS_CONTROL_MAX_AGE), "3600");
        let sent = value(&answer, header::ACCESS_CONTROL_ALLOW_HEADERS);
        assert!(SENT.iter().all(|name| sent.contains(name.as_str())), "{sent}");
        assert!(!answer.headers().contains_key(header::ACCESS_CONTROL_ALLOW_CREDENTIALS));
    }

    #[tokio::test]
    async fn it_reads_refusals_and_what_our_headers_say() {
        let request = Request::builder().method(Method::POST).header(header::ORIGIN, SHOP);
        let answer = asked(&[SHOP], request).await;
        assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
        assert_eq!(value(&answer, header::ACCESS_CONTROL_ALLOW_ORIGIN), SHOP);
        assert!(value(&answer, header::VARY).contains("origin"));
        let read = value(&answer, header::ACCESS_CONTROL_EXPOSE_HEADERS);
        assert!(READ.iter().all(|name| read.contains(name.as_str())), "{read}");
    }

    #[tokio::test]
    async fn no_other_page_is() {
        for other in
            ["https://shop.example.evil.example", "http://shop.example", "https://shop.example:8443", "null"]
        {
            let answer = asked(&[SHOP], preflight(other)).await;
            assert!(!answer.headers().contains_key(header::ACCESS_CONTROL_ALLOW_ORIGIN), "{other}");
        }
        let answer = asked(&[], preflight(SHOP)).await;
        assert_eq!(answer.status(), StatusCode::METHOD_NOT_ALLOWED);
        assert!(!answer.headers().contains_key(header::ACCESS_CONTROL_ALLOW_ORIGIN));
    }

    #[test]
    fn the_list_is_of_origins_to_the_letter() {
        let parsed = |arguments: &[&str]| Cli::try_parse_from([&["service"], arguments].concat());
        let both =
            parsed(&["--allow-origin", "https://a.example,http://127.0.0.1:8081", "--allow-origin", SHOP]);
        assert_eq!(both.map_err(|error| error.to_string()).unwrap().origins.allowed.len(), 3);
        assert!(parsed(&[]).is_ok_and(|cli| cli.origins.allowed.is_empty()));
        for wrong in [
            "*",
            "",
            "null",
            "shop.example",
            "https://",
            "https://*.example",
            "https://shop.example/",
            "HTTPS://shop.example",
            "https://Shop.example",
            "https://shop.example:443",
            "https://a@shop.example",
            "ftp://shop.example",
            "https://shop.example/page",
            "https://shop.example?x",
        ] {
            assert!(parsed(&[&format!("--allow-origin={wrong}")]).is_err(), "{wrong:?}");
        }
    }
}
