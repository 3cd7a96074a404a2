//! Staff: by keyboard alone, and two of them on one hold.

use anyhow::{Context, Result, ensure};
use devstack::browser::{Key, Look, Window};
use devstack::service::Service;
use serde_json::json;

use crate::shop::{SHIBUYA, SKU, Shop};

/// Holds that a list shows.
const SHOWN: usize = 100;

/// Waits until the focus is there.
async fn focused(window: &Window, selector: &str) -> Result<()> {
    window.until(&format!("document.activeElement?.matches({})", json!(selector))).await
}

/// Somebody looks away from a window for a moment: for a while its screen asks nothing.
async fn look_away(window: &Window) -> Result<()> {
    let away = "Object.defineProperty(document, 'hidden', { get: () => true, configurable: true }); \
                document.dispatchEvent(new Event('visibilitychange'));";
    window.run(away, json!([])).await.map(drop)
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
    // As a Japanese keyboard types it.
    counter.press(&format!("０３ー１２３４ー５６７８{enter}")).await?;
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
    look_away(&second).await?;

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

#[tokio::test]
async fn what_the_other_did_a_moment_ago_is_told_as_it_is() -> Result<()> {
    let shop = Shop::open().await?;
    let (id, _) = shop.hold().await;
    let counter = shop.counter(Look::desk("en"), "Sato").await?;
    counter.until("document.querySelector('#held-list .hold')").await?;
    look_away(&counter).await?;
    // The projection does not have it yet.
    let _ = shop.commands.advance(&id, "ready").await.expect(200);
    counter.click("#held-list [data-action=collect]").await?;
    counter.shows("#raced-says", "is now: Ready").await?;
    counter.shows("#raced-history", "made ready").await?;
    shop.close([counter]).await
}

#[tokio::test]
async fn one_hold_is_moved_on_by_a_key_that_is_pressed_twice_or_held_down() -> Result<()> {
    let shop = Shop::open().await?;
    let (first, _) = shop.hold().await;
    let (second, _) = shop.hold().await;
    let counter = shop.counter(Look::desk("en"), "Sato").await?;
    counter.until("document.querySelectorAll('#held-list .hold').length === 2").await?;
    // Each at the card that has the focus by then; the second comes when the first has left its place.
    let twice = "const press = (repeat) => document.activeElement.dispatchEvent(\
                     new KeyboardEvent('keydown', { key: 'r', repeat, bubbles: true })); \
                 const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds)); \
                 const soon = async () => { while (document.querySelectorAll('#ready-list .hold').length === 0) await pause(10); }; \
                 document.querySelector('#held-list .hold').focus(); \
                 return (async () => { press(false); await soon(); press(false); await pause(60); press(true); \
                 await pause(60); press(true); await pause(1000); })();";
    counter.run(twice, json!([])).await?;
    counter.shows("#ready-count", "1").await?;
    counter.shows("#held-count", "1").await?;
    let status = async |id: &str| {
        shop.queries.get(&format!("/v1/reservations/{id}")).await.expect(200).body["status"].clone()
    };
    ensure!((status(&first).await, status(&second).await) == (json!("ready"), json!("held")));
    shop.close([counter]).await
}

#[tokio::test]
async fn what_one_did_is_no_race_with_oneself() -> Result<()> {
    let mut shop = Shop::open().await?;
    let (id, _) = shop.hold().await;
    let counter = shop.counter(Look::desk("en"), "Sato").await?;
    counter.until("document.querySelector('#held-list .hold')").await?;
    // The list stays as it is for long.
    shop.stack.outbox_relay.stop().await?;
    counter.click("#held-list [data-action=ready]").await?;
    counter.shows("#held-list .badge", "Ready").await?;
    counter.until("!document.querySelector('#held-list [data-action=ready]:enabled')").await?;
    counter.click("#held-list [data-action=collect]").await?;
    counter.shows("#held-list .badge", "Handed over").await?;
    counter.until("!document.querySelector('#held-list [data-action]:enabled, dialog[open]')").await?;
    shop.stack.outbox_relay = Service::start(shop.stack.outbox_relay.spec().clone()).await?;
    counter.until("document.querySelector('#held-none').checkVisibility()").await?;
    let hold = shop.queries.get(&format!("/v1/reservations/{id}")).await.expect(200);
    ensure!(hold.body["status"] == "collected", "it is {}", hold.body);
    shop.close([counter]).await
}

#[tokio::test]
async fn the_next_hold_is_not_taken_for_one_that_somebody_else_moved_on() -> Result<()> {
    let shop = Shop::open().await?;
    let (first, _) = shop.hold().await;
    let _ = shop.hold().await;
    let counter = shop.counter(Look::desk("en"), "Sato").await?;
    counter.until("document.querySelectorAll('#held-list .hold').length === 2").await?;
    counter.press(&key(Key::Down)).await?;
    focused(&counter, &format!(".hold[data-id='{first}']")).await?;
    let _ = shop.commands.advance(&first, "collect").await.expect(200);
    focused(&counter, "#held-title").await?;
    counter.until("document.querySelectorAll('#held-list .hold').length === 1").await?;
    shop.close([counter]).await
}

#[tokio::test]
async fn holds_come_in_while_another_window_is_in_front() -> Result<()> {
    let shop = Shop::open().await?;
    let counter = shop.counter(Look::desk("en"), "Sato").await?;
    counter.until("document.querySelector('#held-none').checkVisibility()").await?;
    look_away(&counter).await?;
    let _ = shop.hold().await;
    counter.until("document.querySelector('#held-list .hold')").await?;
    shop.close([counter]).await
}

#[tokio::test]
async fn a_slow_scanner_types_a_code_and_no_enter() -> Result<()> {
    let shop = Shop::open().await?;
    let (first, _) = shop.hold().await;
    let (second, _) = shop.hold().await;
    let counter = shop.counter(Look::desk("en"), "Sato").await?;
    counter.until("document.querySelectorAll('#held-list .hold').length === 2").await?;
    let scan = "const [id, focus] = arguments; \
                const code = document.querySelector(`.hold[data-id='${id}']`).dataset.code; \
                document.querySelector(focus).focus(); \
                const pause = () => new Promise((resolve) => setTimeout(resolve, 80)); \
                const press = (key) => document.activeElement.dispatchEvent(\
                    new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true })); \
                return (async () => { for (const key of code) { press(key); await pause(); } return press('Enter'); })();";
    // Somebody has tapped on another hold before, and on what only tells something.
    counter.click("#help").await?;
    for (id, focus) in [(&second, "#help-dialog [data-close]"), (&first, "#held-list [data-action=ready]")] {
        let pressed = counter.run(scan, json!([id, focus])).await?;
        ensure!(pressed == false, "the button had the Enter");
        focused(&counter, &format!("#found .hold[data-id='{id}']")).await?;
        counter.until("!document.querySelector('dialog[open]')").await?;
    }
    shop.close([counter]).await
}

#[tokio::test]
async fn a_hold_of_another_day_is_dated() -> Result<()> {
    let shop = Shop::open().await?;
    let counter = shop.counter(Look::desk("en"), "Sato").await?;
    counter.until("document.querySelector('#held-none').checkVisibility()").await?;
    let _ = shop.hold().await;
    counter
        .until("document.querySelector('#held-list .due')?.innerText.match(/Placed \\d\\d:\\d\\d$/)")
        .await?;
    let earlier = "const asked = fetch; window.fetch = async (...request) => { const response = await asked(...request); \
                   if (response.status !== 200) return response; \
                   return new Response((await response.text()).replaceAll(/(\"placed_at\":\")[^T]*/g, '$12026-01-02'), response); };";
    counter.run(earlier, json!([])).await?;
    let _ = shop.hold().await;
    counter.until("document.querySelectorAll('#held-list .hold').length === 2").await?;
    counter.shows("#held-list .due", "Jan 2").await?;
    shop.close([counter]).await
}

#[tokio::test]
async fn the_first_hold_is_on_a_phones_first_screen() -> Result<()> {
    let shop = Shop::open().await?;
    let _ = shop.hold().await;
    let look = Look { width: 360, height: 740, ..Look::phone("ja") };
    let counter = shop.counter(look, "Sato").await?;
    counter.until("document.querySelector('#held-list .hold')").await?;
    counter.until("document.querySelector('#due-none').checkVisibility()").await?;
    let edge =
        counter.value("document.querySelector('#held-list .hold').getBoundingClientRect().top").await?;
    ensure!(edge.as_f64() < Some(740.0), "the first hold begins at {edge}");
    shop.close([counter]).await
}

#[tokio::test]
async fn a_hold_that_the_list_has_no_place_for_rings() -> Result<()> {
    let shop = Shop::open().await?;
    shop.count(SHIBUYA, SKU, 200).await;
    for _ in 0..SHOWN {
        let _ = shop.commands.hold(SHIBUYA, SKU, 1).await.expect(201);
    }
    let counter = shop.counter(Look::desk("en"), "Sato").await?;
    counter.until(&format!("document.querySelectorAll('#held-list .hold').length === {SHOWN}")).await?;
    // What sounds is counted. A page may sound as soon as it was touched.
    let listen = "window.rung = 0; const told = { state: 'running', currentTime: 0 }; \
                  const get = (_, name) => told[name] ?? (name === 'start' && (rung += 1), sound); \
                  const sound = new Proxy(function () {}, { get, apply: () => sound, construct: () => sound }); \
                  window.AudioContext = sound;";
    counter.run(listen, json!([])).await?;
    counter.click("#help").await?;
    counter.click("#help-dialog [data-close]").await?;
    // It ends behind all others.
    let _ = shop.hold().await;
    counter.until("rung === 1").await?;
    counter.shows("#held-more", "The first 100 are shown.").await?;
    shop.close([counter]).await
}
