//! Holds a second, where commands for one count go together and where each goes alone.
//!
//! Every figure is of a command API on an engine that was started afresh, and what counts is the ratio of two that were
//! measured one after the other.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use futures::future::try_join_all;
use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};

use super::measure::Times;
use super::placed::{Placed, Taken};
use super::shape::BRAND;

/// Pieces of each SKU: more than are ever held in a run.
const ON_HAND: u32 = 100_000;
/// For how long, first to warm up, then to measure. The embedded engine gets slower with what it has taken.
pub(super) const WARM_UP: Duration = Duration::from_secs(1);
pub(super) const MEASURED: Duration = Duration::from_secs(6);
/// How long one waits who was turned away before it sends the hold again: less than it is told to, or the load would be less
/// than it is said to be.
const PAUSE: Duration = Duration::from_millis(20);

/// Who wants what.
#[derive(Debug, Clone, Copy)]
pub struct Case {
    /// How many clients place one hold after the other.
    pub clients: usize,
    /// How many SKUs they want, in turn.
    pub skus: usize,
}

/// What is measured: one SKU, as many as clients, and nobody else.
pub const CASES: [Case; 4] = [
    Case { clients: 1, skus: 1 },
    Case { clients: 64, skus: 1 },
    Case { clients: 512, skus: 1 },
    Case { clients: 64, skus: 64 },
];

/// A command API, and who asks it.
pub struct Api {
    /// Its base URL.
    pub command_url: String,
    /// What is sent as `Authorization`: a manager's, of the brand.
    pub caller: String,
    /// Its process.
    pub pid: u32,
}

/// A client's place in a run, and the numbers of what it sends.
pub(super) struct Run<'a> {
    api: &'a Api,
    http: Client,
    case: Case,
    /// Of all commands: a key is a number, on an engine that nobody used before.
    sent: AtomicU64,
    turned_away: AtomicU64,
}

/// Fills what the case is about, and lets its clients place holds, each one after the other.
///
/// # Errors
/// When anything is refused, or another number of pieces is held than clients were told.
pub async fn holds(api: &Api, case: Case) -> Result<Placed> {
    let run = Run::of(api, case);
    run.stock_up().await?;
    let warmed_up = run.place(WARM_UP).await?;
    run.turned_away.store(0, Ordering::Relaxed);
    let (before, start) = (run.taken().await?, Instant::now());
    let each = run.place(MEASURED).await?;
    let whole = start.elapsed();
    let cost = run.taken().await?.since(&before, each.len());
    let placed = warmed_up.len() + each.len();
    let held = run.held().await?;
    ensure!(held == placed as u64, "{placed} holds were placed, and {held} pieces are held");
    Ok(Placed { times: Times::of(each, whole), turned_away: run.turned_away.into_inner(), cost })
}

/// The same of one SKU, where holds come so many a second whether those before them are placed or not, and each takes as
/// long as it is since it was to come.
///
/// # Errors
/// As above.
pub async fn holds_at(api: &Api, per_second: f64) -> Result<Placed> {
    let run = Run::of(api, Case { clients: 0, skus: 1 });
    run.stock_up().await?;
    let (before, start) = (run.taken().await?, Instant::now());
    let times = (0..).map(|n| Duration::from_secs_f64(f64::from(n) / per_second));
    let arrivals = times.take_while(|after| *after < WARM_UP + MEASURED).map(|after| {
        let (run, due) = (&run, start + after);
        async move {
            tokio::time::sleep_until(due.into()).await;
            anyhow::Ok((after, run.one_hold(0, due).await?))
        }
    });
    let each = try_join_all(arrivals).await?;
    let cost = run.taken().await?.since(&before, each.len());
    let held = run.held().await?;
    ensure!(held == each.len() as u64, "{} holds were placed, and {held} pieces are held", each.len());
    let measured = each.into_iter().filter(|(after, _)| *after >= WARM_UP).map(|(_, took)| took);
    let times = Times::of(measured.collect(), MEASURED);
    Ok(Placed { times, turned_away: run.turned_away.into_inner(), cost })
}

