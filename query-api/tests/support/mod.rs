//! A real server for each test: its own database on a real MySQL, the real router on a free port.

#![allow(
    dead_code,
    unreachable_pub,
    missing_docs,
    reason = "every test binary compiles this and uses a part of it"
)]

use axum::serve::ListenerExt;
use chrono::TimeDelta;
use contracts::{PickupCode, ReservationId, search};
pub use harness::Database;
use harness::tokens::{self, CURSOR_KEY};
use platform::auth::Role;
use platform::mysql::Mysql;
use platform::throttle::{Limits, Throttle};
use query_api::{PageOptions, Source};
use reqwest::StatusCode;
use serde_json::Value;
use sqlx::MySqlPool;
use sqlx::mysql::MySqlConnectOptions;
use tokio::net::TcpListener;

/// Rows as the relay would have written them.
pub trait Rows {
    async fn store(&self, id: &str);

    /// A store that is there.
    async fn store_at(&self, id: &str, latitude: f64, longitude: f64);

    async fn sku(&self, sku: &str);

    /// A product with what it is found by; its SKUs have a code, a colour, a size and maybe a GTIN.
    async fn product(&self, code: &str, name: &str, skus: &[(&str, &str, &str, Option<&str>)]);

    async fn stock(&self, store_id: &str, sku: &str, on_hand: u32, held: u32, safety: u32);

    /// A reservation with one line, whose customer is [`CUSTOMER`].
    async fn reservation(&self, id: &str, store_id: &str, status: &str, expires_at: &str);

    /// An open source of events whose events are applied up to `as_of` (SQL: a quoted time or NULL).
    async fn checkpoint(&self, shard: &str, as_of: &str, finished_at: &str);
}

impl Rows for Database {
    async fn store(&self, id: &str) {
        self.run(format!(
            "INSERT INTO stores (store_id, brand, version, name_ja, name_en, latitude, longitude, time_zone, \
             updated_at) VALUES ('{id}', '{brand}', 1, '渋谷店', 'Shibuya', 35.659, 139.7005, \
             'Asia/Tokyo', '2026-01-02 03:04:05.678901')",
            brand = brand(id),
        ))
        .await;
    }

    async fn store_at(&self, id: &str, latitude: f64, longitude: f64) {
        self.store(id).await;
        self.run(format!(
            "UPDATE stores SET latitude = {latitude:?}, longitude = {longitude:?} WHERE store_id = '{id}'"
        ))
        .await;
    }

    async fn sku(&self, sku: &str) {
        self.run(format!(
            "INSERT INTO skus (sku, product_code, brand, version, size) \
             VALUES ('{sku}', '{brand}.P', '{brand}', 1, 'M')",
            brand = brand(sku),
        ))
        .await;
    }

    async fn product(&self, code: &str, name: &str, skus: &[(&str, &str, &str, Option<&str>)]) {
        let brand = brand(code);
        self.run(format!(
            "INSERT INTO products (product_code, brand, version, name_ja, updated_at) VALUES \
             ('{code}', '{brand}', 1, '{name}', NOW(6))"
        ))
        .await;
        for (sku, colour, size, gtin) in skus {
            let gtin = gtin.map_or("NULL".to_owned(), |gtin| format!("'{gtin}'"));
            self.run(format!(
                "INSERT INTO skus (sku, product_code, brand, version, colour_ja, size, gtin) VALUES \
                 ('{sku}', '{code}', '{brand}', 1, '{colour}', '{size}', {gtin})"
            ))
            .await;
        }
        for term in search::terms([name].into_iter().chain(skus.iter().map(|sku| sku.1)), 1_000) {
            self.run(format!(
                "INSERT INTO product_terms (term, product_code, brand, version) VALUES ('{term}', '{code}', '{brand}', 1)"
            ))
            .await;
        }
    }

    async fn stock(&self, store_id: &str, sku: &str, on_hand: u32, held: u32, safety: u32) {
        self.run(format!(
            "INSERT INTO stock (store_id, sku, brand, version, on_hand, held, safety, updated_at) VALUES \
             ('{store_id}', '{sku}', '{brand}', 3, {on_hand}, {held}, {safety}, '2026-01-02 03:04:05')",
            brand = brand(sku),
        ))
        .await;
    }

