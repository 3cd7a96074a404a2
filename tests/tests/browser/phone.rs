//! What goes wrong on a phone, and what somebody tries who means no good.

use anyhow::{Result, ensure};
use devstack::browser::Look;
use harness::until;
use serde_json::{Value, json};

use crate::flow::{place, store, wish};
use crate::shop::{OTHER_SKU, PRODUCT, SHIBUYA, SHINJUKU, SKU, Shop};

/// Markup that would be seen to run.
const MARKUP: &str = "<img src=x onerror=\"document.title='run'\"></script><b id=bold>";

#[tokio::test]
async fn what_sells_out_between_look_and_tap_is_offered_elsewhere() -> Result<()> {
    let shop = Shop::open().await?;
    let phone = shop.product(Look::phone("en")).await?;
    phone.click(&format!("{} [data-hold]", store(SHIBUYA))).await?;
    phone.fill("#hold-name", "Hanako").await?;
    phone.fill("#hold-contact", "hanako@shop.example").await?;
    shop.count(SHIBUYA, SKU, 0).await;
    phone.click("[data-confirm]").await?;
    phone.shows("[data-refused]", "Sorry, it has just sold out.").await?;
    phone.shows("[data-refused] button", "Hold at Shinjuku").await?;
    phone.click("[data-refused] button").await?;
    phone.click("[data-confirm]").await?;
    phone.until("location.pathname.startsWith('/holds/')").await?;
    phone.shows("[data-at]", "Shinjuku").await?;
    shop.close([phone]).await
}

#[tokio::test]
async fn what_is_chosen_stays_chosen_in_another_place_and_language() -> Result<()> {
    let shop = Shop::open().await?;
    let phone = shop.product(Look::phone("en")).await?;
    phone.shows("[data-chosen]", "black / M").await?;
    phone.click("[data-sku='hinata.KN1021-NVY-L']").await?;
    phone.shows("[data-chosen]", "navy / L").await?;
    phone.fill("#place", "Shibuya").await?;
    phone.click(".place button:not([type])").await?;
    phone.shows(".stores", "km").await?;
    phone.shows("[data-chosen]", "navy / L").await?;
    phone.click("[data-sku='hinata.KN1021-BLK-M']").await?;
    phone.click(".languages a").await?;
    phone.shows("[data-chosen]", "黒 / M").await?;
    shop.close([phone]).await
}

#[tokio::test]
async fn double_taps_and_the_back_button_make_one_hold() -> Result<()> {
    let shop = Shop::open().await?;
    let phone = shop.product(Look::phone("en")).await?;
    phone.click(&format!("{} [data-hold]", store(SHINJUKU))).await?;
    phone.fill("#hold-name", "Hanako").await?;
    phone.fill("#hold-contact", "090-1234-5678").await?;
    phone.tap_twice("[data-confirm]").await?;
    phone.until("location.pathname.startsWith('/holds/')").await?;
    phone.shows("[data-status-text]", "The store is getting it ready").await?;
    let first = phone.value("location.href").await?;
    phone.back().await?;
    phone.until(&format!("location.pathname === '/products/{PRODUCT}'")).await?;
    // A day later, with the same wish.
    let later =
        "const now = Date.now; Date.now = () => now() + 86400000; document.querySelector('#hold').close()";
    phone.run(later, json!([])).await?;
    wish(&phone, SHINJUKU, "Hanako").await?;
    phone.shows("[data-refused]", "You have placed a hold just like this already.").await?;
    phone.click("[data-refused] li:nth-child(1) button").await?;
    phone.until("location.pathname.startsWith('/holds/')").await?;
    ensure!(phone.value("location.href").await? == first, "the back button made another hold");
    ensure!(shop.tables.ledger().await.holds.len() == 1, "there is another hold");

    phone.back().await?;
    phone.until(&format!("location.pathname === '/products/{PRODUCT}'")).await?;
    phone.run("document.querySelector('#hold').close()", json!([])).await?;
    wish(&phone, SHINJUKU, "Hanako").await?;
    phone.click("[data-refused] li:nth-child(2) button").await?;
    phone.until("location.pathname.startsWith('/holds/')").await?;
    ensure!(phone.value("location.href").await? != first, "nobody can want two");
    ensure!(shop.tables.ledger().await.holds.len() == 2, "there is no second hold");
    shop.close([phone]).await
}