/// Fills what the case is about, and places one hold.
///
/// # Errors
/// When anything is refused.
pub async fn one_hold(api: &Api, case: Case) -> Result<()> {
    let (http, sent) = (Client::new(), AtomicU64::new(0));
    let run = Run { api, http, case, sent, turned_away: AtomicU64::new(0) };
    run.stock_up().await?;
    run.one_hold(0, Instant::now()).await.map(drop)
}

impl<'a> Run<'a> {
    pub(super) fn of(api: &'a Api, case: Case) -> Self {
        Self { api, http: Client::new(), case, sent: AtomicU64::new(0), turned_away: AtomicU64::new(0) }
    }

    fn store() -> String {
        format!("{BRAND}.sale")
    }

    fn sku(number: usize) -> String {
        format!("{BRAND}.S{number:04}")
    }

    async fn send(&self, method: Method, path: &str, key: u64, body: &Value) -> Result<(StatusCode, Value)> {
        let request = self.http.request(method, format!("{}{path}", self.api.command_url));
        let request = request.header("authorization", &self.api.caller).header("idempotency-key", key);
        let response = request.json(body).send().await?;
        Ok((response.status(), response.json().await?))
    }

    async fn taken(&self) -> Result<Taken> {
        let metrics = self.http.get(format!("{}/metrics", self.api.command_url)).send().await?.text().await?;
        Taken::of(self.api.pid, &metrics)
    }

    fn key(&self) -> u64 {
        self.sent.fetch_add(1, Ordering::Relaxed)
    }

    async fn put(&self, path: &str, body: Value) -> Result<Value> {
        let (status, answer) = self.send(Method::PUT, path, self.key(), &body).await?;
        ensure!(status == StatusCode::OK, "{path}: {status} {answer}");
        Ok(answer)
    }

    pub(super) async fn stock_up(&self) -> Result<()> {
        let store = json!({"name": {"en": "Sale"}, "time_zone": "Asia/Tokyo"});
        self.put(&format!("/v1/stores/{}", Self::store()), store).await?;
        let listed: Vec<Value> =
            (0..self.case.skus).map(|n| json!({"sku": Self::sku(n), "size": "M"})).collect();
        let product = json!({"name": {"en": "Knit"}, "skus": listed});
        self.put(&format!("/v1/products/{BRAND}.SALE"), product).await?;
        for n in 0..self.case.skus {
            self.count(n).await?;
        }
        Ok(())
    }

    async fn count(&self, sku: usize) -> Result<Value> {
        let path = format!("/v1/stores/{}/stock/{}", Self::store(), Self::sku(sku));
        self.put(&path, json!({"on_hand": ON_HAND})).await
    }

    async fn held(&self) -> Result<u64> {
        let mut held = 0;
        for n in 0..self.case.skus {
            held += self.count(n).await?["held"].as_u64().unwrap_or_default();
        }
        Ok(held)
    }

    /// How long each hold took that was begun in that time.
    async fn place(&self, longest: Duration) -> Result<Vec<Duration>> {
        let end = Instant::now() + longest;
        let clients = (0..self.case.clients).map(|client| async move {
            let mut each = Vec::new();
            while Instant::now() < end {
                each.push(self.one_hold(client % self.case.skus, Instant::now()).await?);
            }
            anyhow::Ok(each)
        });
        Ok(try_join_all(clients).await?.into_iter().flatten().collect())
    }

    /// How long it is since then until a hold is placed.
    async fn one_hold(&self, sku: usize, since: Instant) -> Result<Duration> {
        self.hold(sku).await?;
        Ok(since.elapsed())
    }

    /// By a customer of its own, sent until it is placed; the answer.
    pub(super) async fn hold(&self, sku: usize) -> Result<Value> {
        let key = self.key();
        let body = json!({
            "store_id": Self::store(),
            "lines": [{"sku": Self::sku(sku), "quantity": 1}],
            "customer": {"name": "Hanako", "email": format!("c{key}@example.jp")},
        });
        loop {
            match self.send(Method::POST, "/v1/reservations", key, &body).await? {
                (StatusCode::CREATED, answer) => return Ok(answer),
                (StatusCode::SERVICE_UNAVAILABLE, _) => {
                    self.turned_away.fetch_add(1, Ordering::Relaxed);
                    tokio::time::sleep(PAUSE).await;
                }
                (status, answer) => anyhow::bail!("a hold: {status} {answer}"),
            }
        }
    }
}
