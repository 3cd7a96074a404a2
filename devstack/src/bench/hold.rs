//! Holds a second, where commands for one count go together and where each goes alone.
//!
//! Every figure is of a command API on an engine that was started afresh, and what counts is the ratio of two that were
//! measured one after the other.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use futures::future::try_join_all;
use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};

use super::measure::Times;
use super::shape::BRAND;

/// Pieces of each SKU: more than are ever held in a run.
const ON_HAND: u32 = 100_000;
/// For how long, first to warm up, then to measure. The embedded engine gets slower with what it has taken.
const WARM_UP: Duration = Duration::from_secs(1);
const MEASURED: Duration = Duration::from_secs(6);
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
}

/// What became of it.
#[derive(Debug, Clone, Copy)]
pub struct Placed {
    times: Times,
    /// How often somebody was told to come again.
    turned_away: u64,
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
    let start = Instant::now();
    let each = run.place(MEASURED).await?;
    let whole = start.elapsed();
    let placed = warmed_up.len() + each.len();
    let held = run.held().await?;
    ensure!(held == placed as u64, "{placed} holds were placed, and {held} pieces are held");
    Ok(Placed { times: Times::of(each, whole), turned_away: run.turned_away.into_inner() })
}

/// The same of one SKU, where holds come so many a second whether those before them are placed or not, and each takes as
/// long as it is since it was to come.
///
/// # Errors
/// As above.
pub async fn holds_at(api: &Api, per_second: f64) -> Result<Placed> {
    let run = Run::of(api, Case { clients: 0, skus: 1 });
    run.stock_up().await?;
    let start = Instant::now();
    let times = (0..).map(|n| Duration::from_secs_f64(f64::from(n) / per_second));
    let arrivals = times.take_while(|after| *after < WARM_UP + MEASURED).map(|after| {
        let (run, due) = (&run, start + after);
        async move {
            tokio::time::sleep_until(due.into()).await;
            anyhow::Ok((after, run.one_hold(0, due).await?))
        }
    });
    let each = try_join_all(arrivals).await?;
    let held = run.held().await?;
    ensure!(held == each.len() as u64, "{} holds were placed, and {held} pieces are held", each.len());
    let measured = each.into_iter().filter(|(after, _)| *after >= WARM_UP).map(|(_, took)| took);
    Ok(Placed { times: Times::of(measured.collect(), MEASURED), turned_away: run.turned_away.into_inner() })
}

impl Placed {
    /// So much of the holds a second that these are.
    #[must_use]
    pub fn share_of_rate(&self, share: f64) -> f64 {
        self.times.per_second * share
    }
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

/// What was measured, as Markdown.
pub struct Holds {
    /// Each case, each alone and combined.
    pub cases: Vec<(Case, [Placed; 2])>,
    /// Combined, on one SKU, at a fixed rate.
    pub at_rate: Placed,
}

impl fmt::Display for Holds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "| p50 ms / p99 ms / holds a second (turned away) | each alone | combined | a second, combined to alone | \
             p50 | p99 |"
        )?;
        writeln!(f, "| --- | --- | --- | --- | --- | --- |")?;
        for (Case { clients, skus }, [alone, combined]) in &self.cases {
            let ratio = |of: fn(&Times) -> f64| of(&combined.times) / of(&alone.times).max(f64::EPSILON);
            let (faster, p50, p99) = (ratio(|t| t.per_second), ratio(|t| ms(t.p50)), ratio(|t| ms(t.p99)));
            writeln!(
                f,
                "| {clients} clients, {skus} SKUs | {alone} | {combined} | {faster:.2} | {p50:.2} | {p99:.2} |"
            )?;
        }
        writeln!(f, "| one SKU, at a fixed rate | | {} | | | |", self.at_rate)
    }
}

impl fmt::Display for Placed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { times: Times { p50, p99, per_second }, turned_away } = self;
        write!(f, "{:.1} / {:.1} / {per_second:.0} ({turned_away})", ms(*p50), ms(*p99))
    }
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_stand_side_by_side() {
        let placed = |ms, per_second| {
            let times = Times { p50: Duration::from_millis(ms), p99: Duration::from_millis(90), per_second };
            Placed { times, turned_away: 3 }
        };
        let cases = vec![(CASES[1], [placed(40, 20.0), placed(10, 300.0)])];
        let text = Holds { cases, at_rate: placed(5, 210.0) }.to_string();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(
            lines[2..],
            [
                "| 64 clients, 1 SKUs | 40.0 / 90.0 / 20 (3) | 10.0 / 90.0 / 300 (3) | 15.00 | 0.25 | 1.00 |",
                "| one SKU, at a fixed rate | | 5.0 / 90.0 / 210 (3) | | | |",
            ]
        );
        assert!(lines.iter().all(|line| line.matches('|').count() == 7), "{text}");
    }
}
