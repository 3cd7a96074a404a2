//! A hold's own page, from the tap that leads to it to its end.

use anyhow::Result;
use devstack::browser::Look;

use crate::shop::Shop;

#[tokio::test]
async fn what_cannot_be_kept_longer_again_is_not_offered() -> Result<()> {
    let shop = Shop::open().await?;
    let (id, capability) = shop.hold().await;
    let phone = shop.window(Look::phone("en")).await?;
    let link = shop.page(&format!("/holds/{id}#{capability}"));
    phone.go(&link).await?;
    phone.click("[data-extend]").await?;
    phone.shows("#toasts", "It is now kept until").await?;
    let settled = "document.querySelector('[data-cancel]').checkVisibility() \
                   && document.querySelector('[data-lines] a') && !document.querySelector('[data-extend]').checkVisibility()";
    phone.until(settled).await?;
    // On another device nobody has been told what the command answered.
    let other = shop.window(Look::phone("en")).await?;
    other.go(&link).await?;
    other.until(settled).await?;
    shop.close([phone, other]).await
}
