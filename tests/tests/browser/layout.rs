//! Every page on the narrowest of phones.

use anyhow::{Result, ensure};
use devstack::browser::{Look, Window};
use harness::until;
use serde_json::{Value, json};

use crate::shop::{PRODUCT, SHIBUYA, Shop};

/// Where no page is; Chromium calls that an error.
pub const MISSING: &str = "/no-such-page";

/// The addresses of all pages but those of staff, whose screens are looked at by themselves.
pub fn pages(hold: &(String, String)) -> Vec<String> {
    let (id, capability) = hold;
    vec![
        "/".to_owned(),
        "/brands/hinata".to_owned(),
        "/brands/hinata?q=KN1021".to_owned(),
        "/brands/hinata?q=nothing-like-it".to_owned(),
        "/brands/hinata/stores?place=渋谷".to_owned(),
        format!("/products/{PRODUCT}?place=渋谷"),
        format!("/stores/{SHIBUYA}"),
        format!("/holds/{id}#{capability}"),
        format!("/holds/{id}#forged"),
    ]
}

/// Goes to a page and waits until it is all there.
pub async fn see(window: &Window, url: &str) -> Result<()> {
    window.go("about:blank").await?;
    window.go(url).await?;
    window.until("!document.querySelector('[data-loading]:not([hidden])')").await?;
    window
        .until("[...document.querySelectorAll('[data-lines] li')].every(line => line.querySelector('a'))")
        .await
}

async fn fits(window: &Window, what: &str) -> Result<()> {
    let wider = "[...document.querySelectorAll('body *')].filter(element => element.checkVisibility() && \
                 !element.closest('.scroll') && element.getBoundingClientRect().right > document.documentElement.clientWidth + 1)\
                 .map(element => element.outerHTML.slice(0, 120))";
    let sizes = "[document.documentElement.scrollWidth, document.documentElement.clientWidth]";
    let sizes = window.value(sizes).await?;
    ensure!(
        sizes[0] == sizes[1],
        "{what} is {} wide on {}: {}",
        sizes[0],
        sizes[1],
        window.value(wider).await?
    );
    Ok(())
}

#[tokio::test]
async fn no_page_is_wider_than_a_phone_of_320_pixels() -> Result<()> {
    let shop = Shop::open().await?;
    let hold = shop.hold().await;
    for lang in ["ja", "en"] {
        let narrow = Look { width: 320, ..Look::phone(lang) };
        let phone = shop.window(narrow).await?;
        for page in pages(&hold).into_iter().chain([MISSING.to_owned()]) {
            see(&phone, &shop.page(&page)).await?;
            fits(&phone, &format!("{page} in {lang}")).await?;
        }
        phone.close().await?;
        let counter = shop.counter(narrow, "Sato").await?;
        counter.until("document.querySelector('#held-list .hold')").await?;
        fits(&counter, &format!("/staff in {lang}")).await?;
        counter.close().await?;
    }
    shop.close([]).await
}

#[tokio::test]
async fn the_table_is_read_at_twice_the_text_size() -> Result<()> {
    let shop = Shop::open().await?;
    let skus = ["S", "M", "L", "XL", "XXL"].map(|size| (format!("hinata.KN2000-{size}"), size));
    let told: Vec<Value> = skus.iter().map(|(sku, size)| json!({"sku": sku, "size": size})).collect();
    let product = json!({"name": {"en": "Cardigan"}, "skus": told});
    let _ = shop.commands.put("/v1/products/hinata.KN2000", product).await.expect(200);
    for (sku, _) in &skus {
        shop.count(SHIBUYA, sku, 9).await;
    }
    let last = format!("/v1/stores/{SHIBUYA}/stock/{}", skus[4].0);
    until("the pages can show all of it", || async { shop.queries.get(&last).await.status == 200 }).await;
    let phone = shop.window(Look { width: 360, ..Look::phone("en") }).await?;
    phone.go(&shop.page("/products/hinata.KN2000")).await?;
    phone.value("document.documentElement.style.fontSize = '32px'").await?;
    let broken = "const lines = (span) => { const range = document.createRange(); range.selectNodeContents(span); \
                      return range.getClientRects().length; }; \
                  return [...document.querySelectorAll('.cell span')].map((span) => [span.innerText, lines(span)])\
                  .filter(([text, lines]) => lines > text.split(/\\s+/).length);";
    let broken = phone.run(broken, json!([])).await?;
    ensure!(broken == json!([]), "these are broken: {broken}");
    shop.close([phone]).await
}
