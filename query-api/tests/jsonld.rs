//! A product's availability in the words of schema.org.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends where something is not as expected")]

mod support;

use serde_json::{Value, json};
use support::{Api, Database, Rows};

const PATH: &str = "/v1/products/hinata.P/jsonld?near=35.659,139.7005";

#[tokio::test]
async fn offers_say_where_a_product_is_and_whether_it_is_kept() {
    let db = Database::new().await;
    let api = Api::start(&db.user("app_query"), 2).await;
    assert_eq!(api.problem(PATH).await, (404, "unknown_product".into()));
    let skus = [("hinata.P-L", "黒", "L", Some("4901234567894")), ("hinata.P-M", "白", "M", None)];
    db.product("hinata.P", "</script><!-- & ニット", &skus).await;
    for (store, on_hand, few) in [("hinata.a", 5, 2), ("hinata.b", 5, 1), ("hinata.c", 0, 0)] {
        db.store(store).await;
        db.stock(store, "hinata.P-L", on_hand, 0, 0).await;
        db.stock(store, "hinata.P-M", few, 0, 0).await;
    }
    let refuses = r#"{"accepts_holds": false}"#;
    db.run(format!("UPDATE stores SET hold_policy = '{refuses}' WHERE store_id = 'hinata.b'")).await;
    db.checkpoint("shard-1", "'2026-01-02 03:05:00'", "NULL").await;

    let answer = api.response(PATH).await;
    let header = |name: &str| answer.headers()[name].to_str().unwrap().to_owned();
    assert_eq!(
        (header("content-type"), header("as-of")),
        ("application/ld+json".into(), "2026-01-02T03:05:00Z".into())
    );
    assert!(header("cache-control").starts_with("public, max-age="));
    let tag = header("etag");
    let text = answer.text().await.unwrap();
    assert!(!text.contains(['<', '>', '&']), "{text}");
    let told: Value = serde_json::from_str(&text).unwrap();
    let of_group = [&told["@context"], &told["@type"], &told["productGroupID"], &told["name"]];
    assert_eq!(json!(of_group), json!(["https://schema.org", "ProductGroup", "P", "</script><!-- & ニット"]));
    let first = &told["hasVariant"][0];
    let of_product = ["@type", "sku", "color", "size", "gtin", "name"].map(|property| &first[property]);
    assert_eq!(
        json!(of_product),
        json!(["Product", "P-L", "黒", "L", "4901234567894", "</script><!-- & ニット"])
    );
    assert_eq!(
        first["offers"][0],
        json!({
            "@type": "Offer", "availability": "https://schema.org/InStock",
            "inventoryLevel": {"@type": "QuantitativeValue", "value": 5},
            "availableAtOrFrom": {
                "@type": "Store", "branchCode": "a", "name": "渋谷店", "alternateName": "Shibuya",
                "geo": {"@type": "GeoCoordinates", "latitude": 35.659, "longitude": 139.7005},
            },
        })
    );
    let availability = |variant: usize| {
        let offers = told["hasVariant"][variant]["offers"].as_array().unwrap().iter();
        let told = offers.map(|offer| offer["availability"].as_str().unwrap().rsplit('/').next().unwrap());
        told.collect::<Vec<_>>()
    };
    assert_eq!(availability(0), ["InStock", "InStoreOnly", "OutOfStock"]);
    assert_eq!(availability(1), ["LimitedAvailability", "InStoreOnly", "OutOfStock"]);

    let again = api.asked(PATH, &[("if-none-match", &tag), ("cache-control", "no-cache")]).await;
    assert_eq!(again.status().as_u16(), 304);
}
