//! The same routes as an AWS Lambda function: behind API Gateway (HTTP and REST), a load balancer or a function URL.
//!
//! Owns what is different from a socket. Routes must never notice.

use std::io;

use axum::Router;
use axum::http::Uri;
use lambda_http::request::RequestContext;
use lambda_http::tower::ServiceExt;
use lambda_http::{Request, RequestExt};

use crate::server::Peer;

/// What Lambda sets for whatever it runs.
const RUNTIME_API: &str = "AWS_LAMBDA_RUNTIME_API";
/// The stage of an HTTP API that stands in no path, and of a function URL.
const DEFAULT_STAGE: &str = "$default";

/// Whether this process was started by Lambda.
#[must_use]
pub fn is_here() -> bool {
    std::env::var_os(RUNTIME_API).is_some()
}

/// Serves one event after the other until Lambda ends the process.
///
/// # Errors
/// When the runtime's API does not answer.
pub(crate) async fn serve(router: Router) -> io::Result<()> {
    tracing::info!("serving as an AWS Lambda function");
    lambda_http::run(router.map_request(|request| without_stage(with_peer(request))))
        .await
        .map_err(io::Error::other)
}

/// The request with the address that it came from. A load balancer does not tell it but in a header, which anybody may write.
fn with_peer(mut request: Request) -> Request {
    let address = match request.request_context_ref() {
        Some(RequestContext::ApiGatewayV2(context)) => context.http.source_ip.clone(),
        Some(RequestContext::ApiGatewayV1(context)) => context.identity.source_ip.clone(),
        _ => None,
    };
    if let Some(address) = address.and_then(|address| address.parse().ok()) {
        request.extensions_mut().insert(Peer(address));
    }
    request
}

/// The request as a socket would have brought it: the path without the API's stage, and no host before it.
fn without_stage(mut request: Request) -> Request {
    let whole = request.uri().path_and_query().map_or("/", |path| path.as_str());
    let prefix = stage_prefix(&request).unwrap_or_default();
    let path = match whole.strip_prefix(&prefix) {
        Some(path) if path.starts_with('/') => path,
        _ => whole,
    };
    if let Ok(uri) = path.parse::<Uri>() {
        *request.uri_mut() = uri;
    }
    request
}

/// What stands before our own paths. An HTTP API sends its stage in the path (API Gateway developer guide, payload
/// format 2.0). A REST API does not, but `lambda_http` puts it there, unless the path looks as if it began with it.
fn stage_prefix(request: &Request) -> Option<String> {
    let prefix =
        |stage: &Option<String>| Some(format!("/{}", stage.as_ref().filter(|s| *s != DEFAULT_STAGE)?));
    match request.request_context_ref()? {
        RequestContext::ApiGatewayV2(context) => prefix(&context.stage),
        RequestContext::ApiGatewayV1(context) => prefix(&context.stage)
            .filter(|prefix| !request.raw_http_path().starts_with(&format!("{prefix}/"))),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use axum::body::Bytes;
    use axum::http::HeaderMap;
    use axum::routing::post;
    use http_body_util::BodyExt;
    use lambda_http::tower::ServiceExt as _;
    use serde_json::{Value, json};

    use super::*;

    const BODY: &str = "{\"name\": \"渋谷店\"}\r\n";
    const BASE64_BODY: &str = "eyJuYW1lIjogIua4i+iwt+W6lyJ9DQo=";

    /// What a route sees of an event.
    async fn seen(event: Value) -> Vec<String> {
        let echo = |uri: Uri, headers: HeaderMap, body: Bytes| async move {
            let header = headers["idempotency-key"].to_str().unwrap().to_owned();
            [uri.to_string(), header, String::from_utf8(body.to_vec()).unwrap()].join("|")
        };
        let router = Router::new().route("/v1/stores/{id}", post(echo));
        let request = lambda_http::request::from_str(&event.to_string()).unwrap();
        let response = router.map_request(without_stage).oneshot(request).await.unwrap();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        String::from_utf8(body.to_vec()).unwrap().split('|').map(str::to_owned).collect()
    }

    fn whole(body: &str) -> [String; 3] {
        ["/v1/stores/hinata.a?cursor=a%2Bb&limit=2", "k 1", body].map(str::to_owned)
    }

    fn http_api(stage: &str, path: &str) -> Value {
        json!({
            "version": "2.0",
            "routeKey": "$default",
            "rawPath": path,
            "rawQueryString": "cursor=a%2Bb&limit=2",
            "headers": {"host": "x.execute-api.ap-northeast-1.amazonaws.com", "idempotency-key": "k 1"},
            "requestContext": {
                "accountId": "1", "apiId": "x", "stage": stage,
                "http": {"method": "POST", "path": path, "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1"},
            },
            "body": BASE64_BODY,
            "isBase64Encoded": true,
        })
    }

    fn rest_api(stage: &str) -> Value {
        json!({
            "resource": "/{proxy+}",
            "path": "/v1/stores/hinata.a",
            "httpMethod": "POST",
            "headers": {"Host": "x.execute-api.ap-northeast-1.amazonaws.com", "Idempotency-Key": "k 1"},
            "multiValueHeaders": {"Idempotency-Key": ["k 1"]},
            "queryStringParameters": {"cursor": "a+b", "limit": "2"},
            "multiValueQueryStringParameters": {"cursor": ["a+b"], "limit": ["2"]},
            "requestContext": {
                "accountId": "1", "resourceId": "r", "stage": stage, "requestId": "q", "httpMethod": "POST",
                "identity": {"sourceIp": "192.0.2.1"}, "resourcePath": "/{proxy+}", "apiId": "x",
            },
            "body": BODY,
            "isBase64Encoded": false,
        })
    }

    #[tokio::test]
    async fn an_http_api_and_a_function_url_bring_everything() {
        for (stage, path) in [("$default", ""), ("prod", "/prod"), ("v1", "/v1")] {
            let event = http_api(stage, &format!("{path}/v1/stores/hinata.a"));
            assert_eq!(seen(event).await, whole(BODY), "{stage}");
        }
    }

    #[tokio::test]
    async fn an_http_api_with_a_domain_of_its_own_has_no_stage_in_its_path() {
        assert_eq!(seen(http_api("prod", "/v1/stores/hinata.a")).await, whole(BODY));
    }

    #[tokio::test]
    async fn a_rest_api_brings_everything() {
        for stage in ["prod", "v1"] {
            // Parameters come as a map, so their order is not kept.
            let mut seen = seen(rest_api(stage)).await;
            if seen[0].ends_with("?limit=2&cursor=a%2Bb") {
                seen[0] = whole("")[0].clone();
            }
            assert_eq!(seen, whole(BODY), "{stage}");
        }
    }

    #[tokio::test]
    async fn a_load_balancer_brings_everything() {
        let event = json!({
            "requestContext": {"elb": {"targetGroupArn": "arn:aws:elasticloadbalancing:ap-northeast-1:1:targetgroup/t/1"}},
            "httpMethod": "POST",
            "path": "/v1/stores/hinata.a",
            "queryStringParameters": {"limit": "2"},
            "headers": {"host": "t.ap-northeast-1.elb.amazonaws.com", "idempotency-key": "k 1"},
            "body": BASE64_BODY,
            "isBase64Encoded": true,
        });
        assert_eq!(seen(event).await, ["/v1/stores/hinata.a?limit=2", "k 1", BODY]);
    }
}
