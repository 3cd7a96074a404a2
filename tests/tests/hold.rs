//! A hold, the whole way: placed over HTTP, seen in the projection.

use harness::{Api, System, until};
use serde_json::json;

const STORE: &str = "hinata.shibuya-01";
const SKU: &str = "hinata.KN1021-BLK-M";

#[tokio::test]
async fn a_hold_is_seen_in_the_projection_and_so_is_every_move() {
    let system = System::new().await;
    let (commands, relay, queries) = tokio::join!(system.command_api(), system.relay(), system.query_api());
    let (command, query) = (Api::from(&commands), Api::from(&queries));
    command.stock_up(STORE, "hinata.KN1021", &[SKU], 5).await;

    let placed = command.hold(STORE, SKU, 2).await.expect(201);
    let id = placed.text("reservation_id");
    assert_eq!(placed.headers["location"], format!("/v1/reservations/{id}"));
    let path = format!("/v1/reservations/{id}");
    let stock = format!("/v1/stores/{STORE}/stock/{SKU}");
    system.settled().await;

    let seen = query.get(&path).await.expect(200);
    assert_eq!(seen.body["status"], "held");
    let line = &seen.body["lines"][0];
    assert_eq!((&line["sku"], &line["quantity"], &line["size"]), (&json!(SKU), &json!(2), &json!("M")));
    assert_eq!(seen.body["expires_at"], placed.body["expires_at"]);
    let seen = query.get(&stock).await.expect(200);
    assert_eq!(
        (&seen.body["on_hand"], &seen.body["held"], &seen.body["available"]),
        (&json!(5), &json!(2), &json!(3))
    );
    let held = query.get(&format!("/v1/stores/{STORE}/reservations?status=held")).await.expect(200);
    assert!(held.body.to_string().contains(&id), "{}", held.body);
    let having = query.get(&format!("/v1/skus/{SKU}/stores")).await.expect(200);
    assert!(having.body.to_string().contains(STORE), "{}", having.body);

    let _ = command.advance(&id, "ready").await.expect(200);
    let _ = command.advance(&id, "collect").await.expect(200);
    assert_eq!(command.advance(&id, "cancel").await.outcome(), (409, "invalid_transition"));
    let other = command.hold(STORE, SKU, 3).await.expect(201).text("reservation_id");
    assert_eq!(command.hold(STORE, SKU, 1).await.outcome(), (409, "insufficient_stock"));
    let _ = command.advance(&other, "cancel").await.expect(200);
    let _ = command
        .post(&format!("{stock}/adjustments"), json!({"delta": -1, "reason": "sold at the till"}))
        .await
        .expect(201);
    system.settled().await;
    assert_eq!(query.get(&path).await.body["status"], "collected");
    assert_eq!(query.get(&format!("/v1/reservations/{other}")).await.body["status"], "cancelled");
    let seen = query.get(&stock).await.expect(200);
    assert_eq!((&seen.body["on_hand"], &seen.body["held"]), (&json!(2), &json!(0)));

    // Quiet is told, too: the time that answers are true as of moves on while nothing happens.
    let before = seen.text("as_of");
    until("as_of moves on", || async { query.get(&stock).await.text("as_of") > before }).await;
    drop((commands, relay, queries));
}
