//! What staff see.

use anyhow::{Context, Result};
use serde_json::json;

use super::camera::Camera;
use super::data::{Data, SKU, own_code};
use crate::browser::Key;

/// The card of a hold with a button.
fn button(code: &str, action: &str) -> String {
    format!("[data-code='{code}'] [data-action={action}]")
}

/// Signs in as the first of the staff.
pub(super) async fn sign_in(counter: &Camera) -> Result<()> {
    counter.go("/staff").await?;
    counter.window.until("document.querySelector('#sign-in').checkVisibility()").await?;
    counter.keep("staff-signed-out").await?;
    sign_in_as(counter, "Sato").await?;
    counter.window.until("document.querySelector('#held-list .hold')").await
}

/// Signs in as somebody.
pub(super) async fn sign_in_as(counter: &Camera, name: &str) -> Result<()> {
    counter.window.click("#sign-in").await?;
    counter.window.until("document.querySelector('button[name=persona]')").await?;
    let choice = "return [...document.querySelectorAll('button[name=persona]')]\
                  .find(button => button.innerText.startsWith(arguments[0])).value";
    let number = counter.window.run(choice, json!([name])).await?;
    counter.window.click(&format!("button[name=persona][value={number}]")).await
}

/// Signs in as somebody who works in two stores, and as somebody who works in none.
pub(super) async fn enter_elsewhere(counter: &Camera) -> Result<()> {
    enter_as(counter, "Tanaka", "#store").await?;
    counter.keep("staff-choose-store").await?;
    wait_for_lists(counter).await?;
    leave(counter).await?;
    enter_as(counter, "Ito", "#sign-out").await?;
    counter.keep("staff-none").await?;
    leave(counter).await
}

/// Signs in on a screen that has forgotten who was there before.
async fn enter_as(counter: &Camera, name: &str, seen: &str) -> Result<()> {
    counter.go("/staff").await?;
    // The store that was chosen last is chosen again, whoever signs in.
    counter.window.run("sessionStorage.clear()", json!([])).await?;
    counter.go("/staff").await?;
    sign_in_as(counter, name).await?;
    counter.window.until(&format!("document.querySelector('{seen}').checkVisibility()")).await
}

async fn leave(counter: &Camera) -> Result<()> {
    counter.window.click("#sign-out").await?;
    counter.window.until("document.querySelector('#sign-in').checkVisibility()").await
}

/// Chooses a store, whose lists are long under way.
async fn wait_for_lists(counter: &Camera) -> Result<()> {
    let hold_back = "const asked = fetch; window.fetch = (url, ...rest) => \
                     (String(url).startsWith('/v1/') ? new Promise(() => {}) : asked(url, ...rest));";
    counter.window.run(hold_back, json!([])).await?;
    counter.window.click("#store option:last-child").await?;
    counter.window.until("document.querySelector('#day').checkVisibility()").await?;
    counter.keep("staff-loading").await
}

/// Places a hold, which somebody else makes ready before.
pub(super) async fn be_late(counter: &Camera, data: &Data) -> Result<()> {
    let (window, enter, tab) = (&counter.window, Key::Enter.code(), Key::Tab.code());
    counter.go("/staff").await?;
    window.click("#new").await?;
    window.press(&format!("{}{enter}", own_code(SKU))).await?;
    window.until("document.querySelector('#hold-lines [data-sku]')").await?;
    window.press(&enter.to_string()).await?;
    window.press(&format!("{}{tab}03-1234-5678{enter}", counter.says("鈴木 一郎", "Ichiro Suzuki"))).await?;
    window.until("document.querySelector('#placed-dialog[open]')").await?;
    counter.keep("staff-placed").await?;
    let code = window.value("document.querySelector('#placed-code').innerText").await?;
    let code = code.as_str().context("a hold has no code")?;
    window.click("#placed-dialog [data-close]").await?;
    window.until(&format!("document.querySelector(\"{}\")", button(code, "collect"))).await?;
    // Somebody who looks away asks nothing for a while.
    let away = "Object.defineProperty(document, 'hidden', { get: () => true, configurable: true }); \
                document.dispatchEvent(new Event('visibilitychange')); \
                return document.querySelector(`[data-code='${arguments[0]}']`).dataset.id;";
    let id = window.run(away, json!([code])).await?;
    let id = id.as_str().context("a hold has no id")?;
    data.advance(id, "ready").await?;
    window.click(&button(code, "collect")).await?;
    window.until("document.querySelector('#raced-dialog[open]')").await?;
    counter.keep("staff-raced").await?;
    // A customer may have so many and no more.
    data.advance(id, "collect").await?;
    window.click("#raced-dialog [data-close]").await
}

/// The session ends.
pub(super) async fn stay_too_long(counter: &Camera) -> Result<()> {
    counter.window.run("document.dispatchEvent(new Event('signed-out'))", json!([])).await?;
    counter.window.until("document.querySelector('#sign-in').checkVisibility()").await?;
    counter.keep("staff-session-over").await
}

/// Looks at the day and at what can be done.
pub(super) async fn work(counter: &Camera, code: &str) -> Result<()> {
    let window = &counter.window;
    window.until(&format!("document.querySelector(\"{}\")", button(code, "ready"))).await?;
    counter.keep("staff-day").await?;
    window.click("#new").await?;
    window.press(&format!("{}{}", own_code(SKU), Key::Enter.code())).await?;
    window.until("document.querySelector('#hold-lines [data-sku]')").await?;
    counter.keep("staff-new").await?;
    window.click("#hold-dialog [data-close]").await?;
    window.click(&button(code, "cancel")).await?;
    counter.keep("staff-cancel").await?;
    window.click("#cancel-dialog [data-close]").await?;
    window.click("#help").await?;
    counter.keep("staff-keys").await?;
    window.click("#help-dialog [data-close]").await?;
    window.click("#adjust").await?;
    counter.keep("staff-count").await?;
    window.click("#count-dialog [data-close]").await?;
    window.fill("#find", code).await?;
    window.press(&Key::Enter.code().to_string()).await?;
    window.until("document.querySelector('#found-list .hold')").await?;
    counter.keep("staff-found").await?;
    let id = window.value("document.querySelector('#found-list .hold').dataset.id").await?;
    counter.go(&format!("/staff/slip?hold={}", id.as_str().unwrap_or_default())).await?;
    window.until("document.querySelector('#slip').checkVisibility()").await?;
    counter.keep("staff-slip").await
}

/// Makes the hold ready.
pub(super) async fn make_ready(counter: &Camera, code: &str) -> Result<()> {
    counter.go("/staff").await?;
    counter.window.click(&button(code, "ready")).await?;
    counter.window.until(&format!("document.querySelector(\"#ready-list [data-code='{code}']\")")).await?;
    counter.keep("staff-ready").await
}

/// Hands the hold over, and then loses the connection.
pub(super) async fn collect(counter: &Camera, code: &str) -> Result<()> {
    counter.window.click(&button(code, "collect")).await?;
    counter.window.until(&format!("!document.querySelector(\"[data-code='{code}']\")")).await?;
    counter.window.offline(true).await?;
    counter.window.until("document.querySelector('#notices [data-kind=offline]')").await?;
    counter.keep("staff-offline").await?;
    counter.window.offline(false).await
}
