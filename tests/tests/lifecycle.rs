//! What becomes of a hold, and who did it: every move, with its version, its actor and its reason.

use harness::{Answer, Api, System, unique};
use platform::auth::Role;
use reqwest::Method;
use serde_json::{Value, json};

const STORE: &str = "hinata.shibuya-01";
const SKU: &str = "hinata.KN1021-BLK-M";

async fn advance_if(api: &Api, id: &str, to: &str, version: &str, body: Value) -> Answer {
    let key = unique();
    let headers = [("content-type", "application/json"), ("idempotency-key", &key), ("if-match", version)];
    api.send(Method::POST, &format!("/v1/reservations/{id}/{to}"), &headers, body.to_string()).await
}

#[tokio::test]
async fn a_stale_version_is_told_and_changes_nothing() {
    let system = System::new().await;
    let commands = system.command_api().await;
    let api = Api::from(&commands);
    api.stock_up(STORE, "hinata.KN1021", &[SKU], 5).await;
    let placed = api.hold(STORE, SKU, 1).await.expect(201);
    assert_eq!(placed.headers["etag"], "\"1\"");
    let id = placed.text("reservation_id");

    let ready = advance_if(&api, &id, "ready", "\"1\"", json!({})).await.expect(200);
    assert_eq!(ready.headers["etag"], "\"2\"");
    let stale = advance_if(&api, &id, "collect", "\"1\"", json!({})).await;
    assert_eq!(stale.outcome(), (412, "version_mismatch"));
    assert_eq!((&stale.body["current_version"], &stale.body["field"]), (&json!(2), &json!("If-Match")));
    for malformed in ["1", "*", "W/\"2\"", "\"2\", \"3\"", "\"two\""] {
        let refused = advance_if(&api, &id, "collect", malformed, json!({})).await;
        assert_eq!(refused.outcome(), (400, "invalid_header"), "{malformed}");
    }
    let _ = advance_if(&api, &id, "collect", "\"2\"", json!({})).await.expect(200);

    // Illegal: the answer says where the hold stands.
    let illegal = api.advance(&id, "extend").await;
    assert_eq!(illegal.outcome(), (409, "invalid_transition"));
    assert_eq!(illegal.body["reservation_status"], "collected");
    assert_eq!(illegal.body["reservation_version"], 3);

    // Masters and counts can be changed on top of a version, too.
    for (path, body) in [
        (format!("/v1/stores/{STORE}"), json!({"name": {"en": "New"}, "time_zone": "Asia/Tokyo"})),
        (format!("/v1/stores/{STORE}/stock/{SKU}"), json!({"on_hand": 9})),
    ] {
        let put = |version: &'static str| {
            let (api, path, body, key) = (&api, &path, body.to_string(), unique());
            async move {
                let headers = [
                    ("content-type", "application/json"),
                    ("idempotency-key", &key[..]),
                    ("if-match", version),
                ];
                api.send(Method::PUT, path, &headers, body).await
            }
        };
        assert_eq!(put("\"77\"").await.outcome(), (412, "version_mismatch"), "{path}");
        let current = put("\"0\"").await.body["current_version"].as_u64().unwrap();
        let headers_version = format!("\"{current}\"");
        let _ = put(Box::leak(headers_version.into_boxed_str())).await.expect(200);
    }
}

