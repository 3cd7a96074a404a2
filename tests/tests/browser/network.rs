//! A phone loses its network for a while: what it shows stays, says how old it is, and is of now when the network is back.

use anyhow::Result;
use devstack::browser::{Look, Window};
use devstack::service::Service;
use serde_json::json;

use crate::flow::{store, wish};
use crate::shop::{OTHER_SKU, SHIBUYA, SKU, Shop};

/// The notices name this minute, or the one before it, on the clock of the stores.
const ON_THE_STORES_CLOCK: &str = "[0, 60000].some((ago) => document.querySelector('#notices').innerText.includes(
    new Intl.DateTimeFormat('en', { timeZone: 'Asia/Tokyo', hourCycle: 'h23', hour: '2-digit', minute: '2-digit' })
        .format(Date.now() - ago)))";

async fn shows_count(phone: &Window, words: &str) -> Result<()> {
    phone.shows(&format!("{} [data-count]", store(SHIBUYA)), words).await
}

#[tokio::test]
async fn a_product_stays_on_a_phone_without_a_network() -> Result<()> {
    let shop = Shop::open().await?;
    let phone = shop.product(Look::phone("en")).await?;
    shows_count(&phone, "In stock").await?;
    phone.offline(true).await?;
    shop.count(SHIBUYA, SKU, 1).await;
    phone.shows("#notices", "You are offline. What you see is of").await?;
    phone.until(ON_THE_STORES_CLOCK).await?;
    phone.click(&format!("[data-sku='{OTHER_SKU}']")).await?;
    phone.shows("[data-chosen]", "navy / L").await?;
    shows_count(&phone, "In stock").await?;
    phone.click(&format!("[data-sku='{SKU}']")).await?;
    phone.shows("[data-chosen]", "black / M").await?;
    wish(&phone, SHIBUYA, "Hanako").await?;
    phone.shows("[data-refused]", "We could not get through.").await?;

    phone.offline(false).await?;
    phone.until("!document.querySelector('#notices *')").await?;
    shows_count(&phone, "Only 1 left").await?;
    phone.click("[data-confirm]").await?;
    phone.until("location.pathname.startsWith('/holds/')").await?;
    shop.close([phone]).await
}

#[tokio::test]
async fn counts_are_streamed_again_when_the_stream_was_cut() -> Result<()> {
    let mut shop = Shop::open().await?;
    let phone = shop.product(Look::phone("en")).await?;
    shows_count(&phone, "In stock").await?;
    // From now on only the stream can tell.
    phone.run("window.fetch = () => new Promise(() => {})", json!([])).await?;
    let spec = shop.stack.query_api.spec().clone();
    shop.stack.query_api.stop().await?;
    shop.stack.query_api = Service::start(spec).await?;
    shop.count(SHIBUYA, SKU, 1).await;
    shows_count(&phone, "Only 1 left").await?;
    shop.close([phone]).await
}
