//! The command API without DynamoDB.

use std::time::Duration;

use contracts::Table;
use harness::{Api, Proxy, System, until};
use serde_json::json;

const STORE: &str = "hinata.shibuya-01";
const SKU: &str = "hinata.KN1021-BLK-M";

#[tokio::test(flavor = "multi_thread")]
async fn without_dynamodb_it_says_when_to_come_again() {
    let system = System::new().await;
    let endpoint = system.tables.endpoint.clone();
    let mut dynamodb = Proxy::start(&endpoint).await;
    let mut service = system.command_api_at(&dynamodb.url(&endpoint)).await;
    service.wait_ready(Duration::from_secs(30)).await.unwrap();
    let api = Api::from(&service);
    api.stock_up(STORE, "hinata.KN1021", &[SKU], 5).await;

    dynamodb.cut();
    let refused = api.hold(STORE, SKU, 1).await;
    assert_eq!(refused.outcome(), (503, "unavailable"));
    assert!(refused.says_when_to_retry());
    assert_eq!(api.get("/readyz").await.status, 503);
    assert_eq!(api.get("/livez").await.status, 200);

    dynamodb.restore().await;
    until("it is ready", || async { api.get("/readyz").await.status == 200 }).await;
    let _ = api.hold(STORE, SKU, 1).await.expect(201);

    // One that hangs is answered for within the time of a request.
    dynamodb.stall();
    let stalled = api.hold(STORE, SKU, 1).await;
    assert_eq!(stalled.outcome(), (503, "unavailable"));
    dynamodb.go_on();
    let relay = system.relay().await;
    system.settled().await;
    drop(relay);
}

#[tokio::test]
async fn without_one_of_its_tables_it_is_not_ready() {
    let system = System::new().await;
    let service = system.command_api().await;
    let api = Api::from(&service);
    for table in Table::ALL {
        let (client, name) = (&system.tables.client, system.tables.prefix.name(table));
        let _ = client.delete_table().table_name(&name).send().await.unwrap();
        until("the table is missed", || async { api.get("/readyz").await.status == 503 }).await;
        migrations::dynamodb::migrate(client, &system.tables.prefix).await.unwrap();
        until("it is ready", || async { api.get("/readyz").await.status == 200 }).await;
    }
}

#[tokio::test]
async fn without_tables_it_is_not_ready() {
    let system = System::without_tables().await;
    let service = system.command_api_at(&system.tables.endpoint).await;
    let api = Api::from(&service);
    assert_eq!(api.get("/readyz").await.status, 503);
    let refused =
        api.put("/v1/stores/hinata.x", json!({"name": {"en": "X"}, "time_zone": "Asia/Tokyo"})).await;
    assert_eq!(refused.outcome(), (503, "unavailable"));
}
