//! Metrics of a process, as Prometheus reads them.
//!
//! Owns the recorder, `GET /metrics` and what is measured of every HTTP request. A label must never take a value that a
//! caller makes up: each value of each label is a series that is kept for as long as the process lives.

use std::sync::OnceLock;
use std::thread;
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::{MatchedPath, Request};
use axum::http::{Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use metrics::{Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

/// Upper bounds of the buckets of every histogram whose name ends in `_seconds`: from a read that was in memory to the
/// longest that a request may take.
const DURATION_BUCKETS: [f64; 14] =
    [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 15.0];
/// Upper bounds of the buckets of every histogram whose name ends in `_records`: up to a stream's largest page.
const RECORD_BUCKETS: [f64; 7] = [1.0, 5.0, 10.0, 50.0, 100.0, 500.0, 1000.0];
/// How often samples are put into their buckets. Between two times they are kept one by one, and without this they
/// would be for ever in a process that nobody scrapes.
const UPKEEP_INTERVAL: Duration = Duration::from_secs(5);
/// What Prometheus is told that the text is.
const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";
/// A label's value where there is none.
const NONE: &str = "-";

const REQUESTS: &str = "torioki_http_requests_total";
const DURATION: &str = "torioki_http_request_duration_seconds";
const IN_FLIGHT: &str = "torioki_http_requests_in_flight";

static RECORDER: OnceLock<PrometheusHandle> = OnceLock::new();

/// Starts measuring, once in a process; later calls change nothing. What is measured before is lost.
pub fn init() {
    let _ = recorder();
}

/// Everything measured so far, as text.
#[must_use]
pub fn render() -> String {
    recorder().render()
}

/// The route of the metrics.
pub(crate) fn routes() -> Router {
    init();
    Router::new().route("/metrics", get(exposition))
}

/// Everything that the process measured, as Prometheus reads it
#[cfg_attr(feature = "docs", utoipa::path(
    get, path = "/metrics", tag = "service", security(()),
    responses((status = 200, description = "Prometheus text.", body = String, content_type = "text/plain"))
))]
pub(crate) async fn exposition() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, CONTENT_TYPE)], render())
}

fn recorder() -> &'static PrometheusHandle {
    RECORDER.get_or_init(|| {
        let seconds = Matcher::Suffix("_seconds".to_owned());
        let records = Matcher::Suffix("_records".to_owned());
        let recorder = PrometheusBuilder::new()
            .set_buckets_for_metric(seconds, &DURATION_BUCKETS)
            .and_then(|builder| builder.set_buckets_for_metric(records, &RECORD_BUCKETS))
            // Refused is only an empty list.
            .unwrap_or_else(|_| PrometheusBuilder::new())
            .build_recorder();
        let handle = recorder.handle();
        if metrics::set_global_recorder(recorder).is_err() {
            tracing::error!("another recorder is there already: /metrics stays empty");
        }
        describe();
        keep_up(handle.clone());
        handle
    })
}

/// A thread, because it has to outlive the runtime that happened to be the first to measure.
fn keep_up(handle: PrometheusHandle) {
    let upkeep = move || {
        loop {
            thread::sleep(UPKEEP_INTERVAL);
            handle.run_upkeep();
        }
    };
    if let Err(error) = thread::Builder::new().name("metrics".to_owned()).spawn(upkeep) {
        tracing::error!(%error, "no thread for metrics: samples are kept until somebody reads them");
    }
}

fn describe() {
    describe_counter!(
        REQUESTS,
        Unit::Count,
        "HTTP requests that ended, by method, route and status; `-` is no route of ours, or a caller that went away"
    );
    describe_histogram!(DURATION, Unit::Seconds, "Time from a request's head to its answer's head");
    describe_gauge!(IN_FLIGHT, Unit::Count, "HTTP requests that wait for their answer");
}

