//! A product's page.

use query_api::PageOptions;

use crate::support::{Api, Database, Rows, STALE_SECONDS};
use crate::{Browser, shop};

#[tokio::test]
async fn a_product_is_shown_with_the_stores_that_have_it() {
    let (db, _api, browser) = shop().await;
    db.store_at("hinata.far", 35.70, 139.58).await;
    db.stock("hinata.far", "hinata.KN1-BLK-L", 0, 0, 0).await;
    let page = browser.page("/products/hinata.KN1?place=しぶや&sku=KN1-BLK-L", "ja").await;
    let counts: Vec<_> =
        page.split("data-count>").skip(1).map(|rest| rest.split('<').next().unwrap()).collect();
    assert_eq!(counts, ["残り 1 点", "残り 1 点", "在庫なし"]);
    let stores: Vec<_> =
        page.split("data-store=\"").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
    assert_eq!(stores, ["hinata.a", "hinata.b", "hinata.far"], "the nearest in front");
    assert!(page.contains("渋谷の近くの店舗") && page.contains("10 m"), "{page}");
    assert!(!page.contains("・</p>"), "nothing is known of when they are open: {page}");
    assert!(page.contains("3\u{a0}店舗中 2\u{a0}店舗にあります</span>"), "{page}");
    let other = browser.page("/products/hinata.KN1?place=しぶや&sku=KN1-BLK-M", "en").await;
    assert!(other.contains("data-count>In stock<") && other.contains("data-count>Not sold here<"), "{other}");
    let order: Vec<_> = other.split("<th scope=\"col\">").skip(1).map(|rest| &rest[..1]).collect();
    assert_eq!(order, ["M", "L"]);
    let unknown = browser.page("/products/hinata.KN1?place=%3Cb%3EAtlantis", "en").await;
    assert!(unknown.contains("We do not know “&#60;b&#62;Atlantis”"), "{unknown}");
    let nowhere = browser.page("/products/hinata.KN1?near=-40,0", "en").await;
    assert!(nowhere.contains("No store is within 200 km"), "{nowhere}");
}

#[tokio::test]
async fn a_product_describes_itself_to_machines() {
    let (_db, _api, browser) = shop().await;
    let page = browser.page("/products/hinata.KN1?place=渋谷", "ja").await;
    let block = page.split("<script type=\"application/ld+json\">").nth(1).unwrap();
    let block = block.split("</script>").next().unwrap();
    assert!(!block.contains(['<', '>', '&']), "{block}");
    let told: serde_json::Value = serde_json::from_str(block).unwrap();
    assert_eq!(told["@type"], "ProductGroup");
    assert_eq!(told["hasVariant"][0]["offers"][0]["availability"], "https://schema.org/InStock");
}

#[tokio::test]
async fn a_page_that_is_old_says_so() {
    let db = Database::new().await;
    let source = query_api::Source::new(db.pool.clone(), None, chrono::TimeDelta::seconds(60));
    let api = Api::start_for(source, PageOptions::default()).await;
    db.product("hinata.P", "ニット", &[("hinata.P-M", "黒", "M", None)]).await;
    db.store("hinata.a").await;
    db.checkpoint("shard-1", "'2026-01-02 03:04:05'", "NULL").await;
    let says = "<p class=\"notice\" data-stale>Stock is updated late right now";
    let page = Browser::of(&api).page("/products/hinata.P", "en").await;
    assert!(page.contains(says), "{page}");
    let source = query_api::Source::new(db.pool.clone(), None, chrono::TimeDelta::seconds(STALE_SECONDS));
    let api = Api::start_for(source, PageOptions::default()).await;
    assert!(!Browser::of(&api).page("/products/hinata.P", "en").await.contains(says));
}

#[tokio::test]
async fn a_list_that_is_full_says_that_there_may_be_other_stores() {
    let (db, _api, browser) = shop().await;
    let pages = ["/products/hinata.KN1", "/brands/hinata/stores"];
    let says = async |path| browser.page(path, "en").await.contains("Up to 12 stores are shown");
    for path in pages {
        assert!(!says(path).await, "{path}");
    }
    for n in 2..13 {
        db.store(&format!("hinata.s{n:02}")).await;
    }
    for path in pages {
        assert!(says(path).await, "{path}");
    }
}
