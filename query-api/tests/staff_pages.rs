//! The screens for staff, as they are before anybody has signed in: they hold nothing that only staff may see.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends where something is not as expected")]

mod support;

use serde_json::json;
use support::{Api, CUSTOMER, Database, Rows};

const STORE: &str = "hinata.shibuya-01";
const ID: &str = "0192f0c1-2d3e-7a4b-8c5d-6e7f80910213";

async fn page(api: &Api, path: &str) -> String {
    let response = api.asked(path, &[("accept", "text/html"), ("accept-language", "en")]).await;
    assert_eq!(response.status(), 200, "{path}");
    assert!(response.headers().get("set-cookie").is_none(), "{path}");
    assert!(!response.headers()["content-security-policy"].to_str().unwrap().contains("unsafe"), "{path}");
    response.text().await.unwrap()
}

#[tokio::test]
async fn the_screens_hold_no_hold_and_no_customer() {
    let db = Database::new().await;
    let api = Api::start(&db.user("app_query"), 2).await;
    db.store(STORE).await;
    db.reservation(ID, STORE, "held", "2026-01-02 04:00:00").await;
    // As a manager, even: a page looks at no token.
    for path in ["/staff", "/staff/signed-in?code=SECRET-CODE&state=s", "/staff/slip"] {
        let html = page(&api, path).await;
        for word in CUSTOMER.iter().flat_map(|value| value.split(' ')).chain([ID, "shibuya-01", "7731"]) {
            assert!(!html.contains(word), "{path} tells {word}");
        }
    }
}

#[tokio::test]
async fn the_keys_are_shown_and_the_reasons_are_asked_for() {
    let db = Database::new().await;
    let api = Api::start(&db.user("app_query"), 2).await;
    let html = page(&api, "/staff").await;
    for shown in ["<kbd>↑ ↓</kbd>", "Cancel, with a reason", "The pieces cannot be found", "Shortfalls"] {
        assert!(html.contains(shown), "{shown}");
    }
}

#[tokio::test]
async fn somebody_of_the_brand_chooses_among_its_stores() {
    let db = Database::new().await;
    let api = Api::start(&db.user("app_query"), 2).await;
    for id in ["hinata.b", "hinata.a", "hinata-x.a", "aoi.a"] {
        db.store(id).await;
    }
    let stores = |name: &str| {
        let store = |id| json!({"store_id": id, "name": name, "time_zone": "Asia/Tokyo"});
        json!({"stores": [store("hinata.a"), store("hinata.b")], "complete": true})
    };
    assert_eq!(api.get("/staff/stores?brand=hinata&lang=ja").await, stores("渋谷店"));
    assert_eq!(api.get("/staff/stores?brand=hinata&lang=en").await, stores("Shibuya"));
    for wrong in ["/staff/stores", "/staff/stores?brand=H!"] {
        assert_eq!(api.problem(wrong).await, (400, "invalid_query".into()), "{wrong}");
    }
}
