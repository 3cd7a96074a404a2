//! A customer has so many running holds in the whole brand, and no more, whatever the hurry.

use std::collections::BTreeMap;

use futures::future::join_all;
use harness::{Answer, Api, System};
use serde_json::{Value, json};

const STORES: [&str; 2] = ["hinata.shibuya-01", "hinata.ginza-01"];
const SKU: &str = "hinata.KN1021-BLK-M";

async fn open_with(api: &Api, policy: Value) {
    for store in STORES {
        api.stock_up(store, "hinata.KN1021", &[SKU], 100).await;
        let limited = json!({"name": {"en": "X"}, "time_zone": "Asia/Tokyo", "hold_policy": policy});
        let _ = api.put(&format!("/v1/stores/{store}"), limited).await.expect(200);
    }
}

async fn hold(api: &Api, store: &str, customer: Value) -> Answer {
    let body = json!({"store_id": store, "lines": [{"sku": SKU, "quantity": 1}], "customer": customer});
    api.post("/v1/reservations", body).await
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_at_once_over_two_processes_and_two_stores_are_three() {
    let system = System::new().await;
    let (one, two) = tokio::join!(system.command_api(), system.command_api());
    let apis = [Api::from(&one), Api::from(&two)];
    open_with(&apis[0], json!({"max_active_holds": 3})).await;

    // The same person, however they write their number, and with another mail address each time.
    let spellings = ["090-1234-5678", "+81 90 1234 5678", "09012345678", "(090) 1234.5678"];
    let answers = join_all((0..50).map(|n: usize| {
        let customer =
            json!({"name": "花子", "phone": spellings[n % 4], "email": format!("h{n}@example.jp")});
        hold(&apis[n % 2], STORES[n / 2 % 2], customer)
    }))
    .await;
    let mut outcomes: BTreeMap<(u16, &str), u32> = BTreeMap::new();
    for answer in &answers {
        *outcomes.entry(answer.outcome()).or_default() += 1;
    }
    assert_eq!(outcomes, BTreeMap::from([((201, ""), 3), ((409, "customer_limit"), 47)]));

    // Others are not in the way; and one that ends makes room for one.
    let _ = hold(&apis[0], STORES[0], json!({"name": "太郎", "phone": "090-0000-0001"})).await.expect(201);
    let held = answers.iter().find(|answer| answer.status == 201).unwrap().text("reservation_id");
    let _ = apis[1].advance(&held, "cancel").await.expect(200);
    let again = || hold(&apis[0], STORES[0], json!({"name": "花子", "phone": "09012345678"}));
    let _ = again().await.expect(201);
    let refused = again().await;
    assert_eq!((refused.outcome(), &refused.body["most"]), ((409, "customer_limit"), &json!(3)));

    let _relay = system.relay().await;
    system.settled().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stores_policy_is_kept() {
    let system = System::new().await;
    let commands = system.command_api().await;
    let api = Api::from(&commands);
    open_with(&api, json!({"max_pieces_per_line": 2, "max_pieces": 3, "lasts": {"minutes": 90}})).await;
    let too_many = api.hold(STORES[0], SKU, 3).await;
    assert_eq!(too_many.outcome(), (409, "hold_too_large"));
    assert_eq!((&too_many.body["most"], &too_many.body["sku"]), (&json!(2), &json!(SKU)));
    let placed = api.hold(STORES[0], SKU, 2).await.expect(201);
    let time = |member| placed.text(member).parse::<chrono::DateTime<chrono::Utc>>().unwrap();
    assert_eq!(time("expires_at") - time("placed_at"), chrono::Duration::minutes(90));

    // Until the shop closes, on its own clock.
    let every_day = json!([{"opens": "10:00", "closes": "20:00"}]);
    let week: serde_json::Map<String, Value> = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
        .map(|day| (day.to_owned(), every_day.clone()))
        .into_iter()
        .collect();
    let until = json!({
        "name": {"en": "X"}, "time_zone": "Asia/Tokyo", "opening_hours": week,
        "hold_policy": {"lasts": {"until": "next_day_closing"}},
    });
    let _ = api.put(&format!("/v1/stores/{}", STORES[0]), until).await.expect(200);
    let placed = api.hold(STORES[0], SKU, 1).await.expect(201);
    assert!(placed.text("expires_at").ends_with("T11:00:00Z"), "{}", placed.body);

    open_with(&api, json!({"accepts_holds": false})).await;
    assert_eq!(api.hold(STORES[0], SKU, 1).await.outcome(), (409, "holds_not_accepted"));

    let no_hours = json!({
        "name": {"en": "X"}, "time_zone": "Asia/Tokyo", "hold_policy": {"lasts": {"until": "closing"}},
    });
    let refused = api.put(&format!("/v1/stores/{}", STORES[0]), no_hours).await;
    assert_eq!(
        (refused.outcome(), &refused.body["field"]),
        ((422, "invalid_field"), &json!("opening_hours"))
    );
}
