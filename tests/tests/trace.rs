//! One trace id, from a client's request to the row of history that came of it.

use aws_sdk_dynamodb::types::AttributeValue;
use contracts::events::Envelope;
use contracts::{Table, outbox};
use devstack::service::Service;
use harness::{Api, System, unique, until};
use prost::Message;
use reqwest::Method;
use serde_json::{Value, json};

const STORE: &str = "hinata.shibuya-01";
const SKU: &str = "hinata.KN1021-BLK-M";
const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

/// The lines of a service's log that name the trace.
fn lines(service: &Service) -> Vec<Value> {
    let log = std::fs::read_to_string(service.log()).unwrap();
    log.lines().filter(|line| line.contains(TRACE)).map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn one_trace_id_leads_from_a_hold_to_its_history() {
    let system = System::new().await;
    let (commands, relay) = (system.command_api().await, system.relay().await);
    let api = Api::from(&commands);
    api.stock_up(STORE, "hinata.KN1021", &[SKU], 10).await;
    let traceparent = format!("00-{TRACE}-00f067aa0ba902b7-01");
    let key = unique();
    let headers = [
        ("content-type", "application/json"),
        ("idempotency-key", key.as_str()),
        ("traceparent", traceparent.as_str()),
    ];
    let customer = json!({"name": "山田 花子", "phone": "090-0000-0000"});
    let hold = json!({"store_id": STORE, "lines": [{"sku": SKU, "quantity": 1}], "customer": customer});
    let placed = api.send(Method::POST, "/v1/reservations", &headers, hold.to_string()).await.expect(201);
    assert!(placed.headers["traceparent"].to_str().unwrap().contains(TRACE));
    system.settled().await;

    let answered = lines(&commands);
    assert!(answered.iter().any(|line| line["span"]["trace.id"] == TRACE), "{answered:?}");

    let table = system.tables.prefix.name(Table::Outbox);
    let rows = system.tables.client.scan().table_name(table).send().await.unwrap();
    let envelope = |row: &std::collections::HashMap<String, AttributeValue>| {
        Envelope::decode(row[outbox::ENVELOPE].as_b().unwrap().as_ref()).unwrap()
    };
    let events: Vec<Envelope> = rows.items().iter().map(envelope).collect();
    let of_trace: Vec<_> = events.iter().filter(|event| event.traceparent.contains(TRACE)).collect();
    let id = placed.text("reservation_id");
    assert!(matches!(of_trace[..], [event] if event.aggregate.contains(&id)), "{of_trace:?}");

    until("the relay tells of it", || async {
        lines(&relay).iter().any(|line| line["message"] == "applied" && line["level"] == "INFO")
    })
    .await;
    let history = format!("SELECT COUNT(*) FROM history WHERE traceparent LIKE '00-{TRACE}-%'");
    assert_eq!(system.database.number(&history).await, 1);
}
