//! Whoever holds and then looks, with the token of the hold, sees it: through the real stream and relay.

use std::time::{Duration, Instant};

use harness::{Answer, Api, System, unique};
use reqwest::Method;
use serde_json::json;

const STORE: &str = "hinata.shibuya-01";
const CALLERS: usize = 10;
const TRIES: usize = 100;

async fn look(queries: &Api, path: &str, token: &str, wait: &str) -> Answer {
    let headers = [("consistency-token", token), ("prefer", wait)];
    queries.send(Method::GET, path, &headers, String::new()).await
}

fn token(answer: &Answer) -> String {
    answer.headers["consistency-token"].to_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn hold_then_look_a_thousand_times_and_it_is_always_there() {
    let system = System::new().await;
    let (commands, _relay, queries) = tokio::join!(system.command_api(), system.relay(), system.query_api());
    let (commands, queries) = (Api::from(&commands), Api::from(&queries));
    let skus: Vec<String> = (0..CALLERS).map(|n| format!("hinata.A-{n:02}")).collect();
    let listed: Vec<&str> = skus.iter().map(String::as_str).collect();
    commands.stock_up(STORE, "hinata.A", &listed, 1000).await;

    let caller = |number: usize, sku: String| {
        let (commands, queries) = (commands.clone(), queries.clone());
        // Of one customer all holds would wait for each other.
        let customer = json!({"name": "花子", "phone": format!("090-0000-{number:04}")});
        let hold = json!({"store_id": STORE, "lines": [{"sku": sku, "quantity": 1}], "customer": customer});
        async move {
            let stock = format!("/v1/stores/{STORE}/stock/{sku}");
            for n in 1..=TRIES {
                let placed = commands.post("/v1/reservations", hold.clone()).await.expect(201);
                let path = format!("/v1/reservations/{}", placed.text("reservation_id"));
                let token = token(&placed);
                let seen = look(&queries, &path, &token, "wait=10").await.expect(200);
                assert_eq!((&seen.body["status"], &seen.body["version"]), (&json!("held"), &json!(1)));
                assert_eq!(seen.headers["preference-applied"], "wait=10");
                // What the hold took is there with it. Nobody else holds this SKU.
                let seen = look(&queries, &stock, &token, "wait=0").await.expect(200);
                assert_eq!(seen.body["held"], n, "{sku}");
            }
        }
    };
    let callers: Vec<_> = skus.into_iter().enumerate().map(|(n, sku)| tokio::spawn(caller(n, sku))).collect();
    for caller in callers {
        caller.await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_come_is_waited_for_no_longer_than_asked() {
    let system = System::new().await;
    let (commands, queries) = tokio::join!(system.command_api(), system.query_api());
    let (commands, queries) = (Api::from(&commands), Api::from(&queries));
    let path = format!("/v1/stores/{STORE}");
    let body = json!({"name": {"ja": "渋谷店"}, "time_zone": "Asia/Tokyo"});
    let key = unique();
    let defined = commands.command(Method::PUT, &path, &key, &body).await.expect(200);
    let token = token(&defined);
    let again = commands.command(Method::PUT, &path, &key, &body).await.expect(200);
    assert_eq!(again.headers["idempotent-replay"], "true");
    assert_eq!(again.headers["consistency-token"], token.as_str());
    // What changes nothing wrote nothing.
    let same = commands.put(&path, body).await.expect(200);
    assert!(!same.headers.contains_key("consistency-token"));

    let stock = "/v1/skus/hinata.A/stores";
    assert_eq!(queries.get(stock).await.outcome(), (404, "unknown_sku"));
    for (wait, least, most) in [("return=minimal", 0, 900), ("wait=1", 1000, 2500)] {
        let start = Instant::now();
        let behind = look(&queries, stock, &token, wait).await;
        let took = start.elapsed();
        assert_eq!(behind.outcome(), (503, "projection_behind"), "{wait}");
        assert!(behind.says_when_to_retry());
        assert!(
            (Duration::from_millis(least)..Duration::from_millis(most)).contains(&took),
            "{wait}: {took:?}"
        );
    }
    for bad in ["", "garbage!", &token[1..], &format!("{token}A")] {
        let refused = look(&queries, stock, bad, "wait=1").await;
        assert_eq!(refused.outcome(), (400, "invalid_header"), "{bad}");
        assert_eq!(refused.text("field"), "Consistency-Token");
    }

    // Once the relay is there, so is the store.
    let _relay = system.relay().await;
    assert_eq!(look(&queries, stock, &token, "wait=10").await.outcome(), (404, "unknown_sku"));
}

/// With what is held and what is never offered, in a count that falls below both.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_available_can_be_held_and_no_piece_more() {
    const SKU: &str = "hinata.A-00";
    let system = System::new().await;
    let (commands, _relay, queries) = tokio::join!(system.command_api(), system.relay(), system.query_api());
    let (commands, queries) = (Api::from(&commands), Api::from(&queries));
    commands.stock_up(STORE, "hinata.A", &[SKU], 9).await;
    let stock = format!("/v1/stores/{STORE}/stock/{SKU}");
    for (on_hand, safety) in [(9, 2), (8, 0), (5, 4), (3, 0), (12, 12), (20, 1)] {
        let counted = commands.put(&stock, json!({"on_hand": on_hand, "safety": safety})).await.expect(200);
        let seen = look(&queries, &stock, &token(&counted), "wait=10").await.expect(200);
        assert_eq!((&seen.body["version"], &seen.body["safety"]), (&counted.body["version"], &json!(safety)));
        let available = u32::try_from(seen.body["available"].as_u64().unwrap()).unwrap();
        assert_eq!(seen.body["available"], counted.body["available"]);
        let refused = commands.hold(STORE, SKU, available + 1).await;
        assert_eq!(refused.outcome(), (409, "insufficient_stock"), "{}", seen.body);
        if available > 0 {
            // One stays, so that the next count meets what is held.
            let placed = commands.hold(STORE, SKU, available).await.expect(201);
            let seen = look(&queries, &stock, &token(&placed), "wait=10").await.expect(200);
            assert_eq!(seen.body["available"], 0);
        }
    }
}
