//! What cannot be asked is refused with a problem that says why, before the database is asked.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends where something is not as expected")]

mod support;

use support::{Api, Database, Rows};

const STORE: &str = "hinata.shibuya-01";
const SKU: &str = "hinata.KN1021-BLK-M";
const ID: &str = "0192f0c1-2d3e-7a4b-8c5d-6e7f80910213";

#[tokio::test]
async fn bad_input_is_refused_without_a_database() {
    // Nothing listens on port 1: a request that got past its checks would be a 503.
    let nowhere = "mysql://root@127.0.0.1:1/nowhere".parse().unwrap();
    let api = Api::start(&nowhere, 1).await;
    for path in [
        format!("/v1/stores/nobrand/stock/{SKU}"),
        format!("/v1/stores/{STORE}/stock/hinata.a%20b"),
        format!("/v1/stores/{STORE}/stock/hinata.{}", "x".repeat(65)),
        format!("/v1/stores/%ff/stock/{SKU}"),
        format!("/v1/stores/{STORE}%00/stock/{SKU}"),
        format!("/v1/stores/{STORE}/stock/hinata.%E3%81%82"),
        format!("/v1/stores/{STORE}'%20OR%201=1/reservations"),
        "/v1/skus/Hinata.x/stores".to_owned(),
        "/v1/reservations/1".to_owned(),
        format!("/v1/reservations/{}", ID.replace('-', "")),
        format!("/v1/reservations/{ID}x"),
    ] {
        assert_eq!(api.problem(&path).await, (400, "invalid_id".into()), "{path}");
    }
    for (path, field) in [
        (format!("/v1/stores/{STORE}/stock/{SKU}?fresh=1"), "fresh"),
        (format!("/v1/reservations/{ID}?x="), "x"),
        (format!("/v1/skus/{SKU}/stores?limit=0"), "limit"),
        (format!("/v1/skus/{SKU}/stores?limit=1000000000"), "limit"),
        (format!("/v1/skus/{SKU}/stores?limit=many"), "limit"),
        (format!("/v1/skus/{SKU}/stores?in_stock=maybe"), "in_stock"),
        (format!("/v1/skus/{SKU}/stores?status=held"), "status"),
        (format!("/v1/skus/{SKU}/stores?cursor="), "cursor"),
        (format!("/v1/skus/{SKU}/stores?cursor=garbage"), "cursor"),
        (format!("/v1/skus/{SKU}/stores?cursor={}", "A".repeat(5000)), "cursor"),
        (format!("/v1/stores/{STORE}/reservations?status=overdue"), "status"),
        (format!("/v1/stores/{STORE}/reservations?cursor=%00"), "cursor"),
        (format!("/v1/stores/{STORE}/reservations?limit=-1"), "limit"),
        (format!("/v1/skus/{SKU}/stores?near=999,999"), "near"),
        (format!("/v1/skus/{SKU}/stores?near=NaN,NaN"), "near"),
        (format!("/v1/skus/{SKU}/stores?near={}", "1".repeat(10_000)), "near"),
        (format!("/v1/skus/{SKU}/stores?near=35,139&radius_km=0"), "radius_km"),
        (format!("/v1/skus/{SKU}/stores?near=35,139&radius_km=20038"), "radius_km"),
        (format!("/v1/skus/{SKU}/stores?near=35,139&radius_km=NaN"), "radius_km"),
        (format!("/v1/skus/{SKU}/stores?near=35,139&min_quantity=0"), "min_quantity"),
        (format!("/v1/skus/{SKU}/stores?near=35,139&min_quantity=4294967296"), "min_quantity"),
        (format!("/v1/skus/{SKU}/stores?radius_km=1"), "radius_km"),
        (format!("/v1/skus/{SKU}/stores?open_now=true"), "open_now"),
        (format!("/v1/skus/{SKU}/stores?near=35,139&cursor=AAAA"), "cursor"),
        ("/v1/products?brand=hinata".to_owned(), "q"),
        ("/v1/products?brand=hinata&q=".to_owned(), "q"),
        (format!("/v1/products?brand=hinata&q={}", "x".repeat(10_000)), "q"),
        ("/v1/products?brand=hinata&q=x&in_stock_near=999,999".to_owned(), "in_stock_near"),
        ("/v1/products?brand=hinata&q=x&radius_km=1".to_owned(), "radius_km"),
        (format!("/v1/products?brand=hinata&q=x&colour={}", "x".repeat(201)), "colour"),
        ("/v1/stores?brand=hinata".to_owned(), "near"),
        (format!("/v1/stock?sku={}&store_id={STORE}", vec![SKU; 500].join(",")), "sku"),
        (format!("/v1/stock?sku={SKU}&store_id={}", vec![STORE; 21].join(",")), "store_id"),
        (format!("/v1/stock?sku={SKU}&store_id="), "store_id"),
        (format!("/v1/stock?sku={SKU},%00&store_id={STORE}"), "sku"),
        (format!("/v1/stock?store_id={STORE}"), "sku"),
        ("/v1/products/hinata.KN1/availability".to_owned(), "near"),
        ("/v1/products/hinata.KN1/availability?near=35,139&limit=101".to_owned(), "limit"),
        ("/v1/stores?near=35,139".to_owned(), "brand"),
        ("/v1/stores?brand=%00&near=35,139".to_owned(), "brand"),
        ("/v1/stores?brand=hinata&near=35,139&limit=0".to_owned(), "limit"),
        ("/v1/stores?brand=hinata&near=35,139&in_stock=true".to_owned(), "in_stock"),
    ] {
        let (status, body) = api.any(&path).await;
        assert_eq!(
            (status.as_u16(), &body["code"], &body["field"]),
            (400, &"invalid_query".into(), &field.into())
        );
    }
    assert_eq!(api.problem(&format!("/v1/skus/{SKU}")).await, (404, "not_found".into()));
    let posted =
        reqwest::Client::new().post(format!("{}/v1/skus/{SKU}/stores", api.url)).send().await.unwrap();
    assert_eq!(posted.status().as_u16(), 405);
}

