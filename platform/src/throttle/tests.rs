//! Requests through a router, as a service has it.

use std::net::IpAddr;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::Path;
use axum::http::HeaderMap;
use axum::response::IntoResponse;
use axum::routing::{get, post};
use futures::future::join_all;
use futures::stream;
use http_body_util::BodyExt;
use tower::ServiceExt;

use super::limits::DEFAULT;
use super::*;
use crate::server::{Peer, REQUEST_TIMEOUT, with_conventions};

const HOME: &str = "192.0.2.1";
const AWAY: &str = "192.0.2.2";
const HOLDS: &str = "/holds";

/// The default with these lines of guests' limits instead.
fn limits(changes: &[(&str, &str)]) -> Limits {
    let (before, guests) = DEFAULT.split_once("[clients.unknown]\n").unwrap();
    let mut guests: Vec<String> = guests.lines().map(str::to_owned).collect();
    for (name, value) in changes {
        let line = guests.iter_mut().find(|line| line.starts_with(&format!("{name} ="))).unwrap();
        *line = format!("{name} = {value}");
    }
    Limits::parse(&format!("{before}[clients.unknown]\n{}", guests.join("\n"))).unwrap()
}

fn throttle(changes: &[(&str, &str)]) -> Throttle {
    Throttle::new(limits(changes), Work { places: 100, reserved: 0, holds: Some(HOLDS) })
}

/// A service whose routes end in every way.
fn service(throttle: &Throttle) -> Router {
    let endless = || stream::pending::<Result<Bytes, std::io::Error>>();
    let routes = Router::new()
        .route("/fast", get(|| async { "done" }))
        .route(HOLDS, post(|| async { "held" }).get(|| async { "none" }))
        .route(
            "/answer/{status}",
            get(|Path(status): Path<u16>| async move { StatusCode::from_u16(status).unwrap() }),
        )
        .route(
            "/panic",
            get(|| async {
                if true {
                    panic!("on purpose");
                }
            }),
        )
        .route("/sent", post(|body: Bytes| async move { body }))
        .route("/never", get(std::future::pending::<()>))
        .route("/long", get(move || async move { Body::from_stream(endless()) }))
        .route(
            "/stream",
            get(move || async move {
                ([(header::CONTENT_TYPE, "text/event-stream")], Body::from_stream(endless())).into_response()
            }),
        );
    with_conventions(throttle.clone().guard(routes, Verifier::none()))
}

async fn ask(router: &Router, from: &str, method: Method, path: &str, authorization: &str) -> Response {
    let mut request = Request::builder().method(method).uri(path);
    if !authorization.is_empty() {
        request = request.header(header::AUTHORIZATION, authorization);
    }
    let mut request = request.body(Body::empty()).unwrap();
    request.extensions_mut().insert(Peer(from.parse::<IpAddr>().unwrap()));
    router.clone().oneshot(request).await.unwrap()
}

async fn got(router: &Router, from: &str, path: &str) -> Response {
    ask(router, from, Method::GET, path, "").await
}

async fn limit(response: Response) -> String {
    assert_eq!(response.status(), StatusCode::TOO_MANY_REQUESTS);
    assert!(response.headers().contains_key(header::RETRY_AFTER));
    let body = response.into_body().collect().await.unwrap().to_bytes();
    let problem: serde_json::Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(problem["code"], "throttled");
    problem["limit"].as_str().unwrap().to_owned()
}

fn told(headers: &HeaderMap) -> [&str; 2] {
    ["ratelimit-policy", "ratelimit"].map(|name| headers[name].to_str().unwrap())
}