#[tokio::test]
async fn what_is_promised_is_of_now() -> Result<()> {
    let shop = Shop::open().await?;
    let phone = shop.product(Look::phone("en")).await?;
    let ask = format!("{} [data-hold]", store(SHIBUYA));
    phone.click(&ask).await?;
    phone.shows("[data-promise]", "Shibuya keeps it for you until").await?;
    let before = phone.value("document.querySelector('[data-promise]').innerText").await?;
    shop.keep_for(SHIBUYA, 5 * 24 * 60).await;
    // The page has been open for an hour since.
    let aged = "const now = Date.now; Date.now = () => now() + 3600000; document.querySelector('#hold').close(); \
                document.querySelectorAll('.open').forEach((open) => { open.textContent = 'Open until yesterday'; });";
    phone.run(aged, json!([])).await?;
    phone.click(&ask).await?;
    phone.shows("[data-promise]", "Shibuya keeps it for you until").await?;
    phone.until(&format!("document.querySelector('[data-promise]').innerText !== {before}")).await?;
    phone.run("document.querySelector('#hold').close()", json!([])).await?;
    phone.shows(".stores", "Open, day and night").await?;
    phone.until("!document.querySelector('.stores').innerText.includes('yesterday')").await?;
    shop.close([phone]).await
}

#[tokio::test]
async fn a_hold_ends_on_the_stores_clock() -> Result<()> {
    let shop = Shop::open().await?;
    let (id, capability) = shop.hold().await;
    let phone = shop.window(Look::phone("en")).await?;
    // Every text that is shown as the end, while the store is not known and after.
    let watch = "history.replaceState(null, '', arguments[0]); window.said = []; \
                 new MutationObserver(() => said.push(document.querySelector('[data-until]').textContent))\
                 .observe(document.querySelector('[data-until]'), { childList: true, characterData: true, subtree: true });";
    let link = format!("/holds/{id}#{capability}");
    // A page without its secret waits; with it, it is loaded by hand, so that it is watched from the beginning.
    phone.go(&shop.page(&format!("/holds/{id}"))).await?;
    phone.shows("[data-missing]", "Not found").await?;
    phone.run(watch, json!([link])).await?;
    let begin = "const script = document.querySelector('script[type=module]'); \
                 return import(`${script.src}?again`).then(() => true);";
    phone.run(begin, json!([])).await?;
    phone.shows("[data-at]", "Shibuya").await?;
    phone.until("said.length > 0").await?;
    let expires = shop.queries.get(&format!("/v1/reservations/{id}")).await.expect(200);
    let tokyo = "new Intl.DateTimeFormat('en', { hourCycle: 'h23', timeZone: 'Asia/Tokyo', hour: '2-digit', minute: '2-digit' })\
                 .format(new Date(arguments[0]))";
    let time = phone.run(&format!("return {tokyo};"), json!([expires.body["expires_at"]])).await?;
    let said = phone.value("said").await?;
    let all = said.as_array().cloned().unwrap_or_default();
    let of_the_store =
        |text: &Value| text.as_str().unwrap_or_default().contains(time.as_str().unwrap_or("?"));
    ensure!(all.iter().all(of_the_store), "it said {said}, and it is {time}");
    shop.close([phone]).await
}

