//! What a lookup calls available, a hold can have, and no piece more: whatever the store says of holds.

use std::time::{Duration, Instant};

use harness::{Api, System};
use reqwest::Method;
use serde_json::{Value, json};

const PRODUCT: &str = "hinata.A";
const SKU: &str = "hinata.A-00";
const PIECES: u32 = 9;
const NEAR: &str = "near=35.6,139.7";
/// How long a test waits for what must come true.
const DEADLINE: Duration = Duration::from_secs(30);

/// What a store says of holds, and how many of its nine pieces one hold can have there.
fn policies() -> Vec<(Value, u32)> {
    vec![
        (json!({}), PIECES),
        (json!({"accepts_holds": false}), 0),
        (json!({"max_pieces_per_line": 2}), 2),
        (json!({"max_pieces": 3}), 3),
        (json!({"max_pieces_per_line": 5, "max_pieces": 4, "accepts_holds": false}), 0),
        (json!({"lasts": {"until": "next_day_closing"}, "safety_stock": 1}), PIECES - 1),
    ]
}

async fn define(commands: &Api, store: &str, policy: &Value) -> String {
    let always = json!([{"opens": "00:00", "closes": "24:00"}]);
    let days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"].map(|day| (day.to_owned(), always.clone()));
    let body = json!({
        "name": {"en": "Shibuya"}, "time_zone": "Asia/Tokyo", "latitude": 35.6, "longitude": 139.7,
        "opening_hours": Value::Object(days.into_iter().collect()), "hold_policy": policy,
    });
    let defined = commands.put(&format!("/v1/stores/{store}"), body).await.expect(200);
    defined.headers["consistency-token"].to_str().unwrap().to_owned()
}

/// The member `of` in which some list of the answer has this store.
async fn told(queries: &Api, path: &str, token: &str, store: &str) -> Value {
    let headers = [("consistency-token", token), ("prefer", "wait=10")];
    let answer = queries.send(Method::GET, path, &headers, String::new()).await.expect(200).body;
    let lists = [&answer["stores"], &answer["stock"]];
    let rows = lists.into_iter().filter_map(Value::as_array).flatten();
    rows.into_iter().find(|row| row["store_id"] == *store).unwrap_or(&answer).clone()
}

/// What the first event of a stream tells.
async fn streamed(base_url: &str, store: &str) -> Value {
    let url = format!("{base_url}/v1/stock/stream?store_id={store}&sku={SKU}");
    let mut body = reqwest::get(url).await.unwrap();
    let (mut text, start) = (String::new(), Instant::now());
    loop {
        assert!(start.elapsed() < DEADLINE, "no count in {text}");
        text.push_str(std::str::from_utf8(&body.chunk().await.unwrap().unwrap()).unwrap());
        let mut data = text.split_inclusive('\n').filter_map(|line| line.strip_prefix("data: "));
        if let Some(data) = data.find_map(|data| serde_json::from_str(data).ok()) {
            return data;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_lookup_says_what_a_hold_can_have() {
    let system = System::new().await;
    let (commands, _relay, queries) = tokio::join!(system.command_api(), system.relay(), system.query_api());
    let base_url = queries.base_url().to_owned();
    let (commands, queries) = (Api::from(&commands), Api::from(&queries));
    commands.stock_up("hinata.none", PRODUCT, &[SKU], 0).await;
    for (n, (policy, expected)) in policies().into_iter().enumerate() {
        let store = format!("hinata.s-{n}");
        let _ = define(&commands, &store, &policy).await;
        let stock = format!("/v1/stores/{store}/stock/{SKU}");
        let counted = commands.put(&stock, json!({"on_hand": PIECES})).await.expect(200);
        let token = counted.headers["consistency-token"].to_str().unwrap();
        let left = counted.body["available"].clone();
        for path in [
            stock.clone(),
            format!("/v1/skus/{SKU}/stores?limit=100"),
            format!("/v1/skus/{SKU}/stores?{NEAR}&limit=100"),
            format!("/v1/stock?sku={SKU}&store_id={store}"),
        ] {
            let told = told(&queries, &path, token, &store).await;
            assert_eq!((&told["available"], &told["in_store"]), (&json!(expected), &left), "{policy} {path}");
        }
        let path = format!("/v1/products/{PRODUCT}/availability?{NEAR}");
        let offer = told(&queries, &path, token, &store).await["stock"][0].clone();
        assert_eq!((&offer["available"], &offer["in_store"]), (&json!(expected), &left), "{policy} {path}");
        let path = format!("/v1/stores/{store}/stock");
        let listed = told(&queries, &path, token, &store).await["stock"][0].clone();
        assert_eq!((&listed["available"], &listed["in_store"]), (&json!(expected), &left), "{policy} {path}");
        assert_eq!(streamed(&base_url, &store).await["available"], expected, "{policy}");

        let refused = commands.hold(&store, SKU, expected + 1).await;
        assert_eq!(refused.status / 100, 4, "{policy}: {}", refused.body);
        if expected > 0 {
            let _ = commands.hold(&store, SKU, expected).await.expect(201);
        }
    }
    // What lies in a store that takes no holds is in stock there all the same.
    let found = queries.get(&format!("/v1/products?brand=hinata&q=A&in_stock_{NEAR}")).await.expect(200).body;
    assert_eq!(found["products"][0]["product_code"], PRODUCT, "{found}");
}

/// The policy counts, as it is at the time: a change of it is a change of what is available.
#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_takes_no_holds_any_more_offers_none() {
    const STORE: &str = "hinata.shibuya-01";
    let system = System::new().await;
    let (commands, _relay, queries) = tokio::join!(system.command_api(), system.relay(), system.query_api());
    let (commands, queries) = (Api::from(&commands), Api::from(&queries));
    commands.stock_up(STORE, PRODUCT, &[SKU], PIECES).await;
    let stock = format!("/v1/stores/{STORE}/stock/{SKU}");
    for (policy, available) in [
        (json!({"accepts_holds": false}), 0),
        (json!({"max_pieces_per_line": 4}), 4),
        (json!({"accepts_holds": false, "max_active_holds": 1}), 0),
    ] {
        let token = define(&commands, STORE, &policy).await;
        let seen = told(&queries, &stock, &token, STORE).await;
        assert_eq!((&seen["available"], &seen["in_store"]), (&json!(available), &json!(PIECES)), "{policy}");
        let refused = commands.hold(STORE, SKU, available + 1).await;
        assert_eq!(refused.status / 100, 4, "{policy}: {}", refused.body);
    }
}
