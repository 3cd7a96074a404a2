//! What staff see: what to fetch, whose hold it is, what happened to it, and what the store has.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends where something is not as expected")]

mod support;

use contracts::{PickupCode, ReservationId};
use serde_json::{Value, json};
use support::{Api, Database, Rows};

const STORE: &str = "hinata.shibuya-01";

fn id(n: u32) -> String {
    format!("0192f0c1-2d3e-7a4b-8c5d-{n:012}")
}

fn ids(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|one| one["reservation_id"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn holds_are_found_by_code_and_by_the_end_of_the_telephone_number() {
    let db = Database::new().await;
    let api = Api::start(&db.user("app_query"), 2).await;
    let search = |query: &str| format!("/v1/stores/{STORE}/reservations/search?{query}");
    assert_eq!(api.problem(&search("phone_end=7731")).await, (404, "unknown_store".into()));
    db.store(STORE).await;
    db.reservation(&id(1), STORE, "collected", "2026-01-02 05:00:00").await;
    db.reservation(&id(2), STORE, "held", "2026-01-02 04:00:00").await;
    db.reservation(&id(3), "hinata.ginza-01", "held", "2026-01-02 04:00:00").await;

    let code = PickupCode::from(id(2).parse::<ReservationId>().unwrap()).to_string();
    let found = api.get(&search(&format!("pickup_code={}", code.to_lowercase()))).await;
    assert_eq!((ids(&found["reservations"]), &found["more"]), (vec![id(2).as_str()], &json!(false)));
    // Every customer of these tests has the number +81-3-5550-7731.
    for end in ["7731", "07731", "81355507731"] {
        let found = api.get(&search(&format!("phone_end={end}"))).await;
        assert_eq!(ids(&found["reservations"]), [id(2), id(1)], "{end}: the newest first");
    }
    for none in ["phone_end=7732", "phone_end=17731", "pickup_code=ZZZZZZ"] {
        assert_eq!(api.get(&search(none)).await["reservations"], json!([]), "{none}");
    }
    for wrong in [
        "",
        "phone_end=773",
        "phone_end=77x1",
        "phone_end=%25%25%25%25",
        "pickup_code=ABC",
        "pickup_code=UUUUUU",
        "phone_end=7731&pickup_code=ZZZZZZ",
        "phone_end=7731&name=Quaxel",
        "name=",
        "name=%20-%20",
    ] {
        assert_eq!(api.problem(&search(wrong)).await, (400, "invalid_query".into()), "{wrong}");
    }
}

#[tokio::test]
async fn running_holds_are_found_by_a_part_of_the_name() {
    let db = Database::new().await;
    let api = Api::start(&db.user("app_query"), 2).await;
    db.store(STORE).await;
    for (n, status, due, name) in [
        (1, "held", "05", "山田　花子"),
        (2, "ready", "06", "ヤマダ ハナコ"),
        (3, "held", "04", "山田 太郎"),
        (4, "collected", "03", "山田 花子"),
    ] {
        db.reservation(&id(n), STORE, status, &format!("2026-01-02 {due}:00:00")).await;
        db.run(format!(
            "UPDATE reservations SET customer_name = '{name}' WHERE reservation_id = '{}'",
            id(n)
        ))
        .await;
    }
    db.reservation(&id(5), "hinata.ginza-01", "held", "2026-01-02 04:00:00").await;
    let found = async |name: &str| {
        let path = format!("/v1/stores/{STORE}/reservations/search?name={name}");
        let found = api.get(&path).await;
        assert_eq!((&found["more"], &found["complete"]), (&json!(false), &json!(true)), "{name}");
        ids(&found["reservations"]).into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(found("山田").await, [id(3), id(1)], "those that end first in front, none that ended");
    assert_eq!(found("山田花子").await, [id(1)]);
    assert_eq!(found("ﾔﾏﾀﾞ").await, [id(2)]);
    assert_eq!(found("やまだはなこ").await, [id(2)]);
    assert_eq!(found("Quaxel").await, Vec::<String>::new(), "another store's");
    assert_eq!(api.problem("/v1/stores/hinata.x/reservations/search?name=a").await.1, "unknown_store");
}

#[tokio::test]
async fn a_search_for_a_name_says_when_it_did_not_look_at_all() {
    let db = Database::new().await;
    let api = Api::start(&db.user("app_query"), 2).await;
    db.store(STORE).await;
    let rows: Vec<String> = (0..2_000)
        .map(|n| format!("('{}', 'hinata', '{STORE}', 1, 'held', '山田', NOW(6), NOW(6), NOW(6))", id(n)))
        .collect();
    db.run(format!(
        "INSERT INTO reservations (reservation_id, brand, store_id, version, status, customer_name, placed_at, \
         expires_at, updated_at) VALUES {}",
        rows.join(", ")
    ))
    .await;
    let found = api.get(&format!("/v1/stores/{STORE}/reservations/search?name=山")).await;
    assert_eq!((&found["more"], &found["complete"]), (&json!(true), &json!(false)));
    assert_eq!(found["reservations"].as_array().unwrap().len(), 20);
    let nobody = api.get(&format!("/v1/stores/{STORE}/reservations/search?name=佐藤")).await;
    assert_eq!((&nobody["reservations"], &nobody["complete"]), (&json!([]), &json!(false)));
}

#[tokio::test]
async fn what_ends_soon_is_told_by_its_time() {
    let db = Database::new().await;
    let api = Api::start(&db.user("app_query"), 2).await;
    db.store(STORE).await;
    db.reservation(&id(1), STORE, "held", "2026-01-02 05:00:00").await;
    db.reservation(&id(2), STORE, "held", "2026-01-02 04:00:00").await;
    let due = async |before: &str| {
        let answer = api.get(&format!("/v1/stores/{STORE}/reservations?due_before={before}")).await;
        ids(&answer["reservations"]).into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(due("2026-01-02T04:00:00Z").await, Vec::<String>::new());
    assert_eq!(due("2026-01-02T04:00:00.000001Z").await, [id(2)]);
    assert_eq!(due("2026-01-02T14:00:00%2B09:00").await, [id(2)], "in another zone");
    assert_eq!(due("9999-01-01T00:00:00Z").await, [id(2), id(1)]);
    for wrong in ["tomorrow", "2026-01-02", "1969-12-31T23:59:59Z", "%2B10000-01-01T00:00:00Z", ""] {
        let path = format!("/v1/stores/{STORE}/reservations?due_before={wrong}");
        assert_eq!(api.problem(&path).await, (400, "invalid_query".into()), "{wrong}");
    }
}

#[tokio::test]
async fn the_pick_list_says_what_to_look_for() {
    let db = Database::new().await;
    let api = Api::start(&db.user("app_query"), 2).await;
    db.store(STORE).await;
    db.reservation(&id(1), STORE, "held", "2026-01-02 05:00:00").await;
    db.reservation(&id(2), STORE, "ready", "2026-01-02 04:00:00").await;
    db.run(
        "INSERT INTO products (product_code, brand, version, name_ja, name_en, updated_at) \
         VALUES ('hinata.P', 'hinata', 1, 'ニット', 'Knit', NOW(6))",
    )
    .await;
    db.run(
        "INSERT INTO skus (sku, product_code, brand, version, colour_en, size, gtin) \
         VALUES ('hinata.A', 'hinata.P', 'hinata', 1, 'black', 'M', '4901234567894')",
    )
    .await;
    let list = api.get(&format!("/v1/stores/{STORE}/pick-list")).await;
    assert_eq!(ids(&list["holds"]), [id(1)], "what is ready is fetched already");
    let pieces = json!([
        {"sku": "hinata.A", "quantity": 1, "product_code": "hinata.P", "name": {"ja": "ニット", "en": "Knit"},
            "colour": {"en": "black"}, "size": "M", "gtin": "4901234567894"},
        {"sku": "hinata.B", "quantity": 2},
    ]);
    assert_eq!(list["holds"][0]["pieces"], pieces);
}

#[tokio::test]
async fn the_history_says_who_did_what() {
    let db = Database::new().await;
    let api = Api::start(&db.user("app_query"), 2).await;
    let path = format!("/v1/reservations/{}/history", id(1));
    assert_eq!(api.problem(&path).await, (404, "unknown_reservation".into()));
    db.reservation(&id(1), STORE, "held", "2026-01-02 05:00:00").await;
    for (version, event, actor, more) in [
        (1, "ReservationHeld", "guest", "NULL, NULL"),
        (2, "ReservationCancelled", "staff", "'s-0042', 'came by phone'"),
    ] {
        db.run(format!(
            "INSERT INTO history (aggregate, version, brand, event_id, event_type, actor, actor_id, reason, \
             causation_id, traceparent, occurred_at) VALUES ('reservation#{}', {version}, 'hinata', '', '{event}', \
             '{actor}', {more}, '', '', '2026-01-02 03:04:0{version}')",
            id(1)
        ))
        .await;
    }
    assert_eq!(
        api.get(&path).await["events"],
        json!([
            {"version": 1, "event": "ReservationHeld", "actor": "guest", "occurred_at": "2026-01-02T03:04:01Z"},
            {"version": 2, "event": "ReservationCancelled", "actor": "staff", "actor_id": "s-0042",
                "reason": "came by phone", "occurred_at": "2026-01-02T03:04:02Z"},
        ])
    );
    db.reservation(&id(2), "aoi.shibuya-01", "held", "2026-01-02 05:00:00").await;
    let other = format!("/v1/reservations/{}/history", id(2));
    assert_eq!(api.problem(&other).await, (404, "unknown_reservation".into()), "another brand's");
}

#[tokio::test]
async fn a_stores_stock_is_listed_whole_or_the_scarcest_first() {
    let db = Database::new().await;
    let api = Api::start(&db.user("app_query"), 2).await;
    db.store(STORE).await;
    for (sku, on_hand) in [("A", 5), ("B", 0), ("C", 2), ("D", 0), ("E", 9)] {
        db.stock(STORE, &format!("hinata.{sku}"), on_hand, 0, 0).await;
    }
    db.stock("hinata.ginza-01", "hinata.A", 1, 0, 0).await;
    let all = async |query: &str| {
        let (mut skus, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = api.get(&format!("/v1/stores/{STORE}/stock?limit=2{query}{cursor}")).await;
            for row in page["stock"].as_array().unwrap() {
                skus.push(row["sku"].as_str().unwrap().trim_start_matches("hinata.").to_owned());
            }
            let Some(next) = page["next_cursor"].as_str() else { return skus.concat() };
            cursor = format!("&cursor={next}");
        }
    };
    assert_eq!(all("").await, "ABCDE");
    assert_eq!(all("&max_in_store=5").await, "BDCA");
    assert_eq!(all("&max_in_store=0").await, "BD");
    let path = format!("/v1/stores/{STORE}/stock?max_in_store=-1");
    assert_eq!(api.problem(&path).await, (400, "invalid_query".into()));
}

#[tokio::test]
async fn a_shortfall_names_the_holds_at_risk_the_last_placed_first() {
    let db = Database::new().await;
    let api = Api::start(&db.user("app_query"), 2).await;
    db.store(STORE).await;
    // Two pieces of hinata.B in each hold, one of hinata.A.
    for (n, status) in [(1, "held"), (2, "ready"), (3, "held"), (4, "cancelled")] {
        db.reservation(&id(n), STORE, status, "2026-01-02 05:00:00").await;
    }
    db.stock(STORE, "hinata.A", 3, 3, 0).await;
    db.stock(STORE, "hinata.B", 3, 6, 0).await;
    db.stock(STORE, "hinata.C", 0, 1, 0).await;
    let path = format!("/v1/stores/{STORE}/shortfalls");
    let shortfalls = api.get(&path).await["shortfalls"].clone();
    assert_eq!(shortfalls.as_array().unwrap().len(), 2, "{shortfalls}");
    assert_eq!((&shortfalls[0]["sku"], &shortfalls[0]["missing"]), (&json!("hinata.B"), &json!(3)));
    assert_eq!(ids(&shortfalls[0]["at_risk"]), [id(3), id(2)]);
    assert_eq!((&shortfalls[1]["sku"], &shortfalls[1]["at_risk"]), (&json!("hinata.C"), &json!([])));

    let first = api.get(&format!("{path}?limit=1")).await;
    let next = format!("{path}?limit=1&cursor={}", first["next_cursor"].as_str().unwrap());
    let second = api.get(&next).await;
    assert_eq!((&second["shortfalls"][0]["sku"], &second["next_cursor"]), (&json!("hinata.C"), &json!(null)));
}
