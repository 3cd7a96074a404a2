//! The nearest stores: all of them, and those that have a SKU.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends where something is not as expected")]

mod support;

use serde_json::{Value, json};
use support::{Api, Database, Rows};

const SKU: &str = "hinata.KN1021-BLK-M";
/// Tokyo station.
const HERE: &str = "35.681236,139.767125";

fn ids(answer: &Value) -> Vec<&str> {
    answer["stores"].as_array().unwrap().iter().map(|store| store["store_id"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn the_nearest_stores_that_have_it_come_first() {
    let db = Database::new().await;
    let api = Api::start(&db.user("app_query"), 2).await;
    let path = format!("/v1/skus/{SKU}/stores?near={HERE}");
    assert_eq!(api.problem(&path).await, (404, "unknown_sku".into()));
    db.sku(SKU).await;
    let nowhere = api.get(&path).await;
    let nothing = json!({"sku": SKU, "stores": [], "radius_km": 50.0, "next_cursor": null, "as_of": null});
    assert_eq!(nowhere, nothing);

    // Shibuya, Ginza, Yokohama, Osaka, and one that nobody measured.
    for (store, latitude, longitude, on_hand) in [
        ("hinata.shibuya", 35.658_034, 139.701_636, 3),
        ("hinata.ginza", 35.671_7, 139.764_9, 1),
        ("hinata.yokohama", 35.465_8, 139.622_3, 2),
        ("hinata.osaka", 34.702_5, 135.495_9, 9),
        ("hinata.empty", 35.68, 139.76, 0),
        ("aoi.ginza", 35.671_7, 139.764_9, 9),
    ] {
        db.store_at(store, latitude, longitude).await;
        db.stock(store, &format!("{}.KN1021-BLK-M", store.split('.').next().unwrap()), on_hand, 0, 0).await;
    }
    db.store("hinata.somewhere").await;
    db.run("UPDATE stores SET latitude = NULL, longitude = NULL WHERE store_id = 'hinata.somewhere'").await;
    db.stock("hinata.somewhere", SKU, 9, 0, 0).await;

    let near = api.get(&path).await;
    assert_eq!(ids(&near), ["hinata.ginza", "hinata.shibuya", "hinata.yokohama"]);
    let first = &near["stores"][0];
    assert_eq!((&first["available"], &first["latitude"]), (&json!(1), &json!(35.6717)));
    let told: Vec<f64> = near["stores"]
        .as_array()
        .unwrap()
        .iter()
        .map(|store| store["distance_km"].as_f64().unwrap())
        .collect();
    for (told, km) in told.iter().zip([1.077, 6.457, 27.26]) {
        assert!((told - km).abs() < km * 0.005, "{told}, not {km}");
    }
    assert_eq!(ids(&api.get(&format!("{path}&radius_km=5")).await), ["hinata.ginza"]);
    assert_eq!(ids(&api.get(&format!("{path}&min_quantity=2")).await), ["hinata.shibuya", "hinata.yokohama"]);
    assert_eq!(
        ids(&api.get(&format!("{path}&in_stock=false&radius_km=2")).await),
        ["hinata.empty", "hinata.ginza"]
    );
    // Without a place, `min_quantity` says the same.
    let all = api.get(&format!("/v1/skus/{SKU}/stores?min_quantity=9")).await;
    assert_eq!(ids(&all), ["hinata.osaka", "hinata.somewhere"]);

    let stores = api.get(&format!("/v1/stores?brand=hinata&near={HERE}&radius_km=10")).await;
    assert_eq!(ids(&stores), ["hinata.empty", "hinata.ginza", "hinata.shibuya"]);
    assert_eq!(ids(&api.get(&format!("/v1/stores?brand=kumo&near={HERE}")).await), Vec::<&str>::new());
}

#[tokio::test]
async fn neither_the_antimeridian_nor_a_pole_hides_a_store() {
    let db = Database::new().await;
    let api = Api::start(&db.user("app_query"), 2).await;
    for (store, latitude, longitude) in [
        ("hinata.fiji-west", -17.0, 179.95),
        ("hinata.fiji-east", -17.0, -179.9),
        ("hinata.fiji-line", -17.1, 180.0),
        ("hinata.pole-0", 89.9, 0.0),
        ("hinata.pole-90", 89.8, 90.0),
        ("hinata.pole-180", 89.7, 180.0),
        ("hinata.south", -89.9, 12.0),
    ] {
        db.store_at(store, latitude, longitude).await;
    }
    let around = async |near: &str, radius: u32| {
        let path = format!("/v1/stores?brand=hinata&near={near}&radius_km={radius}");
        ids(&api.get(&path).await).into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    for near in ["-17,180", "-17,-180", "-17.0,-179.99"] {
        let found = around(near, 50).await;
        assert_eq!(found, ["hinata.fiji-west", "hinata.fiji-east", "hinata.fiji-line"], "{near}");
    }
    assert_eq!(around("-17,179.95", 1).await, ["hinata.fiji-west"]);
    assert_eq!(around("90,45", 50).await, ["hinata.pole-0", "hinata.pole-90", "hinata.pole-180"]);
    assert_eq!(around("89.95,180", 50).await, ["hinata.pole-0", "hinata.pole-90", "hinata.pole-180"]);
    assert_eq!(around("-90,0", 50).await, ["hinata.south"]);
    assert_eq!(around("0,0", 200).await, Vec::<String>::new());
}

#[tokio::test]
async fn a_store_says_whether_it_is_open() {
    let db = Database::new().await;
    let api = Api::start(&db.user("app_query"), 2).await;
    let day = r#"[{"opens":"00:00","closes":"24:00"}]"#;
    let always = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"].map(|name| format!("\"{name}\":{day}"));
    let always = format!("{{{}}}", always.join(","));
    let never = r#"{"special_days":[{"date":"2020-01-01","hours":[{"opens":"10:00","closes":"11:00"}]}]}"#;
    for (store, hours) in
        [("hinata.always", always.as_str()), ("hinata.never", never), ("hinata.unknown", "{}")]
    {
        db.store(store).await;
        db.stock(store, SKU, 1, 0, 0).await;
        db.run(format!("UPDATE stores SET opening_hours = '{hours}' WHERE store_id = '{store}'")).await;
    }
    let store = api.get("/v1/stores/hinata.always").await;
    assert_eq!((&store["open_now"], &store["time_zone"]), (&json!(true), &json!("Asia/Tokyo")));
    assert_eq!(store["opening_hours"]["mon"][0]["closes"], "24:00");
    assert!(store["open_until"].as_str().unwrap().ends_with("T00:00:00+09:00"), "{store}");
    let store = api.get("/v1/stores/hinata.never").await;
    assert_eq!((&store["open_now"], &store["open_until"]), (&json!(false), &Value::Null));
    let store = api.get("/v1/stores/hinata.unknown").await;
    let expected = json!({
        "store_id": "hinata.unknown", "name": {"ja": "渋谷店", "en": "Shibuya"}, "latitude": 35.659,
        "longitude": 139.7005, "time_zone": "Asia/Tokyo", "version": 1, "updated_at": "2026-01-02T03:04:05.678901Z",
        "as_of": null,
    });
    assert_eq!(store, expected);
    assert_eq!(api.problem("/v1/stores/hinata.none").await, (404, "unknown_store".into()));

    for path in [format!("/v1/skus/{SKU}/stores?"), "/v1/stores?brand=hinata&".to_owned()] {
        let path = format!("{path}near={HERE}");
        assert_eq!(ids(&api.get(&path).await).len(), 3);
        assert_eq!(ids(&api.get(&format!("{path}&open_now=true")).await), ["hinata.always"]);
    }
}

#[tokio::test]
async fn a_crowd_of_stores_is_looked_at_from_its_middle() {
    let db = Database::new().await;
    let api = Api::start(&db.user("app_query"), 2).await;
    // Lines of stores in all directions, a hundred metres between two: 4,000 within 100 km.
    let rows: Vec<String> = (0..4_000)
        .map(|n| {
            let (line, step) = (n % 4, f64::from(n / 4) * 0.0009);
            let (up, aside) = [(1.0, 0.0), (-1.0, 0.0), (0.0, 1.0), (0.0, -1.0)][line as usize];
            let (latitude, longitude) = (35.0 + up * step, 139.0 + aside * step);
            format!("('hinata.s-{n:04}', 'hinata', 1, {latitude}, {longitude}, 'Asia/Tokyo', NOW(6))")
        })
        .collect();
    db.run(format!(
        "INSERT INTO stores (store_id, brand, version, latitude, longitude, time_zone, updated_at) VALUES {}",
        rows.join(", ")
    ))
    .await;
    let near = api.get("/v1/stores?brand=hinata&near=35.0001,139&radius_km=200&limit=5").await;
    assert_eq!(near["radius_km"], 25.0, "half, and half again, and again");
    assert_eq!(ids(&near)[0], "hinata.s-0000");
    assert_eq!(near["stores"].as_array().unwrap().len(), 5);
}
