//! A meter between a service and DynamoDB: it passes every call on as it is, but has DynamoDB say what the call consumed.

use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result};
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use reqwest::Client;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::size::{self, Units};

/// What a call's operation is named in.
const TARGET: &str = "x-amz-target";
/// Operations that a command is made of.
const WRITE: &str = "TransactWriteItems";
const READ: &str = "BatchGetItem";

/// What was counted since somebody asked last, or that for each of some.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Metered {
    /// By the rules, without the index of due holds: a request does not say what it replaces there.
    pub(super) ruled: Units,
    /// What the engine said, with it.
    pub(super) said: Units,
    pub(super) transactions: f64,
    /// Items that they wrote.
    pub(super) items: f64,
    /// Bytes of these.
    pub(super) bytes: f64,
}

impl Metered {
    pub(super) fn plus(self, other: Self) -> Self {
        Self {
            ruled: self.ruled.plus(other.ruled),
            said: self.said.plus(other.said),
            transactions: self.transactions + other.transactions,
            items: self.items + other.items,
            bytes: self.bytes + other.bytes,
        }
    }

    /// A share of it, where it was of so many.
    pub(super) fn each_of(self, count: u32) -> Self {
        let share = f64::from(count.max(1)).recip();
        Self {
            ruled: self.ruled.times(share),
            said: self.said.times(share),
            transactions: self.transactions * share,
            items: self.items * share,
            bytes: self.bytes * share,
        }
    }
}

/// The meter. It runs as long as this program.
#[derive(Debug, Clone)]
pub struct Meter {
    url: String,
    counted: Arc<Mutex<Metered>>,
}

#[derive(Clone)]
struct Way {
    http: Client,
    engine: String,
    counted: Arc<Mutex<Metered>>,
}

impl Meter {
    /// A meter in front of this engine.
    ///
    /// # Errors
    /// When there is no free port.
    pub async fn before(engine: String) -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.context("no free loopback port")?;
        let url = format!("http://{}", listener.local_addr()?);
        let counted = Arc::<Mutex<Metered>>::default();
        let way = Way { http: Client::new(), engine, counted: Arc::clone(&counted) };
        let router = Router::new().fallback(pass_on).with_state(way);
        tokio::spawn(async { axum::serve(listener, router).await });
        Ok(Self { url, counted })
    }

    /// Where services find it.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// What was counted since this was asked last.
    pub(super) fn take(&self) -> Metered {
        std::mem::take(&mut *self.counted.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

async fn pass_on(State(way): State<Way>, headers: HeaderMap, body: Bytes) -> Response {
    match way.pass_on(headers, body).await {
        Ok(response) => response,
        Err(error) => (StatusCode::BAD_GATEWAY, format!("{error:#}")).into_response(),
    }
}

impl Way {
    async fn pass_on(&self, mut headers: HeaderMap, body: Bytes) -> Result<Response> {
        let operation = headers.get(TARGET).and_then(|target| target.to_str().ok()?.rsplit('.').next());
        let operation = operation.unwrap_or_default().to_owned();
        let mut sent = body;
        let mut request = Value::Null;
        if [WRITE, READ].contains(&operation.as_str()) {
            request = serde_json::from_slice(&sent)?;
            request["ReturnConsumedCapacity"] = json!("TOTAL");
            sent = serde_json::to_vec(&request)?.into();
        }
        headers.remove("content-length");
        headers.remove("host");
        let answer = self.http.post(&self.engine).headers(headers).body(sent).send().await?;
        let status = answer.status();
        let kind = answer.headers().get("content-type").cloned();
        let answered = answer.bytes().await?;
        if status.is_success() && !request.is_null() {
            self.count(&operation, &request, &serde_json::from_slice(&answered)?);
        }
        Ok((status, kind.map(|kind| [("content-type", kind)]), answered).into_response())
    }

    fn count(&self, operation: &str, request: &Value, answer: &Value) {
        let said: f64 =
            list(&answer["ConsumedCapacity"]).filter_map(|table| table["CapacityUnits"].as_f64()).sum();
        let mut counted = self.counted.lock().unwrap_or_else(PoisonError::into_inner);
        if operation == READ {
            let found =
                answer["Responses"].as_object().into_iter().flat_map(|tables| tables.values().flat_map(list));
            let (found, read) =
                found.fold((0, 0.0), |(found, read), item| (found + 1, read + size::read(Some(item))));
            let asked = request["RequestItems"].as_object().into_iter();
            let asked: usize =
                asked.flat_map(|tables| tables.values()).map(|table| list(&table["Keys"]).count()).sum();
            let missing = asked.saturating_sub(found);
            counted.ruled.read +=
                read + f64::from(u32::try_from(missing).unwrap_or_default()) * size::read(None);
            counted.said.read += said;
            return;
        }
        counted.said.write += said;
        counted.transactions += 1.0;
        for item in list(&request["TransactItems"]).map(|action| &action["Put"]["Item"]) {
            counted.ruled.write += size::written_in_transaction(item);
            counted.items += 1.0;
            counted.bytes += bytes(item);
        }
    }
}

#[allow(clippy::cast_precision_loss, reason = "an item has 400 KB at most")]
fn bytes(item: &Value) -> f64 {
    size::size(item) as f64
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}