#[tokio::test]
async fn a_cursor_is_good_for_its_own_question_only() {
    let db = Database::new().await;
    let api = Api::start(&db.user("app_query"), 2).await;
    db.sku(SKU).await;
    for store in ["hinata.a", "hinata.b", "hinata.c"] {
        db.store(store).await;
        db.stock(store, SKU, 1, 0, 0).await;
    }
    for n in 0..3 {
        let id = format!("0192f0c1-2d3e-7a4b-8c5d-{n:012}");
        db.reservation(&id, STORE, "held", "2026-01-02 04:00:00").await;
    }
    let stores = format!("/v1/skus/{SKU}/stores?limit=1");
    let reservations = format!("/v1/stores/{STORE}/reservations?limit=1");
    let near = format!("/v1/skus/{SKU}/stores?near=35.6,139.7&limit=1");
    let around = "/v1/stores?brand=hinata&near=35.6,139.7&limit=1".to_owned();
    for (path, list, others) in [
        (
            &stores,
            "stores",
            [
                format!("{stores}&in_stock=false"),
                "/v1/skus/hinata.other/stores?".into(),
                reservations.clone(),
            ],
        ),
        (
            &near,
            "stores",
            [format!("{near}&radius_km=49"), format!("{near}&min_quantity=1&open_now=true"), stores.clone()],
        ),
        (
            &around,
            "stores",
            [
                "/v1/stores?brand=hinata&near=35.6,139.70&radius_km=51".into(),
                format!("{around}&open_now=true"),
                near.clone(),
            ],
        ),
        (
            &reservations,
            "reservations",
            [
                format!("{reservations}&status=ready"),
                "/v1/stores/hinata.ginza/reservations?".into(),
                stores.clone(),
            ],
        ),
    ] {
        let cursor = api.get(path).await["next_cursor"].as_str().unwrap().to_owned();
        assert_eq!(api.get(&format!("{path}&cursor={cursor}")).await[list].as_array().unwrap().len(), 1);
        for other in others {
            let (status, body) = api.any(&format!("{other}&cursor={cursor}")).await;
            assert_eq!((status.as_u16(), &body["field"]), (400, &"cursor".into()), "{other}");
        }
    }
}
