//! Whatever goes wrong, and however fine the log is asked to be: it holds nothing of a customer, and no secret.

use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use base64::Engine;
use base64::prelude::BASE64_STANDARD_NO_PAD;
use contracts::Table;
use devstack::service::Service;
use harness::{Api, Proxy, System, unique};
use reqwest::Method;
use serde_json::{Value, json};

const STORE: &str = "hinata.shibuya-01";
const SKU: &str = "hinata.KN1021-BLK-M";
const NAME: &str = "Unmistakable Hanako";
const PHONE: &str = "090-5550-1234";
const EMAIL: &str = "unmistakable.mail@example.jp";
const TOKEN: &str = "eyJ1bm1pc3Rha2FibGUi.dG9rZW4.c2lnbmF0dXJl";

/// The same service again, with the finest log there is.
async fn traced(mut service: Service) -> Service {
    let mut spec = service.spec().clone();
    service.stop().await.unwrap();
    spec.name.push_str("-traced");
    spec.environment.push(("RUST_LOG".to_owned(), "trace".to_owned()));
    let mut service = Service::start(spec).await.unwrap();
    service.wait_ready(Duration::from_secs(30)).await.unwrap();
    service
}

/// What a secret looks like as it is, and within base64, where it may start at any of three places.
fn traces(secret: &str) -> Vec<String> {
    let inside = |before: usize| {
        let encoded = BASE64_STANDARD_NO_PAD.encode(format!("{}{secret}", "\0".repeat(before)));
        // The first and the last characters depend on what stands beside the secret.
        encoded[4..encoded.len() - 3].to_owned()
    };
    vec![secret.to_owned(), inside(0), inside(1), inside(2)]
}

#[track_caller]
fn assert_clean(service: &Service, secrets: &[&str]) {
    let log = std::fs::read_to_string(service.log()).unwrap();
    for line in log.lines() {
        assert!(serde_json::from_str::<Value>(line).is_ok(), "no JSON: {line}");
        for trace in secrets.iter().flat_map(|secret| traces(secret)) {
            assert!(!line.contains(&trace), "{trace} stands in {line}");
        }
    }
    assert!(log.contains(r#""level":"DEBUG""#), "the log is not as fine as it was asked to be:\n{log}");
}

fn hold(customer: &Value) -> Value {
    json!({"store_id": STORE, "lines": [{"sku": SKU, "quantity": 1}], "customer": customer})
}

async fn place(api: &Api, key: &str, body: String) -> harness::Answer {
    let bearer = format!("Bearer {TOKEN}");
    let headers =
        [("content-type", "application/json"), ("idempotency-key", key), ("authorization", &bearer)];
    api.send(Method::POST, "/v1/reservations", &headers, body).await
}

#[tokio::test(flavor = "multi_thread")]
async fn logs_hold_nothing_of_a_customer_and_no_secret() {
    let system = System::new().await;
    let endpoint = system.tables.endpoint.clone();
    let mut dynamodb = Proxy::start(&endpoint).await;
    let service = traced(system.command_api_at(&dynamodb.url(&endpoint)).await).await;
    let relay = traced(system.relay().await).await;
    let api = Api::from(&service);
    api.stock_up(STORE, "hinata.KN1021", &[SKU], 20).await;
    let customer = json!({"name": NAME, "phone": PHONE, "email": EMAIL});

    // Carried out, repeated, and the key used again.
    let key = unique();
    let placed = place(&api, &key, hold(&customer).to_string()).await.expect(201);
    let id = placed.text("reservation_id");
    let _ = place(&api, &key, hold(&customer).to_string()).await.expect(201);
    let _ = place(&api, &key, hold(&json!({"name": NAME, "phone": PHONE})).to_string()).await.expect(422);

    // Many at once: transactions are cancelled, and bring back what is there.
    let at_once: [_; 8] = std::array::from_fn(|_| api.hold(STORE, SKU, 1));
    let moves: [_; 4] = std::array::from_fn(|_| api.advance(&id, "ready"));
    let _ = tokio::join!(futures::future::join_all(at_once), futures::future::join_all(moves));

    // Bodies that cannot be taken, each with a secret at the place that is wrong.
    for wrong in [
        json!({"name": NAME, "phone": EMAIL}),
        json!({"name": NAME, "email": PHONE}),
        json!({"name": [NAME], "phone": PHONE}),
        json!({"name": NAME, "phone": PHONE, EMAIL: 1}),
        json!(NAME),
    ] {
        let _ = place(&api, &unique(), hold(&wrong).to_string()).await.expect(422);
    }
    let unfinished = hold(&customer).to_string().trim_end_matches('}').to_owned();
    let _ = place(&api, &unique(), unfinished).await.expect(400);
    let _ = api.get(&format!("/v1/reservations/{EMAIL}/ready?token={TOKEN}")).await.expect(405);

    // Without DynamoDB, and with one that hangs.
    dynamodb.cut();
    let _ = place(&api, &unique(), hold(&customer).to_string()).await.expect(503);
    dynamodb.restore().await;
    dynamodb.stall();
    let _ = place(&api, &unique(), hold(&customer).to_string()).await.expect(503);
    dynamodb.go_on();

    system.settled().await;

    // An item that is not what it should be.
    let broken = unique();
    let table = system.tables.prefix.name(Table::Reservations);
    let item = [("pk", &broken[..]), ("store_id", STORE), ("status", "held"), ("customer", NAME)];
    let item = item.map(|(name, value)| (name.to_owned(), AttributeValue::S(value.to_owned())));
    let put = system.tables.client.put_item().table_name(table).set_item(Some(item.into()));
    put.send().await.unwrap();
    let _ = api.advance(&broken, "ready").await.expect(500);

    for service in [&service, &relay] {
        assert_clean(service, &[NAME, PHONE, EMAIL, TOKEN]);
    }
}
