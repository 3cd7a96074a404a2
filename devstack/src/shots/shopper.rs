//! What a shopper sees.

use anyhow::{Context, Result};

use super::camera::Camera;
use super::data::{BRAND, Data, PRODUCT, SCARCE, SKU, STORE, own_code};

/// The button that begins a hold in a store.
fn hold_button(store: &str) -> String {
    format!("[data-store='{store}'] [data-hold]:not([disabled])")
}

/// The product's page, near the store.
pub(super) fn product(sku: &str) -> String {
    let sku = own_code(sku);
    format!("/products/{PRODUCT}?sku={sku}&near=35.672,139.765")
}

/// Looks around.
pub(super) async fn browse(phone: &Camera) -> Result<()> {
    phone.visit("/", "brands").await?;
    phone.visit(&product(SKU), "product").await?;
    phone.visit(&format!("/stores/{STORE}"), "store").await?;
    phone.visit(&format!("/brands/{BRAND}/stores?near=35.672,139.765"), "stores").await?;
    phone.visit(&format!("/brands/{BRAND}/stores"), "stores-all").await?;
    phone.visit(&format!("/brands/{BRAND}/stores?place=zzz"), "stores-unknown").await?;
    phone.visit(&format!("/brands/{BRAND}"), "home").await?;
    let words = phone.says("ニット", "sweater");
    phone.window.fill("#q", words).await?;
    phone.window.until("document.querySelectorAll('#suggestions > li').length > 0").await?;
    phone.keep("suggestions").await?;
    phone.visit(&format!("/brands/{BRAND}?q={words}"), "found").await?;
    phone.visit(&format!("/brands/{BRAND}?q=zzz"), "found-nothing").await
}

/// Fills in the form wrongly, then wants what has just sold out.
pub(super) async fn meet_refusals(phone: &Camera, data: &Data) -> Result<()> {
    phone.go(&product(SKU)).await?;
    phone.window.click(&hold_button(STORE)).await?;
    phone.keep("placing").await?;
    phone.window.click("[data-confirm]").await?;
    phone.keep("placing-incomplete").await?;

    data.count(SCARCE, 2).await?;
    phone.go(&product(SCARCE)).await?;
    phone.window.click(&hold_button(STORE)).await?;
    fill_in(phone).await?;
    data.count(SCARCE, 0).await?;
    phone.window.click("[data-confirm]").await?;
    phone.window.until("document.querySelector('[data-refused]').checkVisibility()").await?;
    phone.keep("placing-sold-out").await
}

async fn fill_in(phone: &Camera) -> Result<()> {
    phone.window.fill("#hold-name", phone.says("山田 花子", "Hanako Yamada")).await?;
    phone.window.fill("#hold-contact", "090-1234-5678").await
}

async fn ask(phone: &Camera, store: &str) -> Result<()> {
    phone.go(&product(SKU)).await?;
    phone.window.click(&hold_button(store)).await?;
    fill_in(phone).await?;
    phone.window.click("[data-confirm]").await
}

/// Places a hold in a store.
pub(super) async fn place_in(phone: &Camera, store: &str) -> Result<()> {
    ask(phone, store).await?;
    phone.window.until("location.pathname.startsWith('/holds/')").await?;
    phone.window.until("document.querySelector('[data-lines] a')").await
}

/// Places a hold; answers its pick-up code.
pub(super) async fn place(phone: &Camera) -> Result<String> {
    place_in(phone, STORE).await?;
    phone.keep("hold-held").await?;
    phone.window.click("[data-cancel]").await?;
    phone.keep("hold-cancel").await?;
    phone.window.click("[data-cancel-no]").await?;
    let code =
        phone.window.value("document.querySelector('.letters').innerText.replaceAll(/\\s/g, '')").await?;
    Ok(code.as_str().context("a hold has no code")?.to_owned())
}

/// Leaves a hold's page, wants another one like it, cancels that, loses the connection, and comes back.
pub(super) async fn change_their_mind(phone: &Camera) -> Result<()> {
    let hold = phone.window.value("location.href").await?;
    ask(phone, STORE).await?;
    phone.window.until("document.querySelector('.asked')?.checkVisibility()").await?;
    phone.keep("placing-again").await?;
    phone.window.click(".asked li:nth-child(2) button").await?;
    phone.window.until("location.pathname.startsWith('/holds/')").await?;
    give_up(phone).await?;
    phone.keep("hold-cancelled").await?;
    phone.go(&product(SKU)).await?;
    phone.window.offline(true).await?;
    phone.window.until("document.querySelector('#notices [data-kind=offline]')").await?;
    phone.keep("product-offline").await?;
    phone.window.offline(false).await?;
    phone.window.go("about:blank").await?;
    phone.window.go(hold.as_str().context("a page has no address")?).await
}

/// Cancels a hold, on its page.
pub(super) async fn give_up(phone: &Camera) -> Result<()> {
    phone.window.click("[data-cancel]").await?;
    phone.window.click("[data-cancel-yes]").await?;
    phone.window.until("document.querySelector('.status.cancelled')").await
}

/// Wants what nobody answers for.
pub(super) async fn ask_in_vain(phone: &Camera, store: &str) -> Result<()> {
    ask(phone, store).await?;
    phone.keep("placing-sent").await?;
    phone.window.until("document.querySelector('[data-refused]').checkVisibility()").await?;
    phone.keep("placing-lost").await
}

/// Sees that it is ready.
pub(super) async fn see_ready(phone: &Camera) -> Result<()> {
    phone.window.until("document.querySelector('.status.ready')").await?;
    phone.keep("hold-ready").await
}

/// Sees that it is over.
pub(super) async fn see_collected(phone: &Camera) -> Result<()> {
    phone.window.until("document.querySelector('.status.collected')").await?;
    phone.keep("hold-collected").await
}

/// Opens what is not there.
pub(super) async fn get_lost(phone: &Camera) -> Result<()> {
    phone.go("/holds/0192f0c1-2d3e-7a4b-8c5d-6e7f80910213#forged").await?;
    phone.window.until("document.querySelector('[data-missing]').checkVisibility()").await?;
    phone.keep("hold-missing").await?;
    phone.visit("/no-such-page", "missing").await
}
