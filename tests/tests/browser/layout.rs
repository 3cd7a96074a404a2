//! Every page on the narrowest of phones.

use anyhow::{Result, ensure};
use devstack::browser::{Look, Window};

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
