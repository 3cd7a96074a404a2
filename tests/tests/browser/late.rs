//! The projection stands still for a while.

use anyhow::{Context, Result};
use devstack::browser::Look;
use devstack::service::Service;

use crate::flow::{place, store};
use crate::shop::{PRODUCT, SHIBUYA, Shop};

/// Age from which on an answer is late, in seconds: a quiet stream's is three, and no test waits for a minute.
const LATE: &str = "8";

/// Starts the query API anew with one more variable.
async fn restart_with(shop: &mut Shop, name: &str, value: &str) -> Result<()> {
    let mut spec = shop.stack.query_api.spec().clone();
    spec.environment.push((name.to_owned(), value.to_owned()));
    shop.stack.query_api.stop().await?;
    shop.stack.query_api = Service::start(spec).await?;
    Ok(())
}

#[tokio::test]
async fn what_is_late_is_said_and_catches_up_when_the_relay_is_back() -> Result<()> {
    let mut shop = Shop::open().await?;
    restart_with(&mut shop, "STALE_SECONDS", LATE).await?;
    let counter = shop.counter(Look::desk("en"), "Sato").await?;
    counter.until("document.querySelector('#held-none').checkVisibility()").await?;
    let phone = shop.product(Look::phone("en")).await?;
    phone.shows(&format!("{} [data-count]", store(SHIBUYA)), "In stock").await?;

    shop.stack.outbox_relay.stop().await?;
    counter.shows("#notices", "What you see is late").await?;
    phone.go(&shop.page(&format!("/products/{PRODUCT}"))).await?;
    phone.shows("#notices", "Stock is updated late right now").await?;
    // A hold is decided on the other side, and its own page knows it already.
    place(&phone, SHIBUYA, "Hanako").await?;
    phone.shows("[data-status-text]", "The store is getting it ready").await?;
    counter.until("document.querySelector('#held-none').checkVisibility()").await?;
    let link = phone.value("location.href").await?.as_str().context("a link")?.to_owned();
    let other = shop.window(Look::phone("en")).await?;
    other.go(&link).await?;
    other.shows("[data-missing]", "may take a moment").await?;

    shop.stack.outbox_relay = Service::start(shop.stack.outbox_relay.spec().clone()).await?;
    counter.shows("#held-list .customer", "Hanako").await?;
    counter.until("!document.querySelector('#notices [data-kind=stale]')").await?;
    counter.click("#held-list [data-action=ready]").await?;
    phone.shows("[data-status-text]", "It is ready for you").await?;
    other.shows("[data-status-text]", "It is ready for you").await?;
    other.until("!document.querySelector('[data-missing]').checkVisibility()").await?;
    phone.go(&shop.page(&format!("/products/{PRODUCT}"))).await?;
    phone.shows(&format!("{} [data-count]", store(SHIBUYA)), "Only 2 left").await?;
    phone.until("!document.querySelector('#notices [data-kind=stale]')").await?;
    shop.close([phone, counter, other]).await
}

#[tokio::test]
async fn counts_that_nobody_answers_for_are_said_to_be_old() -> Result<()> {
    let mut shop = Shop::open().await?;
    let phone = shop.product(Look::phone("en")).await?;
    phone.shows(&format!("{} [data-count]", store(SHIBUYA)), "In stock").await?;
    let spec = shop.stack.query_api.spec().clone();
    shop.stack.query_api.stop().await?;
    // As when a phone is back from another network: it looks at once.
    let look = "dispatchEvent(new Event('online'))";
    phone.value(look).await?;
    phone.shows("#notices", "Stock is updated late right now. What you see is of").await?;
    shop.stack.query_api = Service::start(spec).await?;
    phone.value(look).await?;
    phone.until("!document.querySelector('#notices *')").await?;
    shop.close([phone]).await
}

#[tokio::test]
async fn a_hold_that_cannot_be_looked_up_says_so_once() -> Result<()> {
    let mut shop = Shop::open().await?;
    restart_with(&mut shop, "STALE_SECONDS", LATE).await?;
    let (id, capability) = shop.hold().await;
    let phone = shop.window(Look::phone("en")).await?;
    phone.go(&shop.page(&format!("/holds/{id}#{capability}"))).await?;
    shop.stack.outbox_relay.stop().await?;
    phone.shows("#notices", "This page is updated late right now.").await?;
    restart_with(&mut shop, "MYSQL_URL", "mysql://nobody@127.0.0.1:1/nowhere").await?;
    phone.shows("#notices", "We cannot look up how it is right now.").await?;
    phone.until("document.querySelectorAll('#notices > *').length === 1").await?;
    phone.until("document.querySelector('.letters').checkVisibility()").await?;
    shop.stack.outbox_relay = Service::start(shop.stack.outbox_relay.spec().clone()).await?;
    shop.close([phone]).await
}
