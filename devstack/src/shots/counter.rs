//! What staff see.

use anyhow::Result;

use super::camera::Camera;
use super::data::{SKU, own_code};
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
    counter.window.click("#sign-in").await?;
    counter.window.click("button[name=persona][value='0']").await?;
    counter.window.until("document.querySelector('#held-list .hold')").await
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
    counter.go(&format!("/staff/slip#{}", id.as_str().unwrap_or_default())).await?;
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
