//! Asking our APIs, as a client would.

use reqwest::header::{AUTHORIZATION, HeaderMap, RETRY_AFTER};
use reqwest::{Client, Method};
use serde_json::{Value, json};
use uuid::Uuid;

/// A key that nobody used before.
#[must_use]
pub fn unique() -> String {
    Uuid::now_v7().to_string()
}

/// One of our APIs, and who asks it.
#[derive(Debug, Clone)]
pub struct Api {
    url: String,
    client: Client,
    /// What is sent as `Authorization`, unless a request brings its own.
    caller: Option<String>,
}

/// What it answered.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, `null` where it is no JSON.
    pub body: Value,
}

impl Answer {
    /// The status, and the code of a problem, empty where it is none.
    #[must_use]
    pub fn outcome(&self) -> (u16, &str) {
        (self.status, self.body["code"].as_str().unwrap_or_default())
    }

    /// Whether the client is told when to come again.
    #[must_use]
    pub fn says_when_to_retry(&self) -> bool {
        self.headers.contains_key(RETRY_AFTER)
    }

    /// This answer, which must have that status.
    #[track_caller]
    #[must_use]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.body);
        self
    }

    /// A text in the body.
    #[track_caller]
    #[must_use]
    pub fn text(&self, member: &str) -> String {
        self.body[member].as_str().unwrap_or_else(|| panic!("no {member} in {}", self.body)).to_owned()
    }
}

impl Api {
    /// The API at this base URL, asked by a guest.
    #[must_use]
    pub fn new(url: &str) -> Self {
        Self { url: url.to_owned(), client: Client::new(), caller: None }
    }

    /// The same API, asked by a guest.
    #[must_use]
    pub fn as_guest(&self) -> Self {
        Self { caller: None, ..self.clone() }
    }

    /// The same API, asked by the user of this token.
    #[must_use]
    pub fn with_token(&self, token: String) -> Self {
        Self { caller: Some(format!("Bearer {token}")), ..self.clone() }
    }

    /// The same API, asked by the holder of this capability.
    #[must_use]
    pub fn holding(&self, capability: &str) -> Self {
        Self { caller: Some(format!("Capability {capability}")), ..self.clone() }
    }

    /// A request of any form, with the body to the letter.
    pub async fn send(&self, method: Method, path: &str, headers: &[(&str, &str)], body: String) -> Answer {
        let mut request = self.client.request(method, format!("{}{path}", self.url)).body(body);
        let brought = headers.iter().any(|(name, _)| name.eq_ignore_ascii_case(AUTHORIZATION.as_str()));
        if let Some(caller) = self.caller.as_ref().filter(|_| !brought) {
            request = request.header(AUTHORIZATION, caller);
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let body = serde_json::from_slice(&response.bytes().await.unwrap()).unwrap_or(Value::Null);
        Answer { status, headers, body }
    }

    /// A query that is read for by itself.
    pub async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, &[("cache-control", "no-cache")], String::new()).await
    }

    /// How a query is answered whose body has no end: without it.
    pub async fn opened(&self, path: &str) -> Answer {
        let response = self.client.get(format!("{}{path}", self.url)).send().await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Answer { status, headers, body: Value::Null }
    }

    /// A command under this key.
    pub async fn command(&self, method: Method, path: &str, key: &str, body: &Value) -> Answer {
        let headers = [("content-type", "application/json"), ("idempotency-key", key)];
        self.send(method, path, &headers, body.to_string()).await
    }

    /// A new command.
    pub async fn put(&self, path: &str, body: Value) -> Answer {
        self.command(Method::PUT, path, &unique(), &body).await
    }

    /// A new command.
    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.command(Method::POST, path, &unique(), &body).await
    }

    /// Makes a store, a product with these SKUs, and as many pieces of each.
    pub async fn stock_up(&self, store_id: &str, product_code: &str, skus: &[&str], on_hand: u32) {
        let store = json!({"name": {"ja": "渋谷店", "en": "Shibuya"}, "time_zone": "Asia/Tokyo"});
        let _ = self.put(&format!("/v1/stores/{store_id}"), store).await.expect(200);
        let listed: Vec<Value> = skus.iter().map(|sku| json!({"sku": sku, "size": "M"})).collect();
        let product = json!({"name": {"en": "Knit"}, "skus": listed});
        let _ = self.put(&format!("/v1/products/{product_code}"), product).await.expect(200);
        for sku in skus {
            let path = format!("/v1/stores/{store_id}/stock/{sku}");
            let _ = self.put(&path, json!({"on_hand": on_hand})).await.expect(200);
        }
    }

    /// Asks for a hold of some pieces of one SKU.
    pub async fn hold(&self, store_id: &str, sku: &str, quantity: u32) -> Answer {
        self.post("/v1/reservations", hold(store_id, sku, quantity)).await
    }

    /// Moves a hold on.
    pub async fn advance(&self, reservation_id: &str, to: &str) -> Answer {
        self.post(&format!("/v1/reservations/{reservation_id}/{to}"), json!({})).await
    }
}

/// A request for a hold of some pieces of one SKU.
fn hold(store_id: &str, sku: &str, quantity: u32) -> Value {
    json!({
        "store_id": store_id,
        "lines": [{"sku": sku, "quantity": quantity}],
        "customer": {"name": "山田 花子", "phone": "090-0000-0000"},
    })
}
