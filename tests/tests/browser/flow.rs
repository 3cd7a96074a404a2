//! From the phone to the counter and back.

use anyhow::{Context, Result};
use devstack::browser::{Look, Window};

use crate::shop::{PRODUCT, SHIBUYA, Shop};

/// What the pages say in a language.
struct Words {
    lang: &'static str,
    held: &'static str,
    ready: &'static str,
    collected: &'static str,
    left: &'static str,
}

const JAPANESE: Words = Words {
    lang: "ja",
    held: "店舗が準備しています",
    ready: "ご用意できました",
    collected: "お渡ししました",
    left: "残り 2 点",
};
const ENGLISH: Words = Words {
    lang: "en",
    held: "The store is getting it ready",
    ready: "It is ready for you",
    collected: "Collected",
    left: "Only 2 left",
};

/// The card of a store on the product's page.
pub fn store(id: &str) -> String {
    format!("[data-store='{id}']")
}

/// Has one piece put aside in a store, from the product's page to the hold's own.
pub async fn place(phone: &Window, store_id: &str, name: &str) -> Result<()> {
    wish(phone, store_id, name).await?;
    phone.until("location.pathname.startsWith('/holds/')").await
}

/// Asks for one piece in a store, on the product's page.
pub async fn wish(phone: &Window, store_id: &str, name: &str) -> Result<()> {
    phone.click(&format!("{} [data-hold]", store(store_id))).await?;
    phone.fill("#hold-name", name).await?;
    phone.fill("#hold-contact", "090-1234-5678").await?;
    phone.click("[data-confirm]").await
}

async fn the_whole_way(words: &Words) -> Result<()> {
    let shop = Shop::open().await?;
    let phone = shop.product(Look::phone(words.lang)).await?;
    let counter = shop.counter(Look::desk(words.lang), "Sato").await?;
    counter.until("document.querySelector('#held-none').checkVisibility()").await?;
    counter.run("window.isStillThere = true", serde_json::json!([])).await?;

    place(&phone, SHIBUYA, "山田 花子").await?;
    phone.shows("[data-status-text]", words.held).await?;
    let code = phone.value("document.querySelector('.letters').innerText.replaceAll(/\\s/g, '')").await?;
    let code = code.as_str().context("a code")?.to_owned();

    counter.shows("#held-list .hold", "山田 花子").await?;
    counter.shows("#held-list .pickup", &code).await?;
    counter.click("#held-list [data-action=ready]").await?;
    phone.shows("[data-status-text]", words.ready).await?;
    counter.click("#ready-list [data-action=collect]").await?;
    phone.shows("[data-status-text]", words.collected).await?;
    counter.until("document.querySelector('#ready-none').checkVisibility()").await?;
    counter.until("window.isStillThere").await?;

    phone.go(&shop.page(&format!("/products/{PRODUCT}"))).await?;
    phone.shows(&format!("{} [data-count]", store(SHIBUYA)), words.left).await?;
    shop.close([phone, counter]).await
}

#[tokio::test]
async fn a_hold_goes_from_the_phone_to_the_counter_in_japanese() -> Result<()> {
    the_whole_way(&JAPANESE).await
}

#[tokio::test]
async fn a_hold_goes_from_the_phone_to_the_counter_in_english() -> Result<()> {
    the_whole_way(&ENGLISH).await
}
