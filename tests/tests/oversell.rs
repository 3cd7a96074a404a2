//! No oversell, and exactly once, with many clients over two processes.

use std::collections::BTreeMap;

use futures::future::join_all;
use harness::{Api, System, unique};
use reqwest::Method;
use serde_json::json;

const STORE: &str = "hinata.shibuya-01";
const SKU: &str = "hinata.KN1021-BLK-M";

#[tokio::test(flavor = "multi_thread")]
async fn sixty_four_clients_want_the_last_ten_pieces() {
    let system = System::new().await;
    let (one, two) = tokio::join!(system.command_api(), system.command_api());
    let apis = [Api::from(&one), Api::from(&two)];
    apis[0].stock_up(STORE, "hinata.KN1021", &[SKU], 10).await;

    let answers = join_all((0..64).map(|n| apis[n % 2].hold(STORE, SKU, 1))).await;
    let mut outcomes: BTreeMap<(u16, String), u32> = BTreeMap::new();
    for answer in &answers {
        let (status, code) = answer.outcome();
        *outcomes.entry((status, code.to_owned())).or_default() += 1;
    }
    let expected = [((201, String::new()), 10), ((409, "insufficient_stock".to_owned()), 54)];
    assert_eq!(outcomes, BTreeMap::from(expected));

    let _relay = system.relay().await;
    system.settled().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_copies_of_one_command_are_one_command() {
    let system = System::new().await;
    let (one, two) = tokio::join!(system.command_api(), system.command_api());
    let apis = [Api::from(&one), Api::from(&two)];
    // A single piece: whoever loses must be told of the hold, not that the piece is gone.
    apis[0].stock_up(STORE, "hinata.KN1021", &[SKU], 1).await;

    let key = unique();
    let body = json!({
        "store_id": STORE,
        "lines": [{"sku": SKU, "quantity": 1}],
        "customer": {"name": "山田 花子", "email": "hanako@example.jp"},
    });
    let copies = (0..100).map(|n| apis[n % 2].command(Method::POST, "/v1/reservations", &key, &body));
    let answers = join_all(copies).await;
    let first = &answers[0];
    assert_eq!(first.status, 201, "{}", first.body);
    assert!(answers.iter().all(|answer| (answer.status, &answer.body) == (201, &first.body)));
    let replayed = answers.iter().filter(|answer| answer.headers.contains_key("idempotent-replay")).count();
    assert_eq!(replayed, 99);

    let other =
        json!({"store_id": STORE, "lines": [{"sku": SKU, "quantity": 2}], "customer": body["customer"]});
    let reused = apis[1].command(Method::POST, "/v1/reservations", &key, &other).await;
    assert_eq!(reused.outcome(), (422, "idempotency_key_reused"));

    let _relay = system.relay().await;
    system.settled().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_sku_in_two_lines_counts_together() {
    let system = System::new().await;
    let commands = system.command_api().await;
    let api = Api::from(&commands);
    api.stock_up(STORE, "hinata.KN1021", &[SKU], 3).await;
    let twice = |quantity: u32| {
        json!({
            "store_id": STORE,
            "lines": [{"sku": SKU, "quantity": quantity}, {"sku": SKU, "quantity": quantity}],
            "customer": {"name": "山田 花子", "phone": "090-0000-0000"},
        })
    };
    let refused = api.post("/v1/reservations", twice(2)).await;
    assert_eq!(refused.outcome(), (409, "insufficient_stock"));
    assert_eq!(refused.body["shortages"], json!([{"sku": SKU, "requested": 4, "available": 3}]));
    let placed = api.post("/v1/reservations", twice(1)).await.expect(201);
    assert_eq!(placed.body["lines"], json!([{"sku": SKU, "quantity": 2}]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_is_not_for_ever() {
    let system = System::new().await;
    let commands = system.command_api().await;
    let api = Api::from(&commands);
    api.stock_up(STORE, "hinata.KN1021", &[SKU], 0).await;
    let key = unique();
    let body = json!({
        "store_id": STORE,
        "lines": [{"sku": SKU, "quantity": 1}],
        "customer": {"name": "山田 花子", "email": "hanako@example.jp"},
    });
    let place = || api.command(Method::POST, "/v1/reservations", &key, &body);
    assert_eq!(place().await.outcome(), (409, "insufficient_stock"));
    let _ = api.put(&format!("/v1/stores/{STORE}/stock/{SKU}"), json!({"on_hand": 1})).await.expect(200);
    let placed = place().await.expect(201);
    let replayed = place().await.expect(201);
    assert_eq!(placed.body, replayed.body);
    assert!(!placed.headers.contains_key("idempotent-replay"));
    assert_eq!(replayed.headers["idempotent-replay"], "true");
}