#[tokio::test(start_paused = true)]
async fn a_place_is_given_back_however_a_request_ends() {
    let throttle = throttle(&[("in_flight_each", "1")]);
    let router = service(&throttle);
    let is_free = async || got(&router, HOME, "/fast").await.status() == StatusCode::OK;
    for path in ["/fast", "/answer/404", "/answer/500", "/panic"] {
        drop(got(&router, HOME, path).await);
        assert!(is_free().await, "after {path}");
    }
    let late = got(&router, HOME, "/never").await;
    assert_eq!(late.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(is_free().await, "after {REQUEST_TIMEOUT:?}");
    let gone = tokio::time::timeout(Duration::from_secs(1), got(&router, HOME, "/never")).await;
    assert!(gone.is_err());
    assert!(is_free().await, "after the caller went away");

    let answer = got(&router, HOME, "/long").await;
    assert!(!is_free().await, "the answer is still being sent");
    drop(answer);
    assert!(is_free().await, "nobody takes the answer any more");
    assert_eq!(limits(&[]).of(Client::Unknown).in_flight_each, 30);
}

#[tokio::test]
async fn what_is_under_way_counts_by_caller_and_by_client() {
    let throttle = throttle(&[("in_flight", "3"), ("in_flight_each", "2")]);
    let router = service(&throttle);
    let first = [got(&router, HOME, "/long").await, got(&router, HOME, "/long").await];
    assert_eq!(limit(got(&router, HOME, "/fast").await).await, "in_flight");
    let second = got(&router, AWAY, "/long").await;
    assert_eq!(second.status(), StatusCode::OK);
    assert_eq!(limit(got(&router, AWAY, "/fast").await).await, "in_flight");
    drop(first);
    assert_eq!(got(&router, HOME, "/fast").await.status(), StatusCode::OK);
}

#[tokio::test]
async fn streams_count_by_themselves() {
    let throttle = throttle(&[("in_flight_each", "1"), ("streams_each", "2")]);
    let router = service(&throttle);
    let open = [got(&router, HOME, "/stream").await, got(&router, HOME, "/stream").await];
    assert_eq!(limit(got(&router, HOME, "/stream").await).await, "streams");
    assert_eq!(got(&router, HOME, "/fast").await.status(), StatusCode::OK);
    drop(open);
    assert_eq!(got(&router, HOME, "/stream").await.status(), StatusCode::OK);
}

#[tokio::test(start_paused = true)]
async fn a_bucket_is_told_on_every_answer_and_fills_again() {
    let throttle = throttle(&[("requests", "{ quota = 3, seconds = 6 }"), ("in_flight_each", "5")]);
    let router = service(&throttle);
    for left in ["2;t=2", "1;t=4", "0;t=6"] {
        let answer = got(&router, HOME, "/answer/404").await;
        let policy = "\"requests\";q=3;w=6, \"in_flight\";q=5;qu=\"concurrent-requests\"";
        let left = format!("\"requests\";r={left}, \"in_flight\";r=4");
        assert_eq!(told(answer.headers()), [policy, &left]);
    }
    let over = got(&router, HOME, "/fast").await;
    assert_eq!(
        (&over.headers()[header::RETRY_AFTER], told(over.headers())[1]),
        (&axum::http::HeaderValue::from_static("2"), "\"requests\";r=0;t=6, \"in_flight\";r=5")
    );
    assert_eq!(limit(over).await, "requests");
    assert_eq!(got(&router, AWAY, "/fast").await.status(), StatusCode::OK);
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(got(&router, HOME, "/fast").await.status(), StatusCode::OK);
    assert_eq!(limit(got(&router, HOME, "/fast").await).await, "requests");
}

#[tokio::test]
async fn placing_holds_has_a_bucket_of_its_own() {
    let throttle = throttle(&[("holds", "{ quota = 1, seconds = 60 }")]);
    let router = service(&throttle);
    let place = async || ask(&router, HOME, Method::POST, HOLDS, "").await;
    let placed = place().await;
    assert!(told(placed.headers())[1].contains("\"holds\";r=0;t=60"), "{:?}", placed.headers());
    assert_eq!(limit(place().await).await, "holds");
    let looked = got(&router, HOME, HOLDS).await;
    assert_eq!(looked.status(), StatusCode::OK);
    assert!(!told(looked.headers())[0].contains("holds"));
}

#[tokio::test(start_paused = true)]
async fn whoever_guesses_is_not_looked_at_for_a_while() {
    let capability = format!("Capability {}", "A".repeat(43));
    for (authorization, path, elsewhere) in [
        ("Bearer wrong", "/answer/401", Some("guesses")),
        // Another hold, of somebody at the same address.
        (&capability, "/answer/404", None),
        (&capability, "/answer/403", None),
    ] {
        let throttle = throttle(&[]);
        let router = service(&throttle);
        let guess = async |from: &str, path: &str| ask(&router, from, Method::GET, path, authorization).await;
        for _ in 0..30 {
            let _ = guess(HOME, path).await;
        }
        // Not even a right one: whether it is one would be the answer to a guess.
        let refused = guess(HOME, path).await;
        let [policy, left] = told(refused.headers());
        assert_eq!(policy, "\"guesses\";q=30;w=60");
        assert_eq!(left, "\"guesses\";r=0;t=2");
        assert_eq!(limit(refused).await, "guesses");
        let other = guess(HOME, "/fast").await;
        match elsewhere {
            Some(expected) => assert_eq!(limit(other).await, expected),
            None => assert_eq!(other.status(), StatusCode::OK),
        }
        assert_eq!(got(&router, HOME, "/fast").await.status(), StatusCode::OK, "a guest guesses nothing");
        assert_eq!(guess(AWAY, "/fast").await.status(), StatusCode::OK);
        tokio::time::sleep(Duration::from_secs(2)).await;
        assert_ne!(guess(HOME, path).await.status(), StatusCode::TOO_MANY_REQUESTS);
    }
}

#[tokio::test]
async fn a_capability_that_opens_something_is_no_guess() {
    let router = service(&throttle(&[]));
    let capability = format!("Capability {}", "A".repeat(43));
    for _ in 0..100 {
        let answer = ask(&router, HOME, Method::GET, "/answer/409", &capability).await;
        assert_eq!(answer.status(), StatusCode::CONFLICT);
    }
}

#[tokio::test(start_paused = true)]
async fn a_body_that_comes_slowly_takes_no_place_of_others() {
    let work = Work { places: 2, reserved: 0, holds: None };
    let router = service(&Throttle::new(limits(&[]), work));
    let slow = async |address: &str| {
        let body = Body::from_stream(stream::pending::<Result<Bytes, std::io::Error>>());
        let mut request = Request::post("/sent").body(body).unwrap();
        request.extensions_mut().insert(Peer(address.parse().unwrap()));
        router.clone().oneshot(request).await.unwrap().status()
    };
    let others = async {
        tokio::task::yield_now().await;
        got(&router, HOME, "/fast").await.status()
    };
    let slow = join_all([AWAY; 5].map(slow));
    let (slow, others) = tokio::join!(slow, others);
    assert_eq!(others, StatusCode::OK);
    assert_eq!(slow, [StatusCode::BAD_REQUEST; 5]);
}

/// Where no address is known, only what counts by client does.
#[tokio::test]
async fn without_an_address_callers_are_one_client() {
    let throttle = throttle(&[("in_flight", "2"), ("in_flight_each", "1")]);
    let router = service(&throttle);
    let ask = async || {
        let request = Request::get("/long").body(Body::empty()).unwrap();
        router.clone().oneshot(request).await.unwrap()
    };
    let open = [ask().await, ask().await];
    assert!(!open[0].headers().contains_key("ratelimit"));
    assert_eq!(limit(ask().await).await, "in_flight");
}

#[tokio::test]
async fn limits_change_under_way() {
    let throttle = throttle(&[("in_flight_each", "1")]);
    let router = service(&throttle);
    let open = got(&router, HOME, "/long").await;
    assert_eq!(limit(got(&router, HOME, "/fast").await).await, "in_flight");
    throttle.change(limits(&[]));
    assert_eq!(got(&router, HOME, "/fast").await.status(), StatusCode::OK);
    drop(open);
}

/// A million addresses take as much memory as those that are remembered, and hide nobody.
#[tokio::test]
async fn a_million_addresses_are_some_callers() {
    let callers = Callers::new();
    let limits = limits(&[("requests", "{ quota = 10, seconds = 3600 }")]);
    let own = limits.of(Client::Unknown);
    let now = Instant::now();
    let admitted = |address: u32| {
        let key = Some(callers.key(address));
        callers.admit(Caller { client: Client::Unknown, key }, own, false, now).1.is_ok()
    };
    assert_eq!((0..11).filter(|_| admitted(0)).count(), 10);
    let taken = (1..1_000_000).filter(|address| admitted(*address)).count();
    assert!(taken < 70_000, "{taken}");
    assert!(callers.remembered() < 70_000);
    assert!(!admitted(0), "who had used up a bucket has a new one");
}
