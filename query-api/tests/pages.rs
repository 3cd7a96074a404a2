//! The web pages: what they show, in which words, and what they never do.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends where something is not as expected")]

mod support;

use query_api::PageOptions;
use reqwest::{Client, Response};
use support::{Api, Database, Rows, STALE_SECONDS};

/// A browser, which says what it reads.
struct Browser {
    client: Client,
    url: String,
}

impl Browser {
    fn of(api: &Api) -> Self {
        let client = Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        Self { client, url: api.url.clone() }
    }

    async fn response(&self, path: &str, language: &str) -> Response {
        let request = self.client.get(format!("{}{path}", self.url));
        let request = request.header("accept", "text/html,application/xhtml+xml,*/*;q=0.8");
        request.header("accept-language", language).send().await.unwrap()
    }

    /// How many bytes of an answer are sent, packed as browsers ask for it.
    async fn bytes(&self, path: &str) -> usize {
        let request = self.client.get(format!("{}{path}", self.url)).header("accept", "text/html,*/*");
        let response = request.header("accept-encoding", "gzip, br").send().await.unwrap();
        response.bytes().await.unwrap().len()
    }

    /// A page, which must be there.
    async fn page(&self, path: &str, language: &str) -> String {
        let response = self.response(path, language).await;
        assert_eq!(response.status(), 200, "{path}");
        response.text().await.unwrap()
    }
}

/// A brand with two stores, and a product with markup in every text.
async fn shop() -> (Database, Api, Browser) {
    let db = Database::new().await;
    let api = Api::start(&db.user("app_query"), 4).await;
    let skus =
        [("hinata.KN1-BLK-M", MARKUP, "M", Some("2910210001026")), ("hinata.KN1-BLK-L", MARKUP, "L", None)];
    db.product("hinata.KN1", MARKUP, &skus).await;
    for store in ["hinata.a", "hinata.b"] {
        db.store(store).await;
        db.run(format!(
            "UPDATE stores SET name_ja = '{MARKUP}', address_ja = '{MARKUP}' WHERE store_id = '{store}'"
        ))
        .await;
        db.stock(store, "hinata.KN1-BLK-M", 9, 0, 0).await;
        db.stock(store, "hinata.KN1-BLK-L", 1, 0, 0).await;
    }
    db.checkpoint("shard-1", "NOW(6)", "NULL").await;
    let browser = Browser::of(&api);
    (db, api, browser)
}

/// What people could write as a name, as a literal of SQL has it.
const MARKUP: &str = "<img src=x onerror=alert(1)>\"''&ニット";

fn header<'r>(response: &'r Response, name: &str) -> &'r str {
    response.headers().get(name).map_or("", |value| value.to_str().unwrap())
}

const PAGES: [&str; 10] = [
    "/brands/hinata",
    "/brands/hinata?q=ニット",
    "/brands/hinata/stores?place=渋谷",
    "/products/hinata.KN1",
    "/products/hinata.KN1?place=渋谷",
    "/products/hinata.KN1?near=35.659,139.700&lang=en",
    "/stores/hinata.a",
    "/holds/0192f0c1-2d3e-7a4b-8c5d-6e7f80910213",
    "/staff",
    "/nowhere",
];

#[tokio::test]
async fn every_page_keeps_strangers_out_and_sets_no_cookie() {
    let (_db, _api, browser) = shop().await;
    for path in PAGES {
        let page = browser.response(path, "ja").await;
        assert!(header(&page, "content-type").starts_with("text/html"), "{path}");
        let policy = header(&page, "content-security-policy");
        for part in [
            "default-src 'none'",
            "script-src 'self';",
            "style-src 'self';",
            "frame-ancestors 'none'",
            "base-uri 'none'",
        ] {
            assert!(policy.contains(part), "{path}: {policy}");
        }
        assert!(!policy.contains("unsafe"), "{path}: {policy}");
        assert_eq!(header(&page, "x-content-type-options"), "nosniff", "{path}");
        assert_eq!(header(&page, "referrer-policy"), "no-referrer", "{path}");
        assert!(page.headers().get("set-cookie").is_none(), "{path}");
        let html = page.text().await.unwrap();
        for inline in ["<style", " style=", " onclick", " onload", "javascript:"] {
            assert!(!html.contains(inline), "{path} has {inline}");
        }
        let scripts = html.match_indices("<script").map(|(at, _)| html[at..].split('>').next().unwrap());
        for script in scripts {
            assert!(script.contains("src=\"/assets/") || script.contains("json"), "{path}: {script}");
        }
    }
}

#[tokio::test]
async fn scripts_may_talk_to_the_services_that_are_named_and_to_no_other() {
    let db = Database::new().await;
    let source = query_api::Source::new(db.pool.clone(), None, chrono::TimeDelta::seconds(STALE_SECONDS));
    let options = PageOptions {
        command_url: Some("https://commands.example/torioki/".parse().unwrap()),
        oidc_issuer: Some("https://id.example".parse().unwrap()),
        oidc_client_id: Some("pages".to_owned()),
    };
    let api = Api::start_for(source, options).await;
    let page = Browser::of(&api).response("/staff", "ja").await;
    let policy = header(&page, "content-security-policy");
    assert!(policy.contains("connect-src 'self' https://commands.example https://id.example;"), "{policy}");
    let html = page.text().await.unwrap();
    for told in [
        "data-command-url=\"https://commands.example/torioki\"",
        "data-oidc-issuer=\"https://id.example\"",
        "data-oidc-client-id=\"pages\"",
    ] {
        assert!(html.contains(told), "{html}");
    }
}

#[tokio::test]
async fn markup_is_shown_and_never_run() {
    let (_db, _api, browser) = shop().await;
    for path in
        ["/brands/hinata?q=ニット", "/products/hinata.KN1", "/stores/hinata.a", "/brands/hinata/stores"]
    {
        let page = browser.page(path, "ja").await;
        assert!(page.contains("onerror=alert(1)"), "{path}: {page}");
        assert!(!page.contains("<img"), "{path}: {page}");
    }
    let typed =
        browser.page(&format!("/brands/hinata?q={}", "%22%3E%3Cscript%3Ealert(1)%3C/script%3E"), "ja").await;
    assert!(typed.contains("alert(1)") && !typed.contains("<script>alert"), "{typed}");
}

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

/// Whoever has an id but not its capability learns nothing: not even whether there is such a hold.
#[tokio::test]
async fn the_page_of_a_hold_says_nothing_of_it() {
    const ID: &str = "0192f0c1-2d3e-7a4b-8c5d-6e7f80910213";
    let (db, _api, browser) = shop().await;
    let path = format!("/holds/{ID}");
    let before = browser.page(&path, "ja").await;
    db.reservation(ID, "hinata.a", "held", "2026-01-02 04:00:00").await;
    assert_eq!(browser.page(&path, "ja").await, before);
    assert!(before.contains("<p class=\"letters number\">092 0GK</p>"), "{before}");
    assert!(before.contains("noindex"), "{before}");
    assert_eq!(browser.response("/holds/1", "ja").await.status(), 400);
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
