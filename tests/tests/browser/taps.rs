//! What is tapped at the counter does what it says, and nothing else.

use anyhow::{Result, ensure};
use devstack::browser::Look;
use devstack::service::Service;
use harness::until;
use serde_json::json;

use crate::shop::Shop;

#[tokio::test]
async fn a_second_tap_hands_nothing_over() -> Result<()> {
    let mut shop = Shop::open().await?;
    let (id, _) = shop.hold().await;
    let counter = shop.counter(Look::desk("en"), "Sato").await?;
    counter.until("document.querySelector('#held-list .hold')").await?;
    // The card stays where it is meanwhile.
    shop.stack.outbox_relay.stop().await?;
    let tap_twice = "const button = document.querySelector('#held-list [data-action=ready]'); \
                     const { x, y, width, height } = button.getBoundingClientRect(); \
                     const pause = () => new Promise((resolve) => setTimeout(resolve, 10)); \
                     button.click(); \
                     return (async () => { \
                         while (document.querySelector('#held-list .badge').textContent !== 'Ready') await pause(); \
                         document.elementFromPoint(x + width / 2, y + height / 2).closest('button')?.click(); \
                         await pause(); \
                         return document.querySelectorAll('[aria-busy=true]').length; \
                     })();";
    let busy = counter.run(tap_twice, json!([])).await?;
    ensure!(busy == 0, "the second tap did something");
    shop.stack.outbox_relay = Service::start(shop.stack.outbox_relay.spec().clone()).await?;
    counter.shows("#ready-count", "1").await?;
    let hold = shop.queries.get(&format!("/v1/reservations/{id}")).await.expect(200);
    ensure!(hold.body["status"] == "ready", "it is {}", hold.body);
    shop.close([counter]).await
}

#[tokio::test]
async fn staff_keep_a_hold_longer_until_it_was_long_enough() -> Result<()> {
    let shop = Shop::open().await?;
    let (id, _) = shop.hold().await;
    for _ in 0..4 {
        let _ = shop.commands.advance(&id, "extend").await.expect(200);
    }
    let path = format!("/v1/reservations/{id}");
    until("the pages know it", || async { shop.queries.get(&path).await.body["extensions"] == 4 }).await;
    let counter = shop.counter(Look::desk("en"), "Sato").await?;
    counter.click("#held-list [data-action=extend]").await?;
    counter.shows("#toasts", "is kept longer.").await?;
    counter.until("!document.querySelector('#held-list [data-action=extend]').checkVisibility()").await?;
    ensure!(shop.queries.get(&path).await.expect(200).body["extensions"] == 5, "it was not extended once");
    shop.close([counter]).await
}