    async fn reservation(&self, id: &str, store_id: &str, status: &str, expires_at: &str) {
        let brand = brand(store_id);
        let [name, phone, email] = CUSTOMER;
        self.run(format!(
            "INSERT INTO reservations (reservation_id, pickup_code, brand, store_id, version, status, customer_name, \
             customer_phone, phone_reversed, customer_email, placed_at, expires_at, updated_at) VALUES ('{id}', \
             '{code}', '{brand}', '{store_id}', 2, '{status}', '{name}', '{phone}', '{reversed}', '{email}', \
             '2026-01-02 03:04:05', '{expires_at}', '2026-01-02 03:04:06')",
            code = PickupCode::from(id.parse::<ReservationId>().unwrap()),
            reversed = phone.chars().rev().filter(char::is_ascii_digit).collect::<String>(),
        ))
        .await;
        self.run(format!(
            "INSERT INTO reservation_lines (reservation_id, sku, store_id, brand, running, version, quantity) VALUES \
             ('{id}', '{brand}.B', '{store_id}', '{brand}', {running}, 2, 2), \
             ('{id}', '{brand}.A', '{store_id}', '{brand}', {running}, 2, 1)",
            running = matches!(status, "held" | "ready"),
        ))
        .await;
    }

    async fn checkpoint(&self, shard: &str, as_of: &str, finished_at: &str) {
        self.run(format!(
            "INSERT INTO checkpoints (stream, shard, as_of, finished_at) \
             VALUES ('outbox', '{shard}', {as_of}, {finished_at})"
        ))
        .await;
    }
}

/// Name, phone and mail of every customer in these tests, each to be found nowhere else.
pub const CUSTOMER: [&str; 3] = ["Zaphod Quaxelburg", "+81-3-5550-7731", "zaphod@quaxel.example"];

fn brand(id: &str) -> &str {
    id.split('.').next().unwrap()
}

/// Far above the age of every date in these tests, which is of long ago.
pub const STALE_SECONDS: i64 = 1_000_000_000;

/// The service, as its binary runs it.
#[derive(Clone)]
pub struct Api {
    pub url: String,
    client: reqwest::Client,
    caller: String,
}

impl Api {
    /// With the pool that the binary makes.
    pub async fn start(options: &MySqlConnectOptions, max_connections: u32) -> Self {
        Self::start_on(Mysql { mysql_url: options.clone() }.untested_pool(max_connections)).await
    }

    pub async fn start_on(pool: MySqlPool) -> Self {
        Self::start_with(Source::new(pool, None, TimeDelta::seconds(STALE_SECONDS))).await
    }

    pub async fn start_with(source: Source) -> Self {
        Self::start_for(source, PageOptions::default()).await
    }

    /// With pages whose scripts talk to these.
    pub async fn start_for(source: Source, options: PageOptions) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        // As the binary does.
        let listener = listener.tap_io(|socket| socket.set_nodelay(true).unwrap());
        let throttle = Throttle::new(Limits::parse(harness::WIDE_LIMITS).unwrap(), query_api::WORK);
        let (key, verifier) = (CURSOR_KEY.parse().unwrap(), tokens::verifier());
        let router = query_api::router(source, key, verifier, throttle, options);
        tokio::spawn(async move { axum::serve(listener, router).await });
        let caller = format!("Bearer {}", tokens::token(Role::Manager, "hinata", &[], "manager"));
        Self { url, client: reqwest::Client::new(), caller }
    }

    /// The same, asked by the user of this token.
    pub fn with_token(&self, token: String) -> Self {
        Self { caller: format!("Bearer {token}"), ..self.clone() }
    }

    /// The same, asked by the holder of this capability.
    pub fn holding(&self, capability: &str) -> Self {
        Self { caller: format!("Capability {capability}"), ..self.clone() }
    }

    /// What is read for this request alone.
    pub async fn response(&self, path: &str) -> reqwest::Response {
        self.asked(path, &[("cache-control", "no-cache")]).await
    }

    /// What is answered to a request with these headers.
    pub async fn asked(&self, path: &str, headers: &[(&str, &str)]) -> reqwest::Response {
        let mut request =
            self.client.get(format!("{}{path}", self.url)).header("authorization", &self.caller);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.send().await.unwrap()
    }

    /// What is answered, with its status.
    pub async fn any(&self, path: &str) -> (StatusCode, Value) {
        let response = self.response(path).await;
        (response.status(), response.json().await.unwrap())
    }

    /// What is answered, which must be 200.
    pub async fn get(&self, path: &str) -> Value {
        let (status, body) = self.any(path).await;
        assert_eq!(status, StatusCode::OK, "{path}: {body}");
        body
    }

    /// The status and code of the problem that is answered.
    pub async fn problem(&self, path: &str) -> (u16, String) {
        let (status, body) = self.any(path).await;
        assert!(status.is_client_error() || status.is_server_error(), "{path}: {status} {body}");
        (status.as_u16(), body["code"].as_str().unwrap_or_else(|| panic!("{path}: {body}")).to_owned())
    }
}
