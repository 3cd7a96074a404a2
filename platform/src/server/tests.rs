//! What callers do to a socket, by accident or not, and that the next one is served all the same.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::header;
use axum::routing::{get, post};
use http_body_util::BodyExt;
use serde_json::Value;
use tokio::sync::{Notify, oneshot};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tower::Service;

use super::wire::Patience;
use super::*;
use crate::extract::Json;

const HEAD: Duration = Duration::from_millis(800);
const IDLE: Duration = Duration::from_millis(2500);
/// What no test waits longer for.
const LONG: Duration = Duration::from_secs(10);
const GOOD: &[u8] = b"GET /livez HTTP/1.1\r\nhost: x\r\n\r\n";

/// A server with short patience.
struct Server {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    served: JoinHandle<()>,
    /// Lets `/slow` answer.
    go_on: Arc<Notify>,
}

impl Server {
    async fn start(connections: usize) -> Self {
        let go_on = Arc::new(Notify::new());
        let waited = Arc::clone(&go_on);
        let router = with_conventions(
            Router::new()
                .route("/livez", get(|| async { "alive" }))
                .route("/slow", get(|| async move { waited.notified().await }))
                .route("/body", post(|_: Json<Value>| async { "taken" }))
                .route("/large", get(|| async { "x".repeat(32 << 20) })),
        );
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let bounds =
            Bounds { connections, patience: Patience { head: HEAD, idle: IDLE }, drain: DRAIN_TIMEOUT };
        let (stop, stopped) = oneshot::channel();
        let served = tokio::spawn(connections::serve(listener, router, bounds, async {
            let _ = stopped.await;
        }));
        Self { address, stop, served, go_on }
    }

    async fn send(&self, bytes: &[u8]) -> TcpStream {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(bytes).await.unwrap();
        stream
    }

    /// The next good request is served, on a connection of its own.
    async fn is_well(&self) {
        let mut stream = self.send(GOOD).await;
        assert!(answer(&mut stream).await.starts_with("HTTP/1.1 200 "));
    }
}

/// What comes next, as far as it comes at once.
async fn answer(stream: &mut TcpStream) -> String {
    let mut buffer = vec![0; 4096];
    let count = timeout(LONG, stream.read(&mut buffer)).await.unwrap().unwrap();
    String::from_utf8_lossy(&buffer[..count]).into_owned()
}

/// How long the connection stays open, and what comes until then.
async fn until_closed(stream: &mut TcpStream) -> (Duration, usize) {
    let (start, mut rest) = (Instant::now(), Vec::new());
    let _ = timeout(LONG, stream.read_to_end(&mut rest)).await.unwrap();
    (start.elapsed(), rest.len())
}

#[tokio::test]
async fn half_a_head_is_cut() {
    let server = Server::start(1).await;
    for start in [b"".as_slice(), b"\r\n", b"GET /livez HTTP/1.1\r\nhos", &GOOD[..GOOD.len() - 2]] {
        let mut slow = server.send(start).await;
        let (open, _) = until_closed(&mut slow).await;
        assert!((HEAD - Duration::from_millis(50)..IDLE).contains(&open), "{open:?}");
        server.is_well().await;
    }
}

#[tokio::test]
async fn a_head_that_drips_is_cut_on_a_connection_that_was_good() {
    let server = Server::start(10).await;
    let mut stream = server.send(GOOD).await;
    assert!(answer(&mut stream).await.starts_with("HTTP/1.1 200 "));
    // Later than a first head may take: the time begins with the head, not with the connection.
    tokio::time::sleep(HEAD + HEAD / 2).await;
    let start = Instant::now();
    while stream.write_all(b"G").await.is_ok() {
        assert!(start.elapsed() < IDLE, "dripping keeps the connection");
        tokio::time::sleep(HEAD / 10).await;
    }
    server.is_well().await;
}

#[tokio::test]
async fn a_connection_is_kept_alive_for_a_while() {
    let server = Server::start(10).await;
    let mut stream = server.send(GOOD).await;
    for _ in 0..2 {
        assert!(answer(&mut stream).await.starts_with("HTTP/1.1 200 "));
        tokio::time::sleep(HEAD + HEAD / 2).await;
        stream.write_all(GOOD).await.unwrap();
    }
    assert!(answer(&mut stream).await.starts_with("HTTP/1.1 200 "));
    let (open, _) = until_closed(&mut stream).await;
    assert!(open > IDLE - Duration::from_millis(50), "{open:?}");
}

#[tokio::test]
async fn a_request_may_take_longer_than_a_head() {
    let server = Server::start(10).await;
    let mut stream = server.send(b"GET /slow HTTP/1.1\r\nhost: x\r\n\r\n").await;
    tokio::time::sleep(IDLE + HEAD).await;
    server.go_on.notify_one();
    assert!(answer(&mut stream).await.starts_with("HTTP/1.1 200 "));
}

#[tokio::test]
async fn an_answer_that_nobody_takes_is_given_up() {
    let server = Server::start(1).await;
    let mut stream = server.send(b"GET /large HTTP/1.1\r\nhost: x\r\n\r\n").await;
    // The only place is free again.
    server.is_well().await;
    let (_, taken) = until_closed(&mut stream).await;
    assert!(taken < 32 << 20, "all {taken} bytes came");
}

