//! A reservation, and a store's reservations by status.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends where something is not as expected")]

mod support;

use contracts::{PickupCode, ReservationId};
use serde_json::{Value, json};
use support::{Api, CUSTOMER, Database, Rows};

const STORE: &str = "hinata.shibuya-01";

fn id(n: u32) -> String {
    format!("0192f0c1-2d3e-7a4b-8c5d-{n:012}")
}

fn pickup_code(n: u32) -> String {
    PickupCode::from(id(n).parse::<ReservationId>().unwrap()).to_string()
}

fn reservation(n: u32, status: &str, expires_at: &str) -> Value {
    json!({
        "reservation_id": id(n), "pickup_code": pickup_code(n), "store_id": STORE, "status": status, "version": 2,
        "lines": [{"sku": "hinata.A", "quantity": 1}, {"sku": "hinata.B", "quantity": 2}],
        "customer": {"name": CUSTOMER[0], "phone_end": "7731"},
        "placed_at": "2026-01-02T03:04:05Z", "expires_at": expires_at, "updated_at": "2026-01-02T03:04:06Z",
        "extensions": 0, "max_extensions": 5,
    })
}

#[tokio::test]
async fn a_reservation_is_answered_whole() {
    let db = Database::new().await;
    let api = Api::start(&db.user("app_query"), 2).await;
    let path = format!("/v1/reservations/{}", id(1));
    assert_eq!(api.problem(&path).await, (404, "unknown_reservation".into()));

    db.reservation(&id(1), STORE, "held", "2026-01-02 04:04:05").await;
    db.checkpoint("shard-1", "'2026-01-02 03:05:00'", "NULL").await;
    let mut expected = reservation(1, "held", "2026-01-02T04:04:05Z");
    expected["as_of"] = json!("2026-01-02T03:05:00Z");
    assert_eq!(api.get(&path).await, expected);
    // An id has more than one spelling on its way in, and one in the projection.
    assert_eq!(api.get(&path.replace("8c5d", "8C5D")).await, expected);
}

#[tokio::test]
async fn a_store_has_its_reservations_by_status() {
    let db = Database::new().await;
    let api = Api::start(&db.user("app_query"), 2).await;
    let path = format!("/v1/stores/{STORE}/reservations");
    assert_eq!(api.problem(&path).await, (404, "unknown_store".into()));
    db.store(STORE).await;
    let nothing = json!({"store_id": STORE, "reservations": [], "next_cursor": null, "as_of": null});
    assert_eq!(api.get(&path).await, nothing);

    db.reservation(&id(1), STORE, "held", "2026-01-02 05:00:00").await;
    db.reservation(&id(2), STORE, "held", "2026-01-02 04:00:00").await;
    db.reservation(&id(3), STORE, "ready", "2026-01-02 04:00:00").await;
    // Another store of the brand, and the same code of another brand.
    db.reservation(&id(4), "hinata.ginza", "held", "2026-01-02 04:00:00").await;
    db.reservation(&id(5), "aoi.shibuya-01", "held", "2026-01-02 04:00:00").await;

    let held = api.get(&path).await;
    let expected = json!([
        reservation(2, "held", "2026-01-02T04:00:00Z"),
        reservation(1, "held", "2026-01-02T05:00:00Z"),
    ]);
    assert_eq!(held["reservations"], expected);
    let ready = api.get(&format!("{path}?status=ready")).await;
    assert_eq!(ready["reservations"], json!([reservation(3, "ready", "2026-01-02T04:00:00Z")]));
    for status in ["collected", "cancelled"] {
        assert_eq!(api.get(&format!("{path}?status={status}")).await, nothing);
    }
}
