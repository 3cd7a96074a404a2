//! What one lookup is measured against: the same answer, and the same row, with nothing around them.

use std::net::Ipv4Addr;

use anyhow::{Context, Result, ensure};
use axum::Router;
use axum::http::header;
use axum::routing::get;
use reqwest::Client;
use sqlx::mysql::MySqlConnectOptions;
use sqlx::{ConnectOptions, Row};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

use super::measure::{Connections, Times, measure};
use super::wire::Wire;
use super::{Freshness, QUESTIONS, Target, ask, questions};

/// What the lookup shows of a count.
const COUNT: &str =
    "SELECT available, on_hand, held, safety, version, updated_at FROM stock WHERE store_id = ? AND sku = ?";

/// A server that answers at once what the lookup of one count does, head and all.
pub(super) async fn handler(target: &Target) -> Result<Times> {
    let path = QUESTIONS[0].path(target.shape, 0);
    let lookup = format!("{}{path}", target.query_url);
    let response = ask(&Client::new(), &lookup, &target.caller, Freshness::Kept).await?;
    let mut headers = response.headers().clone();
    // Which the server says by itself.
    for name in [header::CONTENT_LENGTH, header::DATE] {
        headers.remove(name);
    }
    let body = response.bytes().await?;
    let router = Router::new().fallback(get(async move || (headers, body)));
    let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("no free loopback port")?;
    listener.set_nonblocking(true)?;
    let url = format!("http://{}", listener.local_addr()?);
    // With threads of its own, as the query API has.
    let runtime = Runtime::new()?;
    runtime.spawn(async move { axum::serve(TcpListener::from_std(listener)?, router).await });
    let times = answered(target, &url, &path).await;
    runtime.shutdown_background();
    times
}

async fn answered(target: &Target, url: &str, path: &str) -> Result<Times> {
    let headers = Freshness::Kept.headers(&target.caller);
    let wires = Connections::open(async || Wire::connect(url, &headers).await).await?;
    let wires = &wires;
    measure(|n| async move { wires.of(n).await?.get(path).await }).await
}

/// One count by its key.
pub(super) async fn statement(target: &Target) -> Result<Times> {
    let options: MySqlConnectOptions = target.mysql_url.parse()?;
    let options = options.disable_statement_logging();
    let connections = Connections::open(async || Ok(options.connect().await?)).await?;
    let connections = &connections;
    let read = |n: u64| async move {
        let (store, sku) = questions::stocked(target.shape, n);
        let mut connection = connections.of(n).await?;
        let row = sqlx::query(COUNT).bind(store).bind(sku).fetch_one(&mut *connection).await?;
        ensure!(row.try_get::<i32, _>("available")? >= 0, "a count below nothing");
        Ok(())
    };
    measure(read).await
}
