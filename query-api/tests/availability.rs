//! Many counts at once: a product's in the stores around, and a shopping bag's.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends where something is not as expected")]

mod support;

use serde_json::json;
use support::{Api, Database, Rows};

const NEAR: &str = "near=35.659,139.7005";

#[tokio::test]
async fn a_product_is_told_by_size_colour_and_store() {
    let db = Database::new().await;
    let api = Api::start(&db.user("app_query"), 2).await;
    let path = format!("/v1/products/hinata.P/availability?{NEAR}");
    assert_eq!(api.problem(&path).await, (404, "unknown_product".into()));
    db.run("INSERT INTO products (product_code, brand, version, name_ja, updated_at) VALUES ('hinata.P', 'hinata', 1, 'ニット', NOW(6))").await;
    for sku in ["hinata.P-M", "hinata.P-L"] {
        db.sku(sku).await;
    }
    db.run("UPDATE skus SET colour_en = 'black', gtin = '4901234567894' WHERE sku = 'hinata.P-M'").await;
    db.store("hinata.a").await;
    db.store_at("hinata.b", 35.7, 139.7).await;
    db.store_at("hinata.far", 34.7, 135.5).await;
    db.stock("hinata.a", "hinata.P-M", 5, 2, 0).await;
    db.stock("hinata.a", "hinata.P-L", 1, 1, 0).await;
    db.stock("hinata.far", "hinata.P-M", 5, 0, 0).await;
    db.stock("hinata.b", "hinata.other", 5, 0, 0).await;
    db.checkpoint("shard-1", "'2026-01-02 03:05:00'", "NULL").await;

    let told = api.get(&path).await;
    assert_eq!((&told["name"], &told["as_of"]), (&json!({"ja": "ニット"}), &json!("2026-01-02T03:05:00Z")));
    assert_eq!(
        told["skus"],
        json!([
            {"sku": "hinata.P-L", "size": "M"},
            {"sku": "hinata.P-M", "colour": {"en": "black"}, "size": "M", "gtin": "4901234567894"},
        ])
    );
    let stores = told["stores"].as_array().unwrap();
    assert_eq!(stores.len(), 2, "{told}");
    assert_eq!((&stores[0]["store_id"], &stores[0]["distance_km"]), (&json!("hinata.a"), &json!(0.0)));
    assert_eq!(
        stores[0]["stock"],
        json!([
            {"sku": "hinata.P-L", "available": 0, "in_store": 0, "version": 3},
            {"sku": "hinata.P-M", "available": 3, "in_store": 3, "version": 3},
        ])
    );
    assert_eq!((&stores[1]["store_id"], &stores[1]["stock"]), (&json!("hinata.b"), &json!([])));

    let first = api.get(&format!("{path}&limit=1")).await;
    let cursor = first["next_cursor"].as_str().unwrap();
    let second = api.get(&format!("{path}&limit=1&cursor={cursor}")).await;
    assert_eq!(
        (&second["stores"][0]["store_id"], &second["next_cursor"]),
        (&json!("hinata.b"), &json!(null))
    );
}

#[tokio::test]
async fn a_bag_is_told_for_each_store() {
    let db = Database::new().await;
    let api = Api::start(&db.user("app_query"), 2).await;
    for store in ["hinata.a", "hinata.b"] {
        db.store(store).await;
    }
    db.stock("hinata.a", "hinata.A", 5, 2, 0).await;
    db.stock("hinata.a", "hinata.C", 9, 0, 0).await;
    db.stock("hinata.b", "hinata.A", 1, 0, 1).await;
    db.stock("hinata.b", "hinata.B", 2, 0, 0).await;
    let told =
        api.get("/v1/stock?sku=hinata.B,hinata.A,hinata.A&store_id=hinata.b,hinata.a,hinata.none").await;
    let offer = |store: &str, sku: &str, available: u32| json!({"store_id": store, "sku": sku, "available": available, "in_store": available, "version": 3});
    assert_eq!(
        told,
        json!({"stock": [
            offer("hinata.b", "hinata.B", 2), offer("hinata.b", "hinata.A", 0), offer("hinata.a", "hinata.A", 3),
        ], "as_of": null})
    );
    for (path, field) in [
        ("/v1/stock?sku=hinata.A,aoi.A&store_id=hinata.a", "sku"),
        ("/v1/stock?sku=hinata.A&store_id=hinata.a,aoi.a", "store_id"),
    ] {
        let (status, body) = api.any(path).await;
        let expected = (422, &json!("brand_mismatch"), &json!(field));
        assert_eq!((status.as_u16(), &body["code"], &body["field"]), expected);
    }
}