#[tokio::test]
async fn every_event_says_who_and_why() {
    let system = System::new().await;
    let (commands, relay) = tokio::join!(system.command_api(), system.relay());
    let manager = Api::from(&commands);
    manager.stock_up(STORE, "hinata.KN1021", &[SKU], 9).await;
    let staff = manager.with_token(system.token(Role::Staff, "hinata", &[STORE], "taro"));
    let guest = manager.as_guest();

    let placed = guest.hold(STORE, SKU, 1).await.expect(201);
    let (id, capability) = (placed.text("reservation_id"), placed.text("capability"));
    let moved = |to: &str| format!("/v1/reservations/{id}/{to}");
    let extended = guest.holding(&capability).post(&moved("extend"), json!({"reason": "電車が遅れて"})).await;
    assert_eq!(extended.expect(200).body["extensions"], 1);
    let _ = staff.post(&moved("ready"), json!({})).await.expect(200);
    let _ = staff.post(&moved("cancel"), json!({"reason": "found a stain"})).await.expect(200);
    system.settled().await;

    let rows: Vec<(String, String, Option<String>, Option<String>)> = sqlx::query_as(
        "SELECT event_type, actor, actor_id, reason FROM history WHERE aggregate = ? ORDER BY version",
    )
    .bind(format!("reservation#{id}"))
    .fetch_all(&system.database.pool)
    .await
    .unwrap();
    let row = |event: &str, actor: &str, id: Option<&str>, reason: Option<&str>| {
        (event.to_owned(), actor.to_owned(), id.map(str::to_owned), reason.map(str::to_owned))
    };
    assert_eq!(
        rows,
        [
            row("ReservationHeld", "guest", None, None),
            row("ReservationExtended", "guest", None, Some("電車が遅れて")),
            row("ReservationMadeReady", "staff", Some("taro"), None),
            row("ReservationCancelled", "staff", Some("taro"), Some("found a stain")),
        ]
    );
    drop(relay);
}

#[tokio::test]
async fn a_guest_has_what_the_capability_gives_and_no_more() {
    let system = System::new().await;
    let (commands, relay, queries) = tokio::join!(system.command_api(), system.relay(), system.query_api());
    let manager = Api::from(&commands);
    manager.stock_up(STORE, "hinata.KN1021", &[SKU], 9).await;
    let guest = manager.as_guest();
    let placed = guest.hold(STORE, SKU, 1).await.expect(201);
    let (id, capability) = (placed.text("reservation_id"), placed.text("capability"));
    let other = guest.hold(STORE, SKU, 1).await.expect(201);
    assert_ne!(other.text("capability"), capability);
    // Staff are known by their tokens.
    assert!(manager.hold(STORE, SKU, 1).await.expect(201).body.get("capability").is_none());

    let holder = guest.holding(&capability);
    assert_eq!(
        holder.advance(&other.text("reservation_id"), "cancel").await.outcome(),
        (404, "unknown_reservation")
    );
    assert_eq!(holder.advance(&id, "collect").await.outcome(), (403, "forbidden"));
    assert_eq!(guest.advance(&id, "cancel").await.outcome(), (401, "unauthenticated"));
    assert_eq!(guest.holding("x").advance(&id, "cancel").await.outcome(), (401, "unauthenticated"));
    let wrong = "A".repeat(43);
    assert_eq!(guest.holding(&wrong).advance(&id, "cancel").await.outcome(), (404, "unknown_reservation"));

    system.settled().await;
    let query = Api::from(&queries).as_guest();
    let path = format!("/v1/reservations/{id}");
    assert_eq!(query.get(&path).await.outcome(), (401, "unauthenticated"));
    assert_eq!(query.holding(&wrong).get(&path).await.outcome(), (404, "unknown_reservation"));
    assert_eq!(
        query.holding(&other.text("capability")).get(&path).await.outcome(),
        (404, "unknown_reservation")
    );
    assert_eq!(query.holding(&capability).get(&path).await.expect(200).body["status"], "held");

    let _ = holder.advance(&id, "extend").await.expect(200);
    let refused = holder.advance(&id, "extend").await;
    assert_eq!((refused.outcome(), &refused.body["most"]), ((409, "extension_limit"), &json!(1)));
    // The store may do what the customer may not.
    let _ = manager.advance(&id, "extend").await.expect(200);
    system.settled().await;
    for (asked, most) in [(query.holding(&capability), 1), (Api::from(&queries), 5)] {
        let hold = asked.get(&path).await.expect(200).body;
        assert_eq!((&hold["extensions"], &hold["max_extensions"]), (&json!(2), &json!(most)));
    }
    let _ = holder.advance(&id, "cancel").await.expect(200);

    // The capability is stored nowhere, only its hash.
    let scanned = system.tables.client.scan().table_name(format!("{}reservations", system.tables.prefix));
    let items = format!("{:?}", scanned.send().await.unwrap().items());
    let replies = system.tables.client.scan().table_name(format!("{}idempotency", system.tables.prefix));
    let replies = format!("{:?}", replies.send().await.unwrap().items());
    assert!(
        items.contains("capability_hash") && !items.contains(&capability) && !replies.contains(&capability)
    );
    drop(relay);
}
