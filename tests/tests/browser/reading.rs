//! Reading without JavaScript.

use anyhow::Result;
use devstack::browser::Look;

use crate::flow::store;
use crate::shop::{PRODUCT, SHIBUYA, SKU, Shop};

#[tokio::test]
async fn search_product_and_store_are_read_without_javascript() -> Result<()> {
    let shop = Shop::open().await?;
    let phone = shop.window(Look { script: false, ..Look::phone("ja") }).await?;
    phone.go(&shop.page("/")).await?;
    phone.click("a[href^='/brands/hinata']").await?;
    phone.fill("#q", "ニット").await?;
    phone.click("search button").await?;
    phone.shows(".cards", "ニット").await?;
    phone.click(&format!(".cards a[href^='/products/{PRODUCT}']")).await?;
    phone.shows("h1", "ニット").await?;
    phone.shows(&format!(".matrix [data-sku='{SKU}']"), "在庫あり").await?;
    phone.shows(&format!("{} [data-count]", store(SHIBUYA)), "在庫あり").await?;
    phone.shows("main", "取り置きには JavaScript が必要です").await?;
    phone.until("!document.querySelector('[data-hold]').checkVisibility()").await?;
    phone.fill("#place", "渋谷").await?;
    phone.click(".place button:not([type])").await?;
    phone.shows(".stores", "km").await?;
    phone.click(&format!("{} h3 a", store(SHIBUYA))).await?;
    phone.shows("h1", "渋谷店").await?;
    phone.shows("main", "営業中").await?;
    phone.click(".languages a").await?;
    phone.shows("h1", "Shibuya").await?;
    shop.close([phone]).await
}
