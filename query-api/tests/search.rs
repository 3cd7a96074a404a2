//! Products by words, labels, facets, and what is in stock near somebody.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends where something is not as expected")]

mod support;

use serde_json::{Value, json};
use support::{Api, Database, Rows};

async fn filled() -> (Database, Api) {
    let db = Database::new().await;
    let api = Api::start(&db.user("app_query"), 2).await;
    let black = ("hinata.KN1-BLK-M", "ブラック", "M", Some("4901234567894"));
    db.product(
        "hinata.KN1",
        "ウールのセーター",
        &[black, ("hinata.KN1-BLK-L", "ブラック", "L", None), ("hinata.KN1-RED-M", "レッド", "M", None)],
    )
    .await;
    db.product("hinata.KN2", "綿セーター Cotton", &[("hinata.KN2-RED-L", "レッド", "L", None)]).await;
    db.product("hinata.SH1", "革靴 Oxford", &[("hinata.SH1-26", "ブラック", "26", None)]).await;
    db.product("hinata.XX1", "コッパのロット", &[]).await;
    db.product("aoi.KN1", "ウールのセーター", &[("aoi.KN1-M", "ブラック", "M", None)]).await;
    (db, api)
}

async fn search(api: &Api, question: &str) -> Value {
    let (brand_q, rest) = question.split_once('&').unwrap_or((question, ""));
    let response = reqwest::Client::new()
        .get(format!("{}/v1/products?{rest}", api.url))
        .query(&[("brand", "hinata"), ("q", brand_q)])
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), 200, "{question}");
    response.json().await.unwrap()
}

fn codes(answer: &Value) -> Vec<&str> {
    answer["products"]
        .as_array()
        .unwrap()
        .iter()
        .map(|product| product["product_code"].as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn words_and_labels_find_products() {
    let (_db, api) = filled().await;
    for (q, expected) in [
        ("セーター", &["hinata.KN1", "hinata.KN2"][..]),
        ("せーたー", &["hinata.KN1", "hinata.KN2"]),
        ("ｾｰﾀｰ", &["hinata.KN1", "hinata.KN2"]),
        ("ウール　セーター", &["hinata.KN1"]),
        ("ｃｏｔｔｏｎ", &["hinata.KN2"]),
        ("COTT", &["hinata.KN2"]),
        ("靴", &["hinata.SH1"]),
        ("靴下", &[]),
        ("セーター ブラック", &["hinata.KN1"]),
        ("oxford cotton", &[]),
        // All its pieces are in コッパのロット, and it is not.
        ("コット", &[]),
        ("KN1", &["hinata.KN1"]),
        ("ＫＮ１", &["hinata.KN1"]),
        ("hinata.KN2-RED-L", &["hinata.KN2"]),
        ("KN2-RED-L", &["hinata.KN2"]),
        ("4901234567894", &["hinata.KN1"]),
        ("04901234567894", &["hinata.KN1"]),
        ("４９０１２３４５６７８９４", &["hinata.KN1"]),
        ("4901234567895", &[]),
        ("aoi.KN1", &[]),
        ("\0", &[]),
        ("🎽", &[]),
        ("%' OR 1=1 --", &[]),
    ] {
        assert_eq!(codes(&search(&api, q).await), expected, "{q}");
    }
    let long = search(&api, &"セーター".repeat(50)).await;
    assert_eq!((codes(&long).len(), &long["complete"]), (0, &json!(true)));
}

#[tokio::test]
async fn facets_count_what_could_be_narrowed_down_to() {
    let (db, api) = filled().await;
    let all = search(&api, "セーター").await;
    let facets = json!({
        "colours": [{"colour": {"ja": "レッド"}, "products": 2}, {"colour": {"ja": "ブラック"}, "products": 1}],
        "sizes": [{"size": "L", "products": 2}, {"size": "M", "products": 1}],
    });
    assert_eq!((&all["facets"], &all["complete"]), (&facets, &json!(true)));

    let black = search(&api, "セーター&colour=ﾌﾞﾗｯｸ&size=m").await;
    assert_eq!(codes(&black), ["hinata.KN1"]);
    let skus = json!([{"sku": "hinata.KN1-BLK-M", "colour": {"ja": "ブラック"}, "size": "M", "gtin": "4901234567894"}]);
    assert_eq!(black["products"][0]["skus"], skus);
    // Sizes of what is black, and colours of what is medium.
    assert_eq!(black["facets"]["sizes"], json!([{"size": "L", "products": 1}, {"size": "M", "products": 1}]));
    assert_eq!(black["facets"]["colours"].as_array().unwrap().len(), 2);
    assert_eq!(codes(&search(&api, "セーター&size=XXL").await), Vec::<&str>::new());

    db.store("hinata.near").await;
    db.store_at("hinata.far", 34.7, 135.5).await;
    db.stock("hinata.near", "hinata.KN1-BLK-M", 1, 1, 0).await;
    db.stock("hinata.near", "hinata.KN2-RED-L", 1, 0, 0).await;
    db.stock("hinata.far", "hinata.KN1-BLK-M", 9, 0, 0).await;
    let near = search(&api, "セーター&in_stock_near=35.66,139.70").await;
    assert_eq!(codes(&near), ["hinata.KN2"]);
    assert_eq!(near["facets"]["colours"], json!([{"colour": {"ja": "レッド"}, "products": 1}]));
    assert_eq!(codes(&search(&api, "セーター&in_stock_near=34.7,135.5&radius_km=5").await), ["hinata.KN1"]);
}

#[tokio::test]
async fn common_words_have_a_bound_and_pages() {
    let db = Database::new().await;
    let api = Api::start(&db.user("app_query"), 2).await;
    for n in 0..230 {
        db.product(&format!("hinata.P{n:03}"), "シャツ", &[]).await;
    }
    let first = search(&api, "シャツ&limit=90").await;
    assert_eq!(
        (codes(&first).len(), codes(&first)[0], &first["complete"]),
        (90, "hinata.P000", &json!(false))
    );
    let cursor = first["next_cursor"].as_str().unwrap();
    let second = search(&api, &format!("シャツ&limit=90&cursor={cursor}")).await;
    assert_eq!((codes(&second).len(), codes(&second)[0]), (90, "hinata.P090"));
    let cursor = second["next_cursor"].as_str().unwrap();
    let third = search(&api, &format!("シャツ&limit=90&cursor={cursor}")).await;
    assert_eq!((codes(&third).len(), &third["next_cursor"]), (20, &json!(null)));
    let other = format!("/v1/products?brand=hinata&q=shirt&cursor={cursor}");
    let (status, body) = api.any(&other).await;
    assert_eq!((status.as_u16(), &body["field"]), (400, &json!("cursor")));
}
