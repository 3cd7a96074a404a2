//! A brand with three stores, on a stack of its own, and the windows that look at it.

use anyhow::{Context, Result, ensure};
use devstack::browser::{Chromium, Look, Window};
use devstack::issuer::{self, Persona, TokenRequest};
use devstack::process::Group;
use devstack::stack::{Options, Ports, Stack, with_database};
use harness::{Api, Database, Tables, until, variable};
use serde_json::{Value, json};
use tempfile::TempDir;

pub const SHIBUYA: &str = "hinata.shibuya-01";
pub const SHINJUKU: &str = "hinata.shinjuku-01";
const GINZA: &str = "hinata.ginza-01";
/// Each with its names and where it is.
const STORES: [(&str, &str, &str, f64, f64); 3] = [
    (SHIBUYA, "渋谷店", "Shibuya", 35.6590, 139.7005),
    (SHINJUKU, "新宿店", "Shinjuku", 35.6900, 139.7000),
    (GINZA, "銀座店", "Ginza", 35.6725, 139.7658),
];
pub const PRODUCT: &str = "hinata.KN1021";
pub const SKU: &str = "hinata.KN1021-BLK-M";
pub const OTHER_SKU: &str = "hinata.KN1021-NVY-L";
/// Pieces of each SKU in each store, but in Ginza, which has none.
const PIECES: u32 = 3;

/// The stack and what it stands on. The order is that in which they are dropped.
pub struct Shop {
    pub stack: Stack,
    /// The command API, asked by a manager.
    pub commands: Api,
    /// The query API, asked by a manager.
    pub queries: Api,
    pub tables: Tables,
    chromium: Chromium,
    _database: Database,
    _dir: TempDir,
}

impl Shop {
    /// Open, with its shelves full.
    pub async fn open() -> Result<Self> {
        let chromium = Chromium::given()?;
        let (tables, database, dir) =
            (Tables::unmigrated().await, Database::unmigrated(), tempfile::tempdir()?);
        let stack = Stack::start(&Options {
            state_dir: dir.path().to_owned(),
            bin_dir: variable("TORIOKI_BIN_DIR").into(),
            ports: Ports::default(),
            dynamodb_endpoint: Some(tables.endpoint.clone()),
            mysql_url: Some(with_database(&database.url(), "")?),
            table_prefix: tables.prefix.clone(),
            database: String::new(),
            group: Group::Shared,
        })
        .await?;
        let stores = [SHIBUYA, SHINJUKU].map(|id| id.parse().unwrap());
        stack.let_in(Persona::of_stores(&stores)?);
        let manager = TokenRequest {
            role: "manager".to_owned(),
            brand: Some("hinata".parse()?),
            ..TokenRequest::default()
        };
        let token = issuer::ask(&reqwest::Client::new(), stack.issuer_url(), &manager).await?.access_token;
        let api = |url: &str| Api::new(url).with_token(token.clone());
        let (commands, queries) = (api(stack.command_url()), api(stack.query_url()));
        let shop = Self { stack, commands, queries, tables, chromium, _database: database, _dir: dir };
        shop.fill().await;
        Ok(shop)
    }

    async fn fill(&self) {
        for (id, ..) in STORES {
            self.keep_for(id, 24 * 60).await;
        }
        self.name("ニット", "Knit").await;
        for store in [SHIBUYA, SHINJUKU, GINZA] {
            for sku in [SKU, OTHER_SKU] {
                self.count(store, sku, if store == GINZA { 0 } else { PIECES }).await;
            }
        }
        let last = format!("/v1/stores/{GINZA}/stock/{OTHER_SKU}");
        until("the pages can show all of it", || async { self.queries.get(&last).await.status == 200 }).await;
    }

