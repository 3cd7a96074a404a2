//! The web pages: what they show, in which words, and what they never do.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends where something is not as expected")]

mod product;
mod reading;
mod safety;
#[path = "../support/mod.rs"]
mod support;

use reqwest::{Client, Response};
use support::{Api, Database, Rows};

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