#[tokio::test]
async fn over_the_bound_connections_wait_for_a_place() {
    let server = Server::start(2).await;
    let held = [server.send(b"GET /slow HTTP/1.1\r\nhost: x\r\n\r\n").await, server.send(b"").await];
    let start = Instant::now();
    server.is_well().await;
    assert!(start.elapsed() > HEAD - Duration::from_millis(100), "there were more places than two");
    drop(held);
    server.is_well().await;
}

#[tokio::test]
async fn what_is_no_request_is_refused_and_the_next_is_served() {
    let server = Server::start(1).await;
    let many: String = (0..200).map(|n| format!("x-{n}: y\r\n")).collect();
    let chunked = "POST /body HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n";
    for (bytes, status) in [
        (format!("GET /livez HTTP/1.1\r\nhost: x\r\nlong: {}\r\n\r\n", "y".repeat(40 * 1024)), "431"),
        (format!("GET /livez HTTP/1.1\r\nhost: x\r\n{many}\r\n"), "431"),
        (format!("GET /{} HTTP/1.1\r\nhost: x\r\n\r\n", "y".repeat(70 * 1024)), "4"),
        ("nonsense\r\n\r\n".to_owned(), "400"),
        ("GET /livez HTTP/9.9\r\n\r\n".to_owned(), "400"),
        ("GET  HTTP/1.1\r\nhost: x\r\n\r\n".to_owned(), "400"),
        ("GET /livez HTTP/1.1\r\nhost: x\r\nbad name: y\r\n\r\n".to_owned(), "400"),
        ("\u{16}\u{3}\u{1}\0\u{5}\u{1}\0\0\u{1}\u{3}\u{3}".to_owned(), "400"),
        (format!("{chunked}zz\r\n"), "400"),
        (
            "POST /body HTTP/1.1\r\nhost: x\r\ncontent-length: 3\r\ncontent-length: 4\r\n\r\n".to_owned(),
            "400",
        ),
    ] {
        let mut stream = server.send(bytes.as_bytes()).await;
        let said = answer(&mut stream).await;
        let expected = format!("HTTP/1.1 {status}");
        assert!(said.starts_with(&expected), "{} is answered {said}", bytes.escape_debug());
        drop(stream);
        server.is_well().await;
    }
}

#[tokio::test]
async fn a_stop_finishes_what_runs_and_ends_what_is_idle_at_once() {
    let server = Server::start(10).await;
    let mut idle = server.send(GOOD).await;
    assert!(answer(&mut idle).await.starts_with("HTTP/1.1 200 "));
    let (mut silent, mut half) = (server.send(b"").await, server.send(b"GET /livez HT").await);
    let mut running = server.send(b"GET /slow HTTP/1.1\r\nhost: x\r\n\r\n").await;
    server.is_well().await;

    server.stop.send(()).unwrap();
    for stream in [&mut idle, &mut silent] {
        let (open, _) = until_closed(stream).await;
        assert!(open < HEAD / 2, "{open:?}");
    }
    until_closed(&mut half).await;
    assert!(TcpStream::connect(server.address).await.is_err(), "new connections are taken");
    assert!(!server.served.is_finished(), "a request still runs");
    server.go_on.notify_one();
    let said = answer(&mut running).await;
    assert!(said.starts_with("HTTP/1.1 200 ") && said.contains("connection: close"), "{said}");
    timeout(LONG, server.served).await.unwrap().unwrap();
}

/// The answer to a request whose body or handler never comes to an end, and when it is given.
async fn endless(path: &str) -> (Duration, StatusCode, bool, Value) {
    let mut router = with_conventions(
        Router::new()
            .route("/body", post(|_: Json<Value>| async { "taken" }))
            .route("/raw", post(|_: Bytes| async { "taken" }))
            .route("/slow", post(std::future::pending::<()>)),
    );
    let body = Body::from_stream(futures::stream::pending::<Result<Bytes, io::Error>>());
    let request = Request::post(path).header(header::CONTENT_TYPE, "application/json").body(body).unwrap();
    let start = tokio::time::Instant::now();
    let response = router.call(request).await.unwrap();
    let took = start.elapsed();
    let says_when = response.headers().contains_key(header::RETRY_AFTER);
    assert_eq!(response.headers()[header::CONTENT_TYPE], "application/problem+json");
    let status = response.status();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (took, status, says_when, serde_json::from_slice(&body).unwrap())
}

#[tokio::test(start_paused = true)]
async fn a_body_that_does_not_come_is_the_callers_affair() {
    let (took, status, says_when, problem) = endless("/body").await;
    assert_eq!((status, problem["code"].as_str()), (StatusCode::BAD_REQUEST, Some("body_incomplete")));
    assert!(took < REQUEST_TIMEOUT && !says_when, "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn a_request_that_takes_too_long_is_answered_with_when_to_come_again() {
    for path in ["/slow", "/raw"] {
        let (took, status, says_when, problem) = endless(path).await;
        let code = problem["code"].as_str();
        assert_eq!((status, code), (StatusCode::SERVICE_UNAVAILABLE, Some("unavailable")), "{path}");
        assert!(took >= REQUEST_TIMEOUT && says_when, "{path}: {took:?}");
    }
}
