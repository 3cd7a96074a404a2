//! Staff: by keyboard alone, and two of them on one hold.

use anyhow::{Context, Result, ensure};
use devstack::browser::{Key, Look, Window};
use serde_json::json;

use crate::shop::{SHIBUYA, SKU, Shop};

/// Waits until the focus is there.
async fn focused(window: &Window, selector: &str) -> Result<()> {
    window.until(&format!("document.activeElement?.matches({})", json!(selector))).await
}

/// A key, for the keyboard.
fn key(key: Key) -> String {
    key.code().to_string()
}

#[tokio::test]
async fn a_hold_is_placed_made_ready_and_found_by_keyboard_alone() -> Result<()> {
    let shop = Shop::open().await?;
    let counter = shop.counter(Look::desk("en"), "Sato").await?;
    let enter = key(Key::Enter);
    counter.until("document.querySelector('#held-none').checkVisibility()").await?;
    counter.press("n").await?;
    focused(&counter, "#hold-item").await?;
    // What a scanner types.
    counter.press(&format!("4901234567894{enter}")).await?;
    counter.until(&format!("document.querySelector('#hold-lines [data-sku=\"{SKU}\"]')")).await?;
    counter.press(&enter).await?;
    focused(&counter, "#hold-name").await?;
    counter.press(&format!("Hanako{}", key(Key::Tab))).await?;
    focused(&counter, "#hold-phone").await?;
    counter.press(&format!("0312345678{enter}")).await?;
    focused(&counter, "#placed-print").await?;
    let code = counter.value("document.querySelector('#placed-code').innerText").await?;
    let code = code.as_str().context("a code")?.to_owned();
    counter.press(&key(Key::Escape)).await?;

    counter.shows("#held-list .pickup", &code).await?;
    counter.until("!document.querySelector('dialog[open]')").await?;
    counter.press(&key(Key::Down)).await?;
    focused(&counter, ".hold").await?;
    counter.press("r").await?;
    counter.shows("#ready-list .pickup", &code).await?;

    counter.press("/").await?;
    focused(&counter, "#find").await?;
    counter.press(&format!("{code}{enter}")).await?;
    focused(&counter, "#found .hold").await?;
    counter.shows("#found-list .customer", "Hanako").await?;
    counter.press("c").await?;
    counter.until("document.querySelector('#ready-none').checkVisibility()").await?;
    shop.close([counter]).await
}

#[tokio::test]
async fn the_second_of_two_staff_sees_what_the_first_did() -> Result<()> {
    let shop = Shop::open().await?;
    let (id, _) = shop.hold().await;
    let first = shop.counter(Look::desk("en"), "Sato").await?;
    let second = shop.counter(Look::desk("en"), "Tanaka").await?;
    second.click(&format!("#store option[value='{SHIBUYA}']")).await?;
    for window in [&first, &second] {
        window.until("document.querySelector('#held-list .hold')").await?;
    }
    // The second looks away for a moment: their screen asks nothing meanwhile.
    let away = "Object.defineProperty(document, 'hidden', { get: () => true, configurable: true }); \
                document.dispatchEvent(new Event('visibilitychange'));";
    second.run(away, json!([])).await?;

    first.click("#held-list [data-action=ready]").await?;
    first.until("document.querySelector('#ready-list .hold')").await?;
    second.until("document.querySelector('#held-list .hold')").await?;
    second.click("#held-list [data-action=collect]").await?;
    second.shows("#raced-dialog", "Somebody else was faster").await?;
    second.shows("#raced-says", "is now: Ready").await?;
    second.shows("#raced-history", "sato@hinata  made ready").await?;
    let hold = shop.queries.get(&format!("/v1/reservations/{id}")).await.expect(200);
    ensure!(hold.body["status"] == "ready", "the second has overwritten the first: {}", hold.body);
    second.click("#raced-dialog [data-close]").await?;
    second.until("document.querySelector('#ready-list .hold')").await?;
    shop.close([first, second]).await
}
