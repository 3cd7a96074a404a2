//! Accepting connections: how many there are, how long each may be silent, how large a head may be, and their end.
//!
//! One caller's connections must never keep another's request from being served for longer than these bounds.

use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use hyper_util::server::graceful::GracefulShutdown;
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tower::Service;

use super::Peer;
use super::wire::{Patience, Wire};

/// Most connections that are open at once; further ones wait in the system's queue until one of these ends, unanswered
/// rather than refused, as a balancer's are. A connection without a request takes about 20 KiB.
const MAX_CONNECTIONS: usize = 16_384;
/// Files and sockets that a process has beside its connections: those of databases, of logs and of what it serves.
const OTHER_FILES: usize = 256;
/// Longest that a request's head may take to arrive. It fits one packet or a few, which a bad mobile network brings in two
/// or three seconds.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a connection is kept without a request, or with an answer that is not taken. Above the 60 seconds of common
/// load balancers: whoever reuses connections has to be the one who ends them, or would send into one that we end.
const IDLE_TIMEOUT: Duration = Duration::from_secs(75);
/// Most headers of a request: with all that proxies add there are about thirty.
const MAX_HEADERS: usize = 100;
/// Largest head of a request, in bytes: the longest token several times.
const MAX_HEAD_BYTES: usize = 32 * 1024;
/// Largest buffer of one connection, in bytes: a head, and as much again for what follows it.
const MAX_BUFFER_BYTES: usize = 2 * MAX_HEAD_BYTES;
/// Wait after connections could not be accepted: what is missing then (files, memory) does not come at once.
const ACCEPT_PAUSE: Duration = Duration::from_secs(1);

/// What connections are held to.
pub(super) struct Bounds {
    pub connections: usize,
    pub patience: Patience,
    /// How long requests may still run after the end was asked for.
    pub drain: Duration,
}

impl Bounds {
    /// Those of a service.
    pub(super) fn of_a_service(drain: Duration) -> Self {
        let patience = Patience { head: HEAD_TIMEOUT, idle: IDLE_TIMEOUT };
        Self { connections: room_for_connections(), patience, drain }
    }
}

/// Serves until `stop`, then finishes the requests that were accepted and ends connections that have none.
pub(super) async fn serve(
    listener: TcpListener,
    router: Router,
    bounds: Bounds,
    stop: impl Future<Output = ()>,
) {
    let places = Arc::new(Semaphore::new(bounds.connections));
    let running = GracefulShutdown::new();
    let mut http = http1::Builder::new();
    http.header_read_timeout(None)
        .max_headers(MAX_HEADERS)
        .max_header_size(MAX_HEAD_BYTES)
        .max_buf_size(MAX_BUFFER_BYTES);
    let mut stop = pin!(stop);
    loop {
        let (stream, peer, place) = tokio::select! {
            () = &mut stop => break,
            accepted = accept(&listener, &places) => accepted,
        };
        // A body that comes bit by bit would wait for the caller's word that the last bit came, 40 ms and more.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "a connection sends its bytes late");
        }
        let wire = Wire::new(stream, bounds.patience);
        let (phase, router) = (wire.phase(), router.clone());
        let service = service_fn(move |mut request: Request<Incoming>| {
            phase.requested();
            request.extensions_mut().insert(peer);
            let (phase, answering) = (phase.clone(), router.clone().call(request));
            async move {
                let answer = answering.await;
                phase.answered();
                answer
            }
        });
        let connection = running.watch(http.serve_connection(TokioIo::new(wire), service));
        tokio::spawn(async move {
            // How a caller's connection ends is the caller's affair.
            let _ = connection.await;
            drop(place);
        });
    }
    drop(listener);
    if tokio::time::timeout(bounds.drain, running.shutdown()).await.is_err() {
        tracing::warn!("stopped with requests still running");
    }
}

/// The next connection, once there is a place for it.
async fn accept(listener: &TcpListener, places: &Arc<Semaphore>) -> (TcpStream, Peer, OwnedSemaphorePermit) {
    loop {
        let Ok(place) = Arc::clone(places).acquire_owned().await else { std::future::pending().await };
        match listener.accept().await {
            Ok((stream, address)) => return (stream, Peer(address.ip()), place),
            // That one connection's own end, before we took it.
            Err(error) if is_of_a_connection(&error) => {}
            Err(error) => {
                tracing::error!(%error, "no connection can be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

fn is_of_a_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

/// As many connections as the process may have files for. Systems give a process 1,024 of them unless it asks for more.
fn room_for_connections() -> usize {
    let wanted = u64::try_from(MAX_CONNECTIONS + OTHER_FILES).unwrap_or(u64::MAX);
    let Ok((soft, hard)) = getrlimit(Resource::RLIMIT_NOFILE) else { return MAX_CONNECTIONS };
    let raised = wanted.max(soft).min(hard);
    let files = match setrlimit(Resource::RLIMIT_NOFILE, raised, hard) {
        Ok(()) => raised,
        Err(_) => soft,
    };
    let room = usize::try_from(files).unwrap_or(usize::MAX).saturating_sub(OTHER_FILES);
    if room < MAX_CONNECTIONS {
        tracing::warn!(connections = room, "the process may open few files (`ulimit -n`)");
    }
    room.clamp(1, MAX_CONNECTIONS)
}
