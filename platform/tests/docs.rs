//! The page that documents an API, from files that are all its own.

#![cfg(feature = "docs")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode, header};
use http_body_util::BodyExt;
use platform::docs;
use platform::server::with_conventions;
use tower::Service;

const DOCUMENT: &str = r#"{"openapi":"3.1.0","info":{"title":"Torioki","version":"1"},"paths":{}}"#;

async fn get(path: &str) -> (StatusCode, HeaderMap, String) {
    let mut router: Router = with_conventions(docs::routes(DOCUMENT.to_owned()));
    let request = Request::get(path).body(Body::empty()).unwrap();
    let response = router.call(request).await.unwrap();
    let (head, body) = response.into_parts();
    let bytes = body.collect().await.unwrap().to_bytes();
    (head.status, head.headers, String::from_utf8_lossy(&bytes).into_owned())
}

#[tokio::test]
async fn the_document_is_served_as_it_is() {
    let (status, headers, body) = get("/openapi.json").await;
    assert_eq!((status, body.as_str()), (StatusCode::OK, DOCUMENT));
    assert_eq!(headers[header::CONTENT_TYPE], "application/json");
}

#[tokio::test]
async fn the_page_and_all_that_it_names_are_there() {
    assert_eq!(get("/docs").await.1[header::LOCATION], "/docs/");
    let (status, headers, page) = get("/docs/").await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(headers[header::CONTENT_TYPE], "text/html");
    let named: Vec<&str> = page
        .split([' ', '>'])
        .filter_map(|word| word.strip_prefix("src=\"").or_else(|| word.strip_prefix("href=\"")))
        .map(|word| word.trim_end_matches(['"', '/']).trim_start_matches("./"))
        .collect();
    assert!(named.contains(&"swagger-ui-bundle.js"), "{named:?}");
    for file in named {
        assert!(!file.contains("//"), "{file} comes from elsewhere");
        assert_eq!(get(&format!("/docs/{file}")).await.0, StatusCode::OK, "{file}");
    }
}

#[tokio::test]
async fn the_page_asks_nobody_else() {
    let (_, headers, settings) = get("/docs/swagger-initializer.js").await;
    assert!(settings.contains(r#""url": "/openapi.json""#), "{settings}");
    assert!(settings.contains(r#""validatorUrl": "none""#), "{settings}");
    assert!(!settings.contains("//petstore"), "{settings}");
    let policy = headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
    assert!(policy.starts_with("default-src 'self';") && !policy.contains("http"), "{policy}");
}

#[tokio::test]
async fn a_file_that_is_not_there_is_a_problem() {
    let (status, headers, _) = get("/docs/nothing.js").await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    assert_eq!(headers[header::CONTENT_TYPE], "application/problem+json");
}
