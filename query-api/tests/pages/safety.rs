//! What the pages never do: let strangers in, run what somebody wrote, tell what is nobody's business.

use query_api::PageOptions;

use crate::support::{Api, Database, Rows, STALE_SECONDS};
use crate::{Browser, PAGES, header, shop};

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
