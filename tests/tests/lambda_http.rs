//! Both APIs as AWS Lambda functions behind an HTTP API: the same routes, the same answers.

use harness::{Api, Runtime, System, tokens, unique};
use platform::auth::Role;
use serde_json::json;

const STORE: &str = "hinata.shibuya-01";
const SKU: &str = "hinata.KN1021-BLK-M";

/// What every command is sent with.
fn headers<'h>(key: &'h str, bearer: &'h str) -> Vec<(&'h str, &'h str)> {
    vec![("content-type", "application/json"), ("authorization", bearer), ("idempotency-key", key)]
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_api_takes_commands_as_a_function() {
    let system = System::new().await;
    let prefix = system.tables.prefix.to_string();
    let mut runtime = Runtime::start().await;
    let auth: Vec<(String, String)> = tokens::environment().collect();
    let mut environment =
        vec![("DYNAMODB_ENDPOINT", system.tables.endpoint.as_str()), ("TABLE_PREFIX", &prefix)];
    environment.extend(auth.iter().map(|(name, value)| (name.as_str(), value.as_str())));
    let _function = runtime.function("command-api", "serve", &environment);
    let bearer = format!("Bearer {}", system.token(Role::Manager, "hinata", &[], "manager"));
    let headers = |key| headers(key, &bearer);

    let key = unique();
    let path = format!("/v1/stores/{STORE}");
    let store = json!({"name": {"ja": "渋谷店"}, "time_zone": "Asia/Tokyo"}).to_string();
    let stored = runtime.http("PUT", &path, &headers(&key), &store).await.expect(200);
    assert_eq!(stored.text("store_id"), STORE);
    assert!(stored.headers.contains_key("traceparent"));
    let replayed = runtime.http("PUT", &path, &headers(&key), &store).await.expect(200);
    assert_eq!(
        (&replayed.body, &replayed.headers["idempotent-replay"]),
        (&stored.body, &"true".parse().unwrap())
    );

    let without_key = runtime.http("PUT", &path, &headers(&key)[..2], &store).await;
    assert_eq!(without_key.outcome(), (400, "idempotency_key_missing"));
    let nothing = runtime.http("POST", "/v1/nothing", &headers(&key), "{}").await;
    assert_eq!(nothing.outcome(), (404, "not_found"));
    assert_eq!(nothing.headers["content-type"], "application/problem+json");
    let large = "x".repeat(300 * 1024);
    assert_eq!(runtime.http("PUT", &path, &headers(&key), &large).await.outcome(), (413, "body_too_large"));
    assert_eq!(runtime.http("GET", "/readyz", &[], "").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_query_api_answers_as_a_function() {
    let system = System::new().await;
    let (commands, relay) = tokio::join!(system.command_api(), system.relay());
    Api::from(&commands).stock_up(STORE, "hinata.KN1021", &[SKU], 5).await;
    system.settled().await;
    drop((commands, relay));

    let mut runtime = Runtime::start().await;
    let url = system.database.url_of("app_query");
    let environment = [("MYSQL_URL", url.as_str()), ("CURSOR_KEY", tokens::CURSOR_KEY)];
    let _function = runtime.function("query-api", "serve", &environment);
    let stock = runtime.http("GET", &format!("/v1/stores/{STORE}/stock/{SKU}"), &[], "").await.expect(200);
    assert_eq!(stock.body["available"], 5);
    let path = format!("/v1/skus/{SKU}/stores?in_stock=true&limit=1");
    let stores = runtime.http("GET", &path, &[], "").await.expect(200);
    assert!(stores.body.to_string().contains(STORE), "{}", stores.body);
    let path = format!("/v1/skus/{SKU}/stores?limit=none");
    assert_eq!(runtime.http("GET", &path, &[], "").await.outcome(), (400, "invalid_query"));
}
