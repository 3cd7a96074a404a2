//! Serving HTTP: limits, timeouts, and an end that finishes what was accepted.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use axum::middleware::{from_fn, map_response};
use axum::response::{IntoResponse, Response};
use contracts::problem::Code;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::signal::unix::{SignalKind, signal};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::timeout::TimeoutLayer;

use crate::{Problem, metrics, problem_pages, trace};

mod connections;
mod headers;
#[cfg(test)]
mod tests;
mod wire;

use connections::Bounds;

/// Largest body that is read, in bytes: the largest command (a product with all its SKUs) fits several times.
pub const MAX_BODY_BYTES: usize = 256 * 1024;
/// Longest that one request may take, body included. Above every bounded retry inside, below what proxies allow.
pub const REQUEST_TIMEOUT: Duration = Duration::from_secs(15);
/// How long a stopping service lets running requests finish.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(20);
/// How long a health probe waits for its answer.
const PROBE_TIMEOUT: Duration = Duration::from_secs(3);

/// Where to listen.
#[derive(Debug, Clone, clap::Args)]
pub struct Listen {
    /// Address and port to serve HTTP on; port 0 takes a free one.
    #[arg(long, env = "LISTEN", default_value = "127.0.0.1:8080")]
    pub listen: SocketAddr,
}

/// The other end of a request's connection: whoever asks, or a proxy.
#[derive(Debug, Clone, Copy)]
pub struct Peer(pub IpAddr);

/// Adds what all our routes share: problems for every failure and a page about each, limits, a span per request, and
/// metrics.
pub fn with_conventions(router: Router) -> Router {
    router
        .merge(metrics::routes())
        .merge(problem_pages::routes())
        .fallback(|| async { Problem::new(Code::NotFound, "See the API's documentation for its paths.") })
        .method_not_allowed_fallback(|| async {
            Problem::new(Code::MethodNotAllowed, "See the Allow header for the methods of this path.")
        })
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .layer(TimeoutLayer::with_status_code(StatusCode::REQUEST_TIMEOUT, REQUEST_TIMEOUT))
        // Outside of the timeout, whose bare answer it replaces.
        .layer(map_response(timed_out_as_problem))
        .layer(CatchPanicLayer::custom(|panic: Box<dyn std::any::Any + Send>| {
            let message = panic
                .downcast_ref::<String>()
                .map(String::as_str)
                .or_else(|| panic.downcast_ref::<&str>().copied())
                .unwrap_or("unknown");
            tracing::error!(message, "panic in a handler");
            Problem::internal().into_response()
        }))
        .layer(from_fn(trace::in_span))
        .layer(from_fn(metrics::measure))
}

/// The timeout layer answers an empty 408; ours is a problem, and says that the outcome is open.
async fn timed_out_as_problem(response: Response) -> Response {
    if response.status() == StatusCode::REQUEST_TIMEOUT {
        Problem::unavailable().into_response()
    } else {
        response
    }
}

/// Serves until the process is told to stop, then finishes what it accepted. Where AWS Lambda runs the process, and the
/// feature `lambda` is there, it takes events instead and listens to nothing.
///
/// # Errors
/// When the address cannot be listened on.
pub async fn serve(listen: SocketAddr, router: Router) -> io::Result<()> {
    let router = router.layer(map_response(headers::secure));
    #[cfg(feature = "lambda")]
    if crate::lambda::is_here() {
        return crate::lambda::serve(router).await;
    }
    let listener = TcpListener::bind(listen)
        .await
        .map_err(|error| io::Error::new(error.kind(), format!("cannot listen on {listen}: {error}")))?;
    announce(listener.local_addr()?);
    connections::serve(listener, router, Bounds::of_a_service(DRAIN_TIMEOUT), stop_signal()).await;
    Ok(())
}

/// The first line on standard output, by which whoever started the process learns the port.
fn announce(address: SocketAddr) {
    println!("listening on http://{address}");
    tracing::info!(net.address = %address, "listening");
}

/// Returns when the process is asked to stop (SIGTERM or SIGINT).
pub async fn stop_signal() {
    let wait = |kind| async move {
        match signal(kind) {
            Ok(mut signal) => {
                signal.recv().await;
            }
            Err(error) => {
                tracing::error!(%error, "cannot wait for signals");
                std::future::pending::<()>().await;
            }
        }
    };
    tokio::select! {
        () = wait(SignalKind::terminate()) => {}
        () = wait(SignalKind::interrupt()) => {}
    }
}

/// Asks a service on this machine whether it is ready: the health check of an image without `curl`.
///
/// # Errors
/// When it does not answer, or answers anything but 200.
pub async fn probe(port: u16) -> io::Result<()> {
    let asked = async {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).await?;
        stream.write_all(b"GET /readyz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").await?;
        let mut answer = Vec::new();
        stream.take(4096).read_to_end(&mut answer).await?;
        if answer.starts_with(b"HTTP/1.1 200 ") {
            Ok(())
        } else {
            Err(io::Error::other(String::from_utf8_lossy(&answer).into_owned()))
        }
    };
    tokio::time::timeout(PROBE_TIMEOUT, asked).await?
}
