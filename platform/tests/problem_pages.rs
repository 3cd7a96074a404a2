//! Every problem code has a page, every page has a code, and the two say the same.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::path::Path;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use axum::response::{IntoResponse, Response};
use contracts::problem::Code;
use http_body_util::BodyExt;
use platform::Problem;
use platform::server::with_conventions;
use serde_json::Value;
use tower::Service;

async fn get(path: &str) -> Response {
    let request = Request::get(path).body(Body::empty()).unwrap();
    with_conventions(Router::new()).call(request).await.unwrap()
}

async fn text(response: Response) -> String {
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn no_page_is_without_a_code() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/problems");
    let pages: BTreeSet<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    let codes: BTreeSet<String> = Code::ALL.iter().map(|code| format!("{}.md", code.as_str())).collect();
    assert_eq!(pages, codes, "docs/problems has a page for each code, and nothing else");
}

#[tokio::test]
async fn a_problems_type_leads_to_its_page() {
    for code in Code::ALL {
        let problem: Value =
            serde_json::from_str(&text(Problem::new(*code, "x").into_response()).await).unwrap();
        let response = get(problem["type"].as_str().unwrap()).await;
        assert_eq!(response.status(), StatusCode::OK, "{code:?}");
        assert_eq!(response.headers()[header::CONTENT_TYPE], "text/markdown; charset=utf-8");
        assert_eq!(text(response).await, code.page());
    }
    let unknown = get("/problems/no_such_code").await;
    assert_eq!(unknown.status(), StatusCode::NOT_FOUND);
    assert!(text(unknown).await.contains("\"not_found\""));
}

#[tokio::test]
async fn a_page_says_what_the_problem_says() {
    for code in Code::ALL {
        let (page, name) = (code.page(), code.as_str());
        assert_eq!(page.lines().next(), Some(format!("# {}", code.title()).as_str()), "{name}: title");
        let status = format!("\n`{name}`, HTTP status {}\n", code.status());
        assert!(page.contains(&status), "{name}: there is no line{status}");
        for part in ["\n**Why.** ", "\n**What to do.** ", "\n**Send it again?** "] {
            assert!(page.contains(part), "{name}: there is no part{part}");
        }
        let (_, example) = page.split_once("```json\n").unwrap_or_else(|| panic!("{name}: no example"));
        let example: Value = serde_json::from_str(example.trim_end().trim_end_matches("```"))
            .unwrap_or_else(|error| panic!("{name}: the example is no JSON: {error}"));
        let detail = example["detail"].as_str().unwrap_or_else(|| panic!("{name}: no detail"));
        let answer = text(Problem::new(*code, detail).into_response()).await;
        let answer: Value = serde_json::from_str(&answer).unwrap();
        for member in ["type", "title", "status", "code", "detail"] {
            assert_eq!(example[member], answer[member], "{name}: {member} of the example");
        }
    }
}
