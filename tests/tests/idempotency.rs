//! Whose keys are whose, how long an answer is kept, and what a process finishes before it ends.

use std::time::Duration;

use contracts::Table;
use harness::{Api, Proxy, System, unique};
use platform::auth::Role;
use reqwest::Method;
use serde_json::{Value, json};

const STORE: &str = "hinata.shibuya-01";
const SKU: &str = "hinata.KN1021-BLK-M";
/// How long clients may count on an answer being kept.
const KEPT: i64 = 7 * 24 * 60 * 60;

fn hold() -> Value {
    json!({
        "store_id": STORE,
        "lines": [{"sku": SKU, "quantity": 1}],
        "customer": {"name": "山田 花子", "email": "hanako@example.jp"},
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_its_callers_own() {
    let system = System::new().await;
    let commands = system.command_api().await;
    let manager = Api::from(&commands);
    manager.stock_up(STORE, "hinata.KN1021", &[SKU], 9).await;
    let key = unique();
    let customer = |subject| manager.with_token(system.token(Role::Customer, "hinata", &[], subject));
    let callers = [manager.clone(), manager.as_guest(), customer("hanako"), customer("taro")];
    let mut ids = Vec::new();
    for caller in &callers {
        let body = hold();
        let place = || caller.command(Method::POST, "/v1/reservations", &key, &body);
        let placed = place().await.expect(201);
        assert!(!placed.headers.contains_key("idempotent-replay"), "{}", placed.body);
        let again = place().await.expect(201);
        assert_eq!(
            (&again.body, &again.headers["idempotent-replay"]),
            (&placed.body, &"true".parse().unwrap())
        );
        ids.push(placed.text("reservation_id"));
    }
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), callers.len());

    let table = system.tables.prefix.name(Table::Idempotency);
    let kept = system.tables.client.scan().table_name(table).send().await.unwrap();
    for item in kept.items() {
        let number = |name: &str| item[name].as_n().unwrap().parse::<i64>().unwrap();
        assert!(number("ttl") - number("answered_at") / 1_000_000 >= KEPT, "{item:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_has_two_roles_is_a_customer_where_they_do_not_work() {
    let system = System::new().await;
    let (commands, relay, queries) = tokio::join!(system.command_api(), system.relay(), system.query_api());
    let manager = Api::from(&commands);
    for store in [STORE, "hinata.ginza-01"] {
        manager.stock_up(store, "hinata.KN1021", &[SKU], 9).await;
    }
    let token = harness::tokens::token_of(&[Role::Staff, Role::Customer], "hinata", &[STORE], "jiro");
    let (jiro, asks) = (manager.with_token(token.clone()), Api::from(&queries).with_token(token));
    let own = jiro.hold("hinata.ginza-01", SKU, 1).await.expect(201).text("reservation_id");
    let served = jiro.hold(STORE, SKU, 1).await.expect(201).text("reservation_id");
    system.settled().await;
    let _ = asks.get(&format!("/v1/reservations/{own}")).await.expect(200);
    assert_eq!(jiro.advance(&own, "collect").await.outcome(), (403, "forbidden"));
    let _ = jiro.advance(&own, "extend").await.expect(200);
    assert_eq!(jiro.advance(&own, "extend").await.outcome(), (409, "extension_limit"));
    let _ = jiro.advance(&own, "cancel").await.expect(200);
    let _ = jiro.advance(&served, "collect").await.expect(200);
    system.settled().await;
    let actors: Vec<String> =
        sqlx::query_scalar("SELECT actor FROM history WHERE actor_id = 'jiro' ORDER BY occurred_at")
            .fetch_all(&system.database.pool)
            .await
            .unwrap();
    assert_eq!(actors, ["customer", "staff", "customer", "customer", "staff"]);
    drop(relay);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_accepted_is_finished_before_the_process_ends() {
    let system = System::new().await;
    let endpoint = system.tables.endpoint.clone();
    let dynamodb = Proxy::start(&endpoint).await;
    let mut service = system.command_api_at(&dynamodb.url(&endpoint)).await;
    service.wait_ready(Duration::from_secs(30)).await.unwrap();
    let api = Api::from(&service);
    api.stock_up(STORE, "hinata.KN1021", &[SKU], 9).await;

    dynamodb.stall();
    let placing = tokio::spawn({
        let api = api.clone();
        async move { api.post("/v1/reservations", hold()).await }
    });
    // Time for the request to get in, and for the signal to be heard while it is under way.
    tokio::time::sleep(Duration::from_millis(300)).await;
    let (stopped, ()) = tokio::join!(service.stop(), async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        dynamodb.go_on();
    });
    stopped.unwrap();
    let _ = placing.await.unwrap().expect(201);
    let _relay = system.relay().await;
    system.settled().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_are_measured_however_they_end() {
    let system = System::new().await;
    let commands = system.command_api().await;
    let api = Api::from(&commands);
    api.stock_up(STORE, "hinata.KN1021", &[SKU], 1).await;
    let key = unique();
    for _ in 0..2 {
        let _ = api.command(Method::POST, "/v1/reservations", &key, &hold()).await.expect(201);
    }
    let _ = api.post("/v1/reservations", hold()).await.expect(409);
    let pos = api.with_token(system.token(Role::Pos, "hinata", &[STORE], "till"));
    let _ = pos.post("/v1/reservations", hold()).await.expect(403);
    let metrics =
        reqwest::get(format!("{}/metrics", commands.base_url())).await.unwrap().text().await.unwrap();
    for outcome in ["done", "replayed", "refused", "denied"] {
        let series = format!(r#"torioki_commands_total{{command="place_hold",outcome="{outcome}"}} 1"#);
        assert!(metrics.contains(&series), "{series} is not in\n{metrics}");
    }
    assert!(
        metrics.contains(r#"torioki_command_duration_seconds_count{command="place_hold"} 4"#),
        "{metrics}"
    );
}
