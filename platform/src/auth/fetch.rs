//! Getting the issuer's keys over HTTP.

use std::io;
use std::time::Duration;

use axum::body::Bytes;
use axum::http::uri::Scheme;
use axum::http::{Request, StatusCode, Uri, header};
use http_body_util::{BodyExt, Empty, Limited};
use hyper_rustls::HttpsConnectorBuilder;
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::{Connect, HttpConnector};
use hyper_util::rt::TokioExecutor;

/// Longest that one fetch may take: callers wait for it, and give up after 15 seconds.
const TIMEOUT: Duration = Duration::from_secs(3);
/// Largest set of keys that is read, in bytes: that of a large issuer, with certificates, several times.
const MAX_BYTES: usize = 128 * 1024;

/// Why there are no keys.
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    #[error("the system's certificates cannot be read")]
    Certificates(#[source] io::Error),
    #[error("the request cannot be made")]
    Request(#[from] axum::http::Error),
    #[error("no answer")]
    Send(#[from] legacy::Error),
    #[error("no answer in {TIMEOUT:?}")]
    Timeout,
    #[error("answered with {0}")]
    Status(StatusCode),
    #[error("the answer breaks off, or is larger than {MAX_BYTES} bytes")]
    Body(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// What is at this URL. Redirects are not followed: the URL is the operator's choice, and nobody else's.
pub(super) async fn fetch(url: &Uri) -> Result<Bytes, Error> {
    let answered = async {
        if url.scheme() == Some(&Scheme::HTTPS) {
            // Made anew for each of the few fetches: so it knows the certificates that the system has now.
            let connector = HttpsConnectorBuilder::new()
                .with_provider_and_native_roots(rustls::crypto::ring::default_provider())
                .map_err(Error::Certificates)?
                .https_only()
                .enable_http1()
                .build();
            get(url, connector).await
        } else {
            get(url, HttpConnector::new()).await
        }
    };
    tokio::time::timeout(TIMEOUT, answered).await.unwrap_or(Err(Error::Timeout))
}

async fn get(url: &Uri, connector: impl Connect + Clone + Send + Sync + 'static) -> Result<Bytes, Error> {
    let client = legacy::Client::builder(TokioExecutor::new()).build::<_, Empty<Bytes>>(connector);
    let request = Request::get(url).header(header::ACCEPT, "application/json").body(Empty::new())?;
    let answer = client.request(request).await?;
    if answer.status() != StatusCode::OK {
        return Err(Error::Status(answer.status()));
    }
    let body = Limited::new(answer.into_body(), MAX_BYTES).collect().await.map_err(Error::Body)?;
    Ok(body.to_bytes())
}