#[tokio::test]
async fn the_button_is_in_sight_on_a_low_phone() -> Result<()> {
    let shop = Shop::open().await?;
    let phone = shop.product(Look { width: 360, height: 740, ..Look::phone("ja") }).await?;
    phone.click(&format!("{} [data-hold]", store(SHIBUYA))).await?;
    phone.fill("#hold-name", "花子").await?;
    phone.fill("#hold-contact", "hanako@shop.example").await?;
    shop.count(SHIBUYA, SKU, 0).await;
    phone.click("[data-confirm]").await?;
    phone.shows("[data-refused]", "申し訳ありません").await?;
    let edges = "[document.querySelector('[data-confirm]'), document.querySelector('#hold')]\
                 .map(element => element.getBoundingClientRect().bottom)";
    phone.until(&format!("(([button, dialog]) => button <= dialog)({edges})")).await?;
    shop.close([phone]).await
}

#[tokio::test]
async fn a_tap_on_a_size_is_answered_beside_the_table() -> Result<()> {
    let shop = Shop::open().await?;
    let phone = shop.product(Look::phone("en")).await?;
    phone.shows("[data-picked]", "black / M: in 2 of 3 stores").await?;
    let below = "document.querySelector('.place').getBoundingClientRect().top + scrollY";
    let before = phone.value(below).await?;
    shop.count(SHIBUYA, OTHER_SKU, 0).await;
    phone.click(&format!("[data-sku='{OTHER_SKU}']")).await?;
    phone.shows("[data-picked]", "navy / L: in 1 of 3 stores").await?;
    ensure!(phone.value(below).await? == before, "what is below has moved");
    shop.close([phone]).await
}

#[tokio::test]
async fn a_forged_link_and_one_to_nothing_say_the_same() -> Result<()> {
    let shop = Shop::open().await?;
    let (id, capability) = shop.hold().await;
    let forged: String = capability.chars().rev().collect();
    let nothing = "0192f0c1-2d3e-7a4b-8c5d-6e7f80910213";
    let mut said = Vec::new();
    let phone = shop.window(Look::phone("en")).await?;
    for (id, secret) in
        [(id.as_str(), forged.as_str()), (nothing, capability.as_str()), (&id, ""), (&id, "x")]
    {
        phone.go("about:blank").await?;
        phone.go(&shop.page(&format!("/holds/{id}#{secret}"))).await?;
        phone.shows("[data-missing]", "Not found").await?;
        phone.until("!document.querySelector('[data-there]').checkVisibility()").await?;
        said.push(phone.value("document.querySelector('main').innerText").await?);
    }
    ensure!(said.iter().all(|words| *words == said[0]), "links that do not open differ: {said:?}");
    phone.go("about:blank").await?;
    phone.go(&shop.page(&format!("/holds/{id}#{capability}"))).await?;
    phone.shows("[data-status-text]", "The store is getting it ready").await?;
    shop.close([phone]).await
}

#[tokio::test]
async fn markup_in_names_is_text() -> Result<()> {
    let shop = Shop::open().await?;
    shop.name(MARKUP, MARKUP).await;
    let search = format!("/v1/products?brand=hinata&q={SKU}");
    until("the name is seen", || async {
        shop.queries.get(&search).await.body.to_string().contains("onerror")
    })
    .await;
    let phone = shop.product(Look::phone("en")).await?;
    let counter = shop.counter(Look::desk("en"), "Sato").await?;
    phone.shows("h1", MARKUP).await?;
    place(&phone, SHIBUYA, MARKUP).await?;
    phone.shows("[data-lines]", MARKUP).await?;
    counter.shows("#held-list .customer", MARKUP).await?;
    counter.shows("#held-list .lines", MARKUP).await?;
    for window in [&phone, &counter] {
        window.until("document.title !== 'run' && !document.querySelector('#bold, main img')").await?;
    }
    phone.go(&shop.page("/brands/hinata?q=KN1021")).await?;
    phone.shows(".cards", MARKUP).await?;
    phone.until("document.querySelector('.cards a')?.pathname.startsWith('/products/')").await?;
    phone.until("document.title !== 'run' && !document.querySelector('#bold, main img')").await?;
    shop.close([phone, counter]).await
}
