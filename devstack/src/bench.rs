//! How fast the query API is on a small projection and on a large one, and the command API where many want the same, each in
//! one run on one machine.
//!
//! Numbers of a run are of its machine. What counts are ratios: of the large projection to the small one, of both to a
//! handler that does nothing and to a statement that is prepared and reads one row, and of holds that go together to holds
//! that go alone.

pub mod cost;
mod fill;
mod hold;
mod measure;
mod questions;
mod report;
pub(crate) mod shape;

use std::net::Ipv4Addr;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use axum::Router;
use axum::routing::get;
use sqlx::MySqlPool;
use tokio::net::TcpListener;

pub use fill::fill;
pub use hold::{Api, CASES, Case, Holds, Placed, holds, holds_at};
use measure::{Times, measure};
pub use questions::{QUESTIONS, Question};
use report::Report;
pub use shape::{BRAND, LARGE, SMALL, Shape};

use crate::console::say;

/// A query API on a projection, and what is in it.
pub struct Target {
    /// Base URL of the API.
    pub query_url: String,
    /// Its database.
    pub mysql_url: String,
    /// What is sent as `Authorization`: a manager's, of the brand.
    pub caller: String,
    /// How much there is.
    pub shape: Shape,
}

/// Asks everything of each, and says how long it took: a table, with a column for each target.
///
/// # Errors
/// When anything is answered but 200.
pub async fn query(targets: &[Target]) -> Result<String> {
    let mut report = Report::new(targets.iter().map(|target| target.shape));
    let bare = bare_handler().await?;
    let client = reqwest::Client::new();
    report.add("a handler that does nothing", vec![measure(|_| ask(&client, &bare, "")).await?]);
    let mut times = Vec::new();
    for target in targets {
        times.push(statement(target).await?);
    }
    report.add("a prepared statement", times);
    for question in &QUESTIONS {
        say(format_args!("asking for: {} ...", question.name));
        let mut times = Vec::new();
        for Target { query_url, caller, shape, .. } in targets {
            let asked = |n| {
                let url = format!("{query_url}{}", question.path(*shape, n));
                let client = &client;
                async move { ask(client, &url, caller).await }
            };
            times.push(measure(asked).await?);
        }
        report.add(question.name, times);
    }
    Ok(report.to_string())
}

/// Asks for an answer that is read for this request alone, and reads it whole.
async fn ask(client: &reqwest::Client, url: &str, caller: &str) -> Result<()> {
    let request = client.get(url).header("cache-control", "no-cache").header("authorization", caller);
    let response = request.send().await?;
    ensure!(response.status() == 200, "{url}: {} {}", response.status(), response.text().await?);
    response.bytes().await?;
    Ok(())
}

/// A server that answers at once; its URL.
async fn bare_handler() -> Result<String> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.context("no free loopback port")?;
    let url = format!("http://{}/", listener.local_addr()?);
    let router = Router::new().route("/", get(|| async { r#"{"available":9}"# }));
    tokio::spawn(async { axum::serve(listener, router).await });
    Ok(url)
}

/// One row by its key, with nothing around it.
async fn statement(target: &Target) -> Result<Times> {
    let pool = MySqlPool::connect(&target.mysql_url).await?;
    let read = |n: u64| {
        let (store, sku) = questions::stocked(target.shape, n);
        let pool = &pool;
        async move {
            let query = "SELECT available FROM stock WHERE store_id = ? AND sku = ?";
            let row: (i32,) = sqlx::query_as(query).bind(store).bind(sku).fetch_one(pool).await?;
            ensure!(row.0 >= 0, "a count below nothing");
            Ok(())
        }
    };
    let times = measure(read).await?;
    pool.close().await;
    Ok(times)
}

/// How long a token has to last: longer than any run.
pub const TOKEN_LIFE: Duration = Duration::from_secs(60 * 60);
