//! The relay on a stream that behaves as AWS may, where the emulator never does.

mod as_of;
mod faults;
mod loss;
mod records;
mod standstill;

use devstack::service::Service;
use harness::{Api, System};

const STORE: &str = "hinata.shibuya-01";
const SKU: &str = "hinata.KN1021-BLK-M";

/// A few events; how many.
async fn some_events(system: &System) -> i64 {
    let service = system.command_api().await;
    let api = Api::from(&service);
    api.stock_up(STORE, "hinata.KN1021", &[SKU], 10).await;
    let _ = api.hold(STORE, SKU, 1).await.expect(201);
    let table = system.tables.prefix.name(contracts::Table::Outbox);
    let rows = system.tables.client.scan().table_name(table).send().await.unwrap();
    i64::from(rows.count())
}

/// What the query API says that its answers are true as of.
async fn as_of(queries: &Service) -> Option<String> {
    let answer = Api::from(queries).get(&format!("/v1/stores/{STORE}/stock/{SKU}")).await;
    answer.body["as_of"].as_str().map(str::to_owned)
}

/// Whether the service is ready, and what it says.
async fn readiness(service: &Service) -> (bool, String) {
    let answer = Api::from(service).get("/readyz").await;
    (answer.status == 200, answer.body.to_string())
}
