//! What reaches the port of a real service without being a request, while others are served.

use std::net::ToSocketAddrs;
use std::time::{Duration, Instant};

use harness::{Api, System, unique};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const STORE: &str = "hinata.shibuya-01";
const SKU: &str = "hinata.KN1021-BLK-M";
/// Connections of a caller who does not use them: ten times what a process has files for unless it asks for more.
const IDLE_CONNECTIONS: usize = 10_000;
/// Longest that a request may take while all that happens.
const PATIENCE: Duration = Duration::from_secs(5);
/// Longest that half a request may be kept.
const CUT: Duration = Duration::from_secs(15);

async fn send(url: &str, bytes: &str) -> TcpStream {
    let address = url.trim_start_matches("http://").to_socket_addrs().unwrap().next().unwrap();
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(bytes.as_bytes()).await.unwrap();
    stream
}

/// What comes until the service closes the connection, and how long that takes.
async fn until_closed(mut stream: TcpStream) -> (String, Duration) {
    let (start, mut text) = (Instant::now(), Vec::new());
    let closed = tokio::time::timeout(CUT, stream.read_to_end(&mut text)).await;
    assert!(closed.is_ok(), "still open after {CUT:?}");
    (String::from_utf8_lossy(&text).into_owned(), start.elapsed())
}

async fn is_well(api: &Api) {
    let start = Instant::now();
    let _ = api.hold(STORE, SKU, 1).await.expect(201);
    assert!(start.elapsed() < PATIENCE, "{:?}", start.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_sends_half_a_request_is_cut_and_others_are_served() {
    let system = System::new().await;
    let service = system.command_api().await;
    let api = Api::from(&service);
    api.stock_up(STORE, "hinata.KN1021", &[SKU], 1000).await;
    let url = service.base_url();

    let head = send(url, "POST /v1/reservations HTTP/1.1\r\nhost: x\r\nidempotency-k").await;
    let body = send(
        url,
        &format!(
            "POST /v1/reservations HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n\
             idempotency-key: {}\r\ncontent-length: 500\r\n\r\n{{\"store_id\":",
            unique()
        ),
    )
    .await;
    is_well(&api).await;
    let ((head, cut), (body, answered)) = tokio::join!(until_closed(head), until_closed(body));
    assert_eq!(head, "", "what is no request is not answered");
    assert!(cut > Duration::from_secs(5), "{cut:?}");
    let (status, problem) = body.split_once("\r\n\r\n").unwrap();
    assert!(status.starts_with("HTTP/1.1 400 ") && answered > Duration::from_secs(5), "{answered:?} {body}");
    let problem: Value = serde_json::from_str(problem).unwrap();
    assert_eq!(problem["code"], "body_incomplete");
    is_well(&api).await;

    let large = format!("GET /livez HTTP/1.1\r\nhost: x\r\nlong: {}\r\n\r\n", "y".repeat(40 * 1024));
    for (bytes, status) in
        [(large.as_str(), "431"), ("nonsense\r\n\r\n", "400"), ("\u{16}\u{3}\u{1}\0\u{5}", "400")]
    {
        let (said, _) = until_closed(send(url, bytes).await).await;
        assert!(said.starts_with(&format!("HTTP/1.1 {status}")), "{said}");
        is_well(&api).await;
    }
}

/// Opens connections that nobody uses, and looks now and then whether others are served.
async fn crowd(url: &str, is_well: impl AsyncFn()) {
    harness::allow_files(IDLE_CONNECTIONS + 500);
    let mut idle = Vec::new();
    for n in 0..IDLE_CONNECTIONS {
        // Half of them were of use once, and are kept alive for longer.
        let used = n % 2 == 0;
        let mut stream = send(url, if used { "GET /livez HTTP/1.1\r\nhost: x\r\n\r\n" } else { "" }).await;
        if used {
            let mut head = [0; 12];
            stream.read_exact(&mut head).await.unwrap();
            assert_eq!(&head, b"HTTP/1.1 200");
        }
        idle.push(stream);
        if n % 2_500 == 0 {
            is_well().await;
        }
    }
    is_well().await;
    drop(idle);
    is_well().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn idle_connections_keep_nobody_out() {
    let system = System::counted(STORE, SKU).await;
    let (commands, queries) = tokio::join!(system.command_api(), system.query_api());
    Api::from(&commands).stock_up(STORE, "hinata.KN1021", &[SKU], 1000).await;
    // Each time by a client that shares no connection with what went before.
    crowd(commands.base_url(), async || is_well(&Api::from(&commands)).await).await;
    let path = format!("/v1/stores/{STORE}/stock/{SKU}");
    crowd(queries.base_url(), async || {
        let start = Instant::now();
        let _ = Api::from(&queries).get(&path).await.expect(200);
        assert!(start.elapsed() < PATIENCE, "{:?}", start.elapsed());
    })
    .await;
}

/// A stream has no end of its own: a service that stops ends it, and does not wait for it.
#[tokio::test(flavor = "multi_thread")]
async fn who_follows_stock_is_told_of_the_end() {
    let system = System::new().await;
    let mut queries = system.query_api().await;
    let path = "/v1/stock/stream?store_id=hinata.a&sku=hinata.a";
    let mut stream = send(queries.base_url(), &format!("GET {path} HTTP/1.1\r\nhost: x\r\n\r\n")).await;
    let mut buffer = [0; 1024];
    let read = stream.read(&mut buffer).await.unwrap();
    assert!(String::from_utf8_lossy(&buffer[..read]).starts_with("HTTP/1.1 200"));
    let start = Instant::now();
    let (stopped, (rest, _)) = tokio::join!(queries.stop(), until_closed(stream));
    stopped.unwrap();
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
    assert!(rest.ends_with("0\r\n\r\n"), "it was cut off: {rest}");
}
