//! How fast the query API is on a small projection and on a large one, the command API where many want the same, and the
//! relay on a backlog, each in one run on one machine.
//!
//! Numbers of a run are of its machine. What counts are ratios: of the large projection to the small one, of both to a
//! handler that answers at once and to a statement that is prepared and reads one row, of holds that go together to holds
//! that go alone, of holds to bare transactions of their items, and of the relay to each half of its work.

mod bare;
pub mod cost;
mod fill;
mod hold;
mod measure;
mod path;
mod placed;
mod questions;
mod relay;
mod report;
pub(crate) mod shape;

use std::net::Ipv4Addr;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use axum::Router;
use axum::body::Bytes;
use axum::http::header;
use axum::routing::get;
use futures::future::{BoxFuture, try_join_all};
use reqwest::Client;
use sqlx::ConnectOptions;
use sqlx::mysql::MySqlConnectOptions;
use tokio::net::TcpListener;
use tokio::sync::Mutex;

pub use bare::{Sent, bare};
pub use fill::fill;
pub use hold::{Api, CASES, Case, holds, holds_at, one_hold};
use measure::{AT_ONCE, Times, measure};
pub use path::{Beside, Path};
pub use placed::{Cost, Holds, Placed};
pub use questions::{QUESTIONS, Question};
pub use relay::{Drained, Lag, Ours, Outbox, Relay, drain, lag, upsert};
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
    let client = Client::new();
    for (name, yardstick) in [(HANDLER, handler as Yardstick), (STATEMENT, statement)] {
        let mut times = Vec::new();
        for target in targets {
            times.push(yardstick(&client, target).await?);
        }
        report.add(name, times);
    }
    for (name, question, freshness) in [(WARM, &QUESTIONS[0], Freshness::Kept)]
        .into_iter()
        .chain(QUESTIONS.iter().map(|question| (question.name, question, Freshness::Anew)))
    {
        say(format_args!("asking for: {name} ..."));
        let mut times = Vec::new();
        for Target { query_url, caller, shape, .. } in targets {
            let client = &client;
            let asked = |n| async move {
                let n = if freshness == Freshness::Kept { 0 } else { n };
                let url = format!("{query_url}{}", question.path(*shape, n));
                ask(client, &url, caller, freshness).await.map(drop)
            };
            times.push(measure(asked).await?);
        }
        report.add(name, times);
    }
    report.compare(WARM, HANDLER);
    report.compare(QUESTIONS[0].name, STATEMENT);
    Ok(report.to_string())
}

/// What one lookup is measured against.
const HANDLER: &str = "a handler that answers the same bytes";
const STATEMENT: &str = "a prepared statement";
/// A lookup whose answer others had just now.
const WARM: &str = "one SKU in one store, kept";

/// Whether what others had just now will do.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Freshness {
    Kept,
    Anew,
}

type Yardstick = for<'t> fn(&'t Client, &'t Target) -> BoxFuture<'t, Result<Times>>;

/// Asks, and reads the answer whole.
async fn ask(client: &Client, url: &str, caller: &str, freshness: Freshness) -> Result<Bytes> {
    let mut request = client.get(url).header(header::AUTHORIZATION, caller);
    if freshness == Freshness::Anew {
        request = request.header(header::CACHE_CONTROL, "no-cache");
    }
    let response = request.send().await?;
    ensure!(response.status() == 200, "{url}: {} {}", response.status(), response.text().await?);
    Ok(response.bytes().await?)
}

/// A server that answers at once what the lookup of one count does.
fn handler<'t>(client: &'t Client, target: &'t Target) -> BoxFuture<'t, Result<Times>> {
    Box::pin(async move {
        let lookup = format!("{}{}", target.query_url, QUESTIONS[0].path(target.shape, 0));
        let answer = ask(client, &lookup, &target.caller, Freshness::Anew).await?;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.context("no free loopback port")?;
        let url = format!("http://{}/", listener.local_addr()?);
        let json = [(header::CONTENT_TYPE, "application/json")];
        let router = Router::new().route("/", get(async move || (json, answer)));
        let served = tokio::spawn(async { axum::serve(listener, router).await });
        let times = measure(|_| async { ask(client, &url, "", Freshness::Anew).await.map(drop) }).await;
        served.abort();
        times
    })
}

/// One row by its key, each on a connection of its own, with nothing around it.
fn statement<'t>(_: &'t Client, target: &'t Target) -> BoxFuture<'t, Result<Times>> {
    Box::pin(async move {
        let options: MySqlConnectOptions = target.mysql_url.parse()?;
        let options = options.disable_statement_logging();
        let connect = async || anyhow::Ok(Mutex::new(options.connect().await?));
        let connections = try_join_all((0..AT_ONCE).map(|_| connect())).await?;
        let read = |n: u64| {
            let (store, sku) = questions::stocked(target.shape, n);
            let connections = &connections;
            async move {
                let query = "SELECT available FROM stock WHERE store_id = ? AND sku = ?";
                let turn = usize::try_from(n % AT_ONCE)?;
                let mut connection = connections.get(turn).context("no such connection")?.lock().await;
                let row: (i32,) =
                    sqlx::query_as(query).bind(store).bind(sku).fetch_one(&mut *connection).await?;
                ensure!(row.0 >= 0, "a count below nothing");
                Ok(())
            }
        };
        measure(read).await
    })
}

/// Microseconds that each took of what all took.
#[allow(clippy::cast_precision_loss, reason = "far below 2^52")]
fn micros_each(all: Duration, many: usize) -> f64 {
    all.as_secs_f64() * 1e6 / many.max(1) as f64
}

/// How long a token has to last: longer than any run.
pub const TOKEN_LIFE: Duration = Duration::from_secs(60 * 60);
