//! What is read without a script: in which language, how much of it, and what is not there.

use crate::support::{Api, Database, Rows};
use crate::{Browser, PAGES, header, shop};

#[tokio::test]
async fn a_page_is_in_the_visitors_language() {
    let (_db, _api, browser) = shop().await;
    for (path, accepts, lang, says) in [
        ("/brands/hinata", "ja-JP,ja;q=0.9", "ja", "さがす"),
        ("/brands/hinata", "en-US", "en", "Search"),
        ("/brands/hinata?lang=en", "ja", "en", "Search"),
        ("/brands/hinata?lang=ja", "en", "ja", "さがす"),
        ("/nowhere", "en", "en", "Not found"),
        ("/nowhere?lang=ja", "en", "ja", "見つかりません"),
    ] {
        let html = browser.response(path, accepts).await.text().await.unwrap();
        assert!(html.contains(&format!("<html lang=\"{lang}\"")) && html.contains(says), "{path} {accepts}");
    }
    let chosen = browser.page("/brands/hinata?q=KN1&lang=en", "ja").await;
    assert!(chosen.contains("/products/hinata.KN1?lang=en"), "{chosen}");
    assert!(chosen.contains("q=KN1&#38;lang=ja"), "{chosen}");
}

#[tokio::test]
async fn what_is_not_there_is_a_page_for_people_and_a_problem_for_programs() {
    let (_db, api, browser) = shop().await;
    for path in ["/nowhere", "/brands/nobody", "/brands/No%20brand", "/assets/app-000000000000.css"] {
        let page = browser.response(path, "ja").await;
        let status = page.status().as_u16();
        assert!([404, 400].contains(&status), "{path}: {status}");
        assert_eq!(header(&page, "cache-control"), "no-store");
        assert!(page.text().await.unwrap().contains("見つかりません"), "{path}");
    }
    assert_eq!(api.problem("/brands/nobody").await, (404, "not_found".into()));
    let lookup = browser.response("/v1/stores/hinata.none", "ja").await;
    assert_eq!(header(&lookup, "content-type"), "application/problem+json");
    let nowhere = Api::start(&"mysql://root@127.0.0.1:1/nowhere".parse().unwrap(), 1).await;
    let page = Browser::of(&nowhere).response("/brands/hinata", "en").await;
    assert_eq!((page.status().as_u16(), header(&page, "retry-after")), (503, "1"));
    assert!(page.text().await.unwrap().contains("href=\"/brands/hinata\""));
}

#[tokio::test]
async fn the_only_brand_is_where_shoppers_begin() {
    let db = Database::new().await;
    let api = Api::start(&db.user("app_query"), 2).await;
    let browser = Browser::of(&api);
    assert!(browser.page("/", "ja").await.contains("まだ店舗がありません"));
    db.store("hinata.a").await;
    db.store("hinata.b").await;
    let redirect = browser.response("/?lang=en", "ja").await;
    assert_eq!((redirect.status().as_u16(), header(&redirect, "location")), (307, "/brands/hinata?lang=en"));
    db.store("aoi.a").await;
    let page = browser.page("/", "ja").await;
    let brands: Vec<_> = page.split("href=\"/brands/").skip(1).map(|rest| rest.split('"').next()).collect();
    assert_eq!(brands, [Some("aoi"), Some("hinata")]);
}

/// All that a browser fetches before a page is shown, as it is sent.
#[tokio::test]
async fn the_first_view_is_small_and_from_here_alone() {
    let (db, _api, browser) = shop().await;
    // As much as a page shows at most of a usual product: six colours in five sizes, in twelve stores.
    let skus: Vec<(String, String, String)> = (0..30)
        .map(|n| {
            (
                format!("hinata.BIG-{n:02}"),
                format!("色の名前{}", n / 5),
                ["S", "M", "L", "XL", "XS"][n % 5].to_owned(),
            )
        })
        .collect();
    let skus: Vec<(&str, &str, &str, Option<&str>)> =
        skus.iter().map(|(sku, colour, size)| (sku.as_str(), colour.as_str(), size.as_str(), None)).collect();
    db.product("hinata.BIG", "大きな商品", &skus).await;
    for store in 0..12 {
        let store = format!("hinata.s{store:02}");
        db.store(&store).await;
        for (sku, ..) in &skus {
            db.stock(&store, sku, 5, 0, 0).await;
        }
    }
    for path in PAGES.into_iter().chain(["/products/hinata.BIG?place=渋谷"]) {
        let html = browser.response(path, "ja").await.text().await.unwrap();
        assert!(!html.contains("=\"http"), "{path} names another server: {html}");
        let mut bytes = browser.bytes(path).await;
        for (at, _) in html.match_indices("\"/assets/") {
            let asset = html[at + 1..].split('"').next().unwrap();
            let response = browser.response(asset, "ja").await;
            assert_eq!(response.status(), 200, "{asset}");
            assert_eq!(header(&response, "cache-control"), "public, max-age=31536000, immutable");
            bytes += browser.bytes(asset).await;
        }
        assert!(bytes < 60_000, "{path} takes {bytes} bytes");
    }
}

#[tokio::test]
async fn a_slip_has_the_pickup_code_in_bars() {
    let (_db, _api, browser) = shop().await;
    let slip = browser.page("/staff/slip?hold=0192f0c1-2d3e-7a4b-8c5d-6e7f80910213", "ja").await;
    let hold = browser.page("/holds/0192f0c1-2d3e-7a4b-8c5d-6e7f80910213", "ja").await;
    let bars = |page: &str| {
        page.split("symbol bars").nth(1).map(|rest| rest.split("</svg>").next().unwrap().to_owned())
    };
    assert!(bars(&slip).is_some() && bars(&slip) == bars(&hold), "{slip}");
    for other in ["/staff/slip", "/staff/slip?hold=1"] {
        assert_eq!(bars(&browser.page(other, "ja").await), None, "{other}");
    }
}
