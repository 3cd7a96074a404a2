//! What the command API refuses: each with a stable code that names the field, and nothing changed.

use harness::{Api, System};
use reqwest::Method;
use serde_json::{Value, json};

const STORE: &str = "hinata.shibuya-01";
const SKU: &str = "hinata.KN1021-BLK-M";
const RESERVATIONS: &str = "/v1/reservations";

fn hold_with(pointer: &str, value: Value) -> Value {
    let mut body = json!({
        "store_id": STORE,
        "lines": [{"sku": SKU, "quantity": 1}],
        "customer": {"name": "山田 花子", "phone": "090-0000-0000"},
    });
    match body.pointer_mut(pointer) {
        Some(place) => *place = value,
        None => {
            let (parent, name) = pointer.rsplit_once('/').unwrap();
            body.pointer_mut(parent).unwrap()[name] = value;
        }
    }
    body
}

#[tokio::test]
async fn a_bad_command_names_its_field_and_changes_nothing() {
    let system = System::new().await;
    let service = system.command_api().await;
    let api = Api::from(&service);
    api.stock_up(STORE, "hinata.KN1021", &[SKU], 5).await;
    let relay = system.relay().await;
    system.settled().await;
    let events = system.database.number("SELECT COUNT(*) FROM history").await;

    let store = format!("/v1/stores/{STORE}");
    let stock = format!("{store}/stock/{SKU}");
    let adjustments = format!("{stock}/adjustments");
    let ready = format!("{RESERVATIONS}/0192f0c1-2d3e-7a4b-8c5d-6e7f80910213/ready");
    let product = "/v1/products/hinata.KN1021";
    let zone = |zone: &str| json!({"name": {"en": "X"}, "time_zone": zone});
    let sku_list = |skus: Value| json!({"name": {"en": "X"}, "skus": skus});
    let cases: Vec<(Method, &str, Value, u16, &str, &str)> = vec![
        (Method::POST, RESERVATIONS, hold_with("/colour", json!(1)), 422, "invalid_field", "colour"),
        (
            Method::POST,
            RESERVATIONS,
            hold_with("/lines/0/size", json!(1)),
            422,
            "invalid_field",
            "lines[0].size",
        ),
        (
            Method::POST,
            RESERVATIONS,
            hold_with("/lines/0/quantity", json!("1")),
            422,
            "invalid_field",
            "lines[0].quantity",
        ),
        (
            Method::POST,
            RESERVATIONS,
            hold_with("/lines/0/quantity", json!(0)),
            422,
            "invalid_field",
            "lines[0].quantity",
        ),
        (
            Method::POST,
            RESERVATIONS,
            hold_with("/lines/0/quantity", json!(-1)),
            422,
            "invalid_field",
            "lines[0].quantity",
        ),
        (
            Method::POST,
            RESERVATIONS,
            hold_with("/lines/0/quantity", json!(101)),
            422,
            "invalid_field",
            "lines[0].quantity",
        ),
        (
            Method::POST,
            RESERVATIONS,
            hold_with("/lines/0/quantity", json!(1e30)),
            422,
            "invalid_field",
            "lines[0].quantity",
        ),
        (Method::POST, RESERVATIONS, hold_with("/lines", json!([])), 422, "invalid_field", "lines"),
        (
            Method::POST,
            RESERVATIONS,
            hold_with("/lines", json!([{"sku": SKU, "quantity": 60}, {"sku": SKU, "quantity": 60}])),
            422,
            "invalid_field",
            "lines",
        ),
        (
            Method::POST,
            RESERVATIONS,
            hold_with("/lines", json!(vec![json!({"sku": SKU, "quantity": 1}); 21])),
            422,
            "invalid_field",
            "lines",
        ),
        (
            Method::POST,
            RESERVATIONS,
            hold_with("/store_id", json!("shibuya")),
            422,
            "invalid_field",
            "store_id",
        ),
        (
            Method::POST,
            RESERVATIONS,
            hold_with("/store_id", json!("hinata.nowhere")),
            404,
            "unknown_store",
            "store_id",
        ),
        (
            Method::POST,
            RESERVATIONS,
            hold_with("/lines/0/sku", json!("hinata.nothing")),
            404,
            "unknown_sku",
            "lines[0].sku",
        ),
        (
            Method::POST,
            RESERVATIONS,
            // Lines are sorted by SKU before they are looked at; the field is the place in what was sent.
            hold_with(
                "/lines",
                json!([{"sku": SKU, "quantity": 1}, {"sku": "hinata.A-nothing", "quantity": 1}]),
            ),
            404,
            "unknown_sku",
            "lines[1].sku",
        ),
        (
            Method::POST,
            RESERVATIONS,
            hold_with("/lines/0/sku", json!("other.KN1021-BLK-M")),
            422,
            "brand_mismatch",
            "lines[0].sku",
        ),
        (
            Method::POST,
            RESERVATIONS,
            hold_with("/customer", json!({"name": "X"})),
            422,
            "invalid_field",
            "customer",
        ),
        (
            Method::POST,
            RESERVATIONS,
            hold_with("/customer/name", json!("")),
            422,
            "invalid_field",
            "customer.name",
        ),
        (
            Method::POST,
            RESERVATIONS,
            hold_with("/customer/name", json!("a\u{0}b")),
            422,
            "invalid_field",
            "customer.name",
        ),
        (
            Method::POST,
            RESERVATIONS,
            hold_with("/customer/phone", json!("none")),
            422,
            "invalid_field",
            "customer.phone",
        ),
        (
            Method::POST,
            RESERVATIONS,
            hold_with("/customer/email", json!("none")),
            422,
            "invalid_field",
            "customer.email",
        ),
        (Method::POST, RESERVATIONS, json!([]), 422, "invalid_field", "body"),
        // Not even an array of what the fields would be, in their order.
        (
            Method::POST,
            RESERVATIONS,
            json!([STORE, [[SKU, 1]], ["山田 花子", "090-0000-0000", null]]),
            422,
            "invalid_field",
            "body",
        ),
        (
            Method::POST,
            RESERVATIONS,
            hold_with("/customer", json!(["山田 花子", "090-0000-0000", null])),
            422,
            "invalid_field",
            "customer",
        ),
        (
            Method::POST,
            RESERVATIONS,
            hold_with("/lines/0", json!([SKU, 1])),
            422,
            "invalid_field",
            "lines[0]",
        ),
        (
            Method::POST,
            "/v1/reservations?dry_run=true",
            hold_with("/store_id", json!(STORE)),
            400,
            "invalid_query",
            "dry_run",
        ),
        (Method::POST, &ready, json!(null), 422, "invalid_field", "body"),
        (Method::POST, &ready, json!([null]), 422, "invalid_field", "body"),
        (Method::POST, "/v1/reservations/x/ready", json!({}), 400, "invalid_id", ""),
        (
            Method::POST,
            "/v1/reservations/0192f0c1-2d3e-7a4b-8c5d-6e7f80910213/ready",
            json!({}),
            404,
            "unknown_reservation",
            "",
        ),
        (
            Method::POST,
            "/v1/reservations/0192f0c1-2d3e-7a4b-8c5d-6e7f80910213/cancel",
            json!({"why": 1}),
            422,
            "invalid_field",
            "why",
        ),
        (Method::PUT, &store, zone("Mars/Olympus"), 422, "invalid_field", "time_zone"),
        (Method::PUT, &store, json!({"name": {}, "time_zone": "Asia/Tokyo"}), 422, "invalid_field", "name"),
        (Method::PUT, &store, json!({"time_zone": "Asia/Tokyo"}), 422, "invalid_field", "name"),
        (
            Method::PUT,
            &store,
            json!({"name": {"en": "X"}, "time_zone": "Asia/Tokyo", "latitude": 91, "longitude": 0}),
            422,
            "invalid_field",
            "latitude",
        ),
        (
            Method::PUT,
            &store,
            json!({"name": {"en": "X"}, "time_zone": "Asia/Tokyo", "latitude": 1}),
            422,
            "invalid_field",
            "longitude",
        ),
        (
            Method::PUT,
            &store,
            json!({"name": {"en": "X"}, "time_zone": "Asia/Tokyo", "hold_policy": {"lasts": {"minutes": 0}}}),
            422,
            "invalid_field",
            "hold_policy",
        ),
        (Method::PUT, "/v1/stores/shibuya", zone("Asia/Tokyo"), 400, "invalid_id", ""),
        (Method::PUT, product, sku_list(json!([])), 422, "invalid_field", "skus"),
        (Method::PUT, product, sku_list(json!([{"sku": "hinata.new"}])), 409, "sku_removed", "skus"),
        (
            Method::PUT,
            product,
            sku_list(json!([{"sku": SKU}, {"sku": SKU}])),
            422,
            "invalid_field",
            "skus[1].sku",
        ),
        (
            Method::PUT,
            product,
            sku_list(json!([{"sku": SKU, "gtin": "123"}])),
            422,
            "invalid_field",
            "skus[0].gtin",
        ),
        (Method::PUT, product, sku_list(json!([{"sku": "other.x"}])), 422, "brand_mismatch", "skus[0].sku"),
        (
            Method::PUT,
            "/v1/products/hinata.other",
            sku_list(json!([{"sku": "hinata.new"}, {"sku": SKU}])),
            409,
            "sku_of_other_product",
            "skus[1].sku",
        ),
        (Method::PUT, &stock, json!({"on_hand": -1}), 422, "invalid_field", "on_hand"),
        (Method::PUT, &stock, json!({"on_hand": 1_000_001}), 422, "invalid_field", "on_hand"),
        (Method::PUT, &stock, json!({}), 422, "invalid_field", "on_hand"),
        (
            Method::PUT,
            "/v1/stores/hinata.nowhere/stock/hinata.KN1021-BLK-M",
            json!({"on_hand": 1}),
            404,
            "unknown_store",
            "store_id",
        ),
        (
            Method::PUT,
            "/v1/stores/hinata.shibuya-01/stock/hinata.nothing",
            json!({"on_hand": 1}),
            404,
            "unknown_sku",
            "sku",
        ),
        (
            Method::PUT,
            "/v1/stores/hinata.shibuya-01/stock/other.x",
            json!({"on_hand": 1}),
            422,
            "brand_mismatch",
            "sku",
        ),
        (Method::POST, &adjustments, json!({"delta": 0, "reason": "x"}), 422, "invalid_field", "delta"),
        (
            Method::POST,
            &adjustments,
            json!({"delta": i32::MIN, "reason": "x"}),
            422,
            "invalid_field",
            "delta",
        ),
        (Method::POST, &adjustments, json!({"delta": 1.5, "reason": "x"}), 422, "invalid_field", "delta"),
        (Method::POST, &adjustments, json!({"delta": 1}), 422, "invalid_field", "reason"),
        (Method::POST, &adjustments, json!({"delta": -6, "reason": "x"}), 409, "stock_out_of_range", "delta"),
        (Method::GET, &adjustments, json!({}), 405, "method_not_allowed", ""),
        (Method::POST, "/v1/nothing", json!({}), 404, "not_found", ""),
    ];
    for (method, path, body, status, code, field) in cases {
        let answer = api.command(method.clone(), path, &harness::unique(), &body).await;
        let named = answer.body["field"].as_str().unwrap_or_default();
        assert_eq!(
            (answer.status, answer.outcome().1, named),
            (status, code, field),
            "{method} {path} {body}"
        );
        assert_eq!(answer.headers["content-type"], "application/problem+json");
    }

    let key = "k".repeat(201);
    let hold = hold_with("/lines/0/quantity", json!(1)).to_string();
    let large = format!("{{\"store_id\":\"{}\"}}", "x".repeat(300 * 1024));
    let twice = hold.replacen('{', &format!("{{\"store_id\":\"{STORE}\","), 1);
    let json_type = ("content-type", "application/json");
    type Raw<'a> = (&'a [(&'a str, &'a str)], &'a str, u16, &'a str);
    let raw: [Raw<'_>; 10] = [
        (&[json_type], &hold, 400, "idempotency_key_missing"),
        (&[json_type, ("idempotency-key", "")], &hold, 400, "idempotency_key_invalid"),
        (&[json_type, ("idempotency-key", &key)], &hold, 400, "idempotency_key_invalid"),
        (&[("idempotency-key", "a")], &hold, 415, "unsupported_media_type"),
        (&[json_type, ("idempotency-key", "b")], "{\"store_id\":", 400, "malformed_json"),
        (&[json_type, ("idempotency-key", "c")], &large, 413, "body_too_large"),
        (&[json_type, ("idempotency-key", "d")], &twice, 422, "invalid_field"),
        (&[json_type, ("idempotency-key", "e"), ("if-match", "3")], &hold, 400, "invalid_header"),
        (&[json_type, ("idempotency-key", "e"), ("if-match", "\"03\"")], &hold, 400, "invalid_header"),
        (&[json_type, ("idempotency-key", "e"), ("if-match", "\"+3\"")], &hold, 400, "invalid_header"),
    ];
    for (headers, body, status, code) in raw {
        let answer = api.send(Method::POST, RESERVATIONS, headers, body.to_owned()).await;
        assert_eq!(answer.outcome(), (status, code), "{headers:?}");
    }

    // Too small for DynamoDB's numbers, and for any map: it is the equator.
    let tiny = json!({
        "name": {"ja": "渋谷店", "en": "Shibuya"}, "time_zone": "Asia/Tokyo", "latitude": 1e-200, "longitude": -1e-200,
    });
    let _ = api.put(&store, tiny).await.expect(200);

    // One good command behind all the bad ones, to know that the relay has seen everything there is.
    let _ = api.put(&stock, json!({"on_hand": 5})).await.expect(200);
    system.settled().await;
    assert_eq!(system.database.number("SELECT COUNT(*) FROM history").await, events + 2);
    assert_eq!(system.database.number("SELECT COUNT(*) FROM reservations").await, 0);
    drop(relay);
}
