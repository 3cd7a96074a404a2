//! What every service serves beside its own routes.

use harness::System;
use reqwest::header::CONTENT_TYPE;

#[tokio::test]
async fn both_apis_serve_their_documents() {
    let system = System::new().await;
    let (commands, queries) = tokio::join!(system.command_api(), system.query_api());
    let documents = [
        (&commands, include_str!("../../command-api/openapi.json")),
        (&queries, include_str!("../../query-api/openapi.json")),
    ];
    for (service, committed) in documents {
        let served = reqwest::get(format!("{}/openapi.json", service.base_url())).await.unwrap();
        assert_eq!(served.headers()[CONTENT_TYPE], "application/json");
        assert!(served.text().await.unwrap() == committed, "{} serves another document", service.base_url());
        let page = reqwest::get(format!("{}/docs", service.base_url())).await.unwrap();
        assert_eq!((page.status().as_u16(), page.url().path()), (200, "/docs/"));
    }
}

#[tokio::test]
async fn every_service_has_metrics_and_pages_about_its_problems() {
    let system = System::new().await;
    let services = tokio::join!(system.command_api(), system.relay(), system.query_api());
    for service in [&services.0, &services.1, &services.2] {
        let get = async |path: &str| reqwest::get(format!("{}{path}", service.base_url())).await.unwrap();
        let nothing: serde_json::Value = get("/nothing").await.json().await.unwrap();
        let page = get(nothing["type"].as_str().unwrap()).await;
        assert_eq!(page.headers()[CONTENT_TYPE], "text/markdown; charset=utf-8");
        assert!(page.text().await.unwrap().contains("There is nothing at this path"));

        let metrics = get("/metrics").await;
        assert_eq!(metrics.status().as_u16(), 200);
        let text = metrics.text().await.unwrap();
        let line = r#"torioki_http_requests_total{method="GET",route="-",status="404"} 1"#;
        assert!(text.contains(line), "{line} is not in\n{text}");
    }
}