    /// From now on a store keeps what is put aside for so many minutes.
    pub async fn keep_for(&self, store_id: &str, minutes: u32) {
        let (id, ja, en, latitude, longitude) = STORES.into_iter().find(|store| store.0 == store_id).unwrap();
        let week = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
        let hours: Value =
            week.map(|day| (day, json!([{"opens": "00:00", "closes": "24:00"}]))).into_iter().collect();
        let store = json!({
            "name": {"ja": ja, "en": en}, "time_zone": "Asia/Tokyo", "latitude": latitude, "longitude": longitude,
            "opening_hours": hours, "address": {"ja": "東京都", "en": "Tokyo"},
            "hold_policy": {"lasts": {"minutes": minutes}},
        });
        let path = format!("/v1/stores/{id}");
        let version = self.commands.put(&path, store).await.expect(200).body["version"].clone();
        until("the pages know it", || async { self.queries.get(&path).await.body["version"] == version })
            .await;
    }

    /// Gives the product this name.
    pub async fn name(&self, ja: &str, en: &str) {
        let skus = json!([
            {"sku": SKU, "colour": {"ja": "黒", "en": "black"}, "size": "M", "gtin": "4901234567894"},
            {"sku": OTHER_SKU, "colour": {"ja": "紺", "en": "navy"}, "size": "L"},
        ]);
        let product = json!({"name": {"ja": ja, "en": en}, "skus": skus});
        let _ = self.commands.put(&format!("/v1/products/{PRODUCT}"), product).await.expect(200);
    }

    /// Somebody counts what is in a store.
    pub async fn count(&self, store_id: &str, sku: &str, on_hand: u32) {
        let path = format!("/v1/stores/{store_id}/stock/{sku}");
        let _ = self.commands.put(&path, json!({"on_hand": on_hand})).await.expect(200);
    }

    /// The address of a page.
    pub fn page(&self, path: &str) -> String {
        format!("{}{path}", self.stack.query_url())
    }

    /// A window, with nothing in it yet.
    pub async fn window(&self, look: Look) -> Result<Window> {
        Window::open(&self.chromium, look).await
    }

    /// A window with the day's screen, of one of the staff.
    pub async fn counter(&self, look: Look, name: &str) -> Result<Window> {
        let window = self.window(look).await?;
        window.go(&self.page("/staff")).await?;
        window.click("#sign-in").await?;
        window.until("document.querySelector('button[name=persona]')").await?;
        let choice = "return [...document.querySelectorAll('button[name=persona]')]\
                      .find(button => button.innerText.startsWith(arguments[0])).value";
        let number = window.run(choice, json!([name])).await?;
        window.click(&format!("button[name=persona][value={number}]")).await?;
        window.until("document.querySelector('#sign-out')?.checkVisibility()").await?;
        Ok(window)
    }

    /// A window with a product's page.
    pub async fn product(&self, look: Look) -> Result<Window> {
        let window = self.window(look).await?;
        window.go(&self.page(&format!("/products/{PRODUCT}"))).await?;
        Ok(window)
    }

    /// A guest's hold of one piece in Shibuya: its id and its capability. The pages can show it.
    pub async fn hold(&self) -> (String, String) {
        let placed = self.commands.as_guest().hold(SHIBUYA, SKU, 1).await.expect(201);
        let id = placed.text("reservation_id");
        let path = format!("/v1/reservations/{id}");
        until("the hold is seen", || async { self.queries.get(&path).await.status == 200 }).await;
        (id, placed.text("capability"))
    }

    /// Everything is over: whether all windows have behaved.
    pub async fn close(self, windows: impl IntoIterator<Item = Window>) -> Result<()> {
        let stack = &self.stack;
        for window in windows {
            let misdeeds =
                window.misdeeds(&[stack.query_url(), stack.command_url(), stack.issuer_url()]).await?;
            ensure!(misdeeds.is_empty(), "a page did what none may:\n{}", misdeeds.join("\n"));
            window.close().await?;
        }
        self.stack.stop().await.context("the stack did not stop")
    }
}