/// Measures a request.
pub(crate) async fn measure(request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>();
    let mut running = Running {
        method: method(request.method()),
        route: route.map_or_else(|| NONE.to_owned(), |route| route.as_str().to_owned()),
        status: NONE.to_owned(),
        started: Instant::now(),
    };
    gauge!(IN_FLIGHT).increment(1);
    let response = next.run(request).await;
    running.status = response.status().as_u16().to_string();
    response
}

/// A method that our routes know. Callers may send any word as a method.
fn method(method: &Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "PUT" => "PUT",
        "PATCH" => "PATCH",
        "DELETE" => "DELETE",
        "OPTIONS" => "OPTIONS",
        _ => NONE,
    }
}

/// A request under way. Counted when dropped, so that one whose caller went away is counted too.
struct Running {
    method: &'static str,
    route: String,
    status: String,
    started: Instant,
}

impl Drop for Running {
    fn drop(&mut self) {
        let labels = [
            ("method", self.method.to_owned()),
            ("route", std::mem::take(&mut self.route)),
            ("status", std::mem::take(&mut self.status)),
        ];
        gauge!(IN_FLIGHT).decrement(1);
        histogram!(DURATION, &labels).record(self.started.elapsed());
        counter!(REQUESTS, &labels).increment(1);
    }
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::http::StatusCode;
    use http_body_util::BodyExt;
    use tower::Service;

    use super::*;
    use crate::server::with_conventions;

    async fn ask(router: &mut Router, method: &str, path: &str) -> (StatusCode, String) {
        let request = Request::builder().method(method).uri(path).body(Body::empty()).unwrap();
        let response = router.call(request).await.unwrap();
        let status = response.status();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        (status, String::from_utf8(body.to_vec()).unwrap())
    }

    fn service(route: &str) -> Router {
        with_conventions(Router::new().route(route, get(|| async { "here" })))
    }

    #[tokio::test]
    async fn requests_are_counted_by_route_and_never_by_path() {
        let (mut first, mut second) = (service("/first/{id}"), service("/second/{id}"));
        for id in ["a", "b"] {
            assert_eq!(ask(&mut first, "GET", &format!("/first/{id}")).await.0, StatusCode::OK);
        }
        let _ = ask(&mut second, "POST", "/second/secret-path").await;
        let _ = ask(&mut second, "GET", "/secret-path").await;
        let _ = ask(&mut second, "MADEUP", "/secret-path").await;

        let (status, text) = ask(&mut second, "GET", "/metrics").await;
        assert_eq!(status, StatusCode::OK);
        for line in [
            "# TYPE torioki_http_requests_total counter",
            "# TYPE torioki_http_request_duration_seconds histogram",
            "# TYPE torioki_http_requests_in_flight gauge",
            r#"torioki_http_requests_total{method="GET",route="/first/{id}",status="200"} 2"#,
            r#"torioki_http_requests_total{method="POST",route="/second/{id}",status="405"} 1"#,
            r#"torioki_http_requests_total{method="GET",route="-",status="404"} 1"#,
            r#"torioki_http_requests_total{method="-",route="-",status="404"} 1"#,
            r#"torioki_http_request_duration_seconds_bucket{method="GET",route="/first/{id}",status="200",le="15"} 2"#,
        ] {
            assert!(text.contains(line), "{line} is not in\n{text}");
        }
        for word in ["secret-path", "MADEUP"] {
            assert!(!text.contains(word), "{word} is in\n{text}");
        }
    }

    #[tokio::test]
    async fn a_caller_that_goes_away_is_counted() {
        let slow = Router::new().route("/slow", get(std::future::pending::<()>));
        let mut router = with_conventions(slow);
        let request = Request::builder().uri("/slow").body(Body::empty()).unwrap();
        let longest = Duration::from_millis(20);
        assert!(tokio::time::timeout(longest, router.call(request)).await.is_err());
        let line = r#"torioki_http_requests_total{method="GET",route="/slow",status="-"} 1"#;
        assert!(render().contains(line), "{line} is not in\n{}", render());
    }
}
