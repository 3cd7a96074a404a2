//! Stock of one SKU in one store, and stores that have a SKU.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends where something is not as expected")]

mod support;

use serde_json::json;
use support::{Api, Database, Rows};

const STORE: &str = "hinata.shibuya-01";
const SKU: &str = "hinata.KN1021-BLK-M";

#[tokio::test]
async fn stock_is_answered_whole() {
    let db = Database::new().await;
    let api = Api::start(&db.user("app_query"), 2).await;
    db.store(STORE).await;
    db.stock(STORE, SKU, 10, 3, 2).await;
    db.checkpoint("shard-1", "'2026-01-02 03:05:00.5'", "NULL").await;

    assert_eq!(
        api.get(&format!("/v1/stores/{STORE}/stock/{SKU}")).await,
        json!({
            "store_id": STORE, "sku": SKU, "available": 5, "in_store": 5, "on_hand": 10, "held": 3, "safety": 2, "version": 3,
            "updated_at": "2026-01-02T03:04:05Z", "as_of": "2026-01-02T03:05:00.500Z",
        })
    );
}

#[tokio::test]
async fn what_is_missing_is_told_apart() {
    let db = Database::new().await;
    let api = Api::start(&db.user("app_query"), 2).await;
    let stock = format!("/v1/stores/{STORE}/stock/{SKU}");
    db.checkpoint("shard-1", "'2026-01-02 03:05:00'", "NULL").await;

    assert_eq!(api.problem(&stock).await, (404, "unknown_store".into()));
    db.store(STORE).await;
    assert_eq!(api.problem(&stock).await, (404, "unknown_sku".into()));
    assert_eq!(api.problem(&format!("/v1/skus/{SKU}/stores")).await, (404, "unknown_sku".into()));
    db.sku(SKU).await;
    let (_, unknown) = api.any(&stock).await;
    assert_eq!(
        (&unknown["code"], &unknown["as_of"]),
        (&json!("unknown_stock"), &json!("2026-01-02T03:05:00Z"))
    );
    assert_eq!(api.get(&format!("/v1/skus/{SKU}/stores")).await["stores"], json!([]));
    db.stock(STORE, SKU, 1, 0, 0).await;
    assert_eq!(api.get(&stock).await["available"], 1);

    // The brands are told apart before anybody looks for either.
    let other = format!("/v1/stores/{STORE}/stock/aoi.KN1021-BLK-M");
    assert_eq!(api.problem(&other).await, (422, "brand_mismatch".into()));
}

#[tokio::test]
async fn stores_with_a_sku_are_those_that_can_offer_it() {
    let db = Database::new().await;
    let api = Api::start(&db.user("app_query"), 2).await;
    let [plenty, held, nameless] = ["hinata.a", "hinata.b", "hinata.c"];
    db.sku(SKU).await;
    for store in [plenty, held] {
        db.store(store).await;
    }
    db.run(format!(
        "UPDATE stores SET name_ja = NULL, latitude = NULL, longitude = NULL WHERE store_id = '{held}'"
    ))
    .await;
    db.stock(plenty, SKU, 4, 1, 0).await;
    db.stock(held, SKU, 4, 3, 1).await;
    db.stock(nameless, SKU, 4, 0, 0).await;
    // Neither another SKU in the same store, nor the same code of another brand.
    db.store("aoi.a").await;
    db.stock(plenty, "hinata.KN1021-BLK-L", 9, 0, 0).await;
    db.stock("aoi.a", "aoi.KN1021-BLK-M", 9, 0, 0).await;
    db.sku("aoi.KN1021-BLK-M").await;

    let all = api.get(&format!("/v1/skus/{SKU}/stores?in_stock=false")).await;
    let [first, second] = [
        json!({
            "store_id": plenty, "name": {"ja": "渋谷店", "en": "Shibuya"}, "latitude": 35.659, "longitude": 139.7005,
            "available": 3, "in_store": 3, "version": 3, "updated_at": "2026-01-02T03:04:05Z",
        }),
        json!({
            "store_id": held, "name": {"en": "Shibuya"}, "available": 0, "in_store": 0, "version": 3,
            "updated_at": "2026-01-02T03:04:05Z",
        }),
    ];
    assert_eq!(all, json!({"sku": SKU, "stores": [first, second], "next_cursor": null, "as_of": null}));
    let offered = api.get(&format!("/v1/skus/{SKU}/stores")).await;
    assert_eq!(offered["stores"], json!([first]));

    // Once its own event is projected, the store is there.
    db.store(nameless).await;
    let offered = api.get(&format!("/v1/skus/{SKU}/stores")).await;
    assert_eq!(offered["stores"][1]["store_id"], nameless);
}

#[tokio::test]
async fn an_answer_is_as_of_the_least_open_source() {
    let db = Database::new().await;
    let api = Api::start(&db.user("app_query"), 2).await;
    db.stock(STORE, SKU, 1, 0, 0).await;
    let as_of = async || api.get(&format!("/v1/stores/{STORE}/stock/{SKU}")).await["as_of"].clone();

    assert_eq!(as_of().await, json!(null), "nothing was ever applied");
    db.checkpoint("later", "'2026-01-02 03:05:00'", "NULL").await;
    assert_eq!(as_of().await, "2026-01-02T03:05:00Z");
    db.checkpoint("earlier", "'2026-01-02 03:04:00.000001'", "NULL").await;
    assert_eq!(as_of().await, "2026-01-02T03:04:00.000001Z");
    db.checkpoint("finished", "'2026-01-02 03:00:00'", "'2026-01-02 03:00:00'").await;
    assert_eq!(as_of().await, "2026-01-02T03:04:00.000001Z");
    db.checkpoint("not-read-yet", "NULL", "NULL").await;
    assert_eq!(as_of().await, json!(null), "nothing is known of one source");

    db.run("DELETE FROM checkpoints WHERE shard = 'not-read-yet'").await;
    db.run("UPDATE checkpoints SET trimmed_at = '2026-01-02 03:00:00' WHERE shard = 'finished'").await;
    assert_eq!(as_of().await, json!(null), "a source lost events, even if nothing more comes of it");
    db.run("UPDATE checkpoints SET trimmed_at = NULL").await;
    assert_eq!(as_of().await, "2026-01-02T03:04:00.000001Z");
}
