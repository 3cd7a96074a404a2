//! No answer holds customer data, and no statement selects it.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends where something is not as expected")]

mod support;

use std::path::Path;

use support::{Api, CUSTOMER, Database, Rows};

const STORE: &str = "hinata.shibuya-01";
const ID: &str = "0192f0c1-2d3e-7a4b-8c5d-6e7f80910213";

#[tokio::test]
async fn no_answer_holds_customer_data() {
    let db = Database::new().await;
    let api = Api::start(&db.options, 2).await;
    db.reservation(ID, STORE, "held", "2026-01-02 04:00:00").await;
    db.sku("hinata.A").await;
    db.store(STORE).await;
    db.stock(STORE, "hinata.A", 1, 3, 0).await;
    // Some issuers call an account by its mail address.
    db.run(format!(
        "INSERT INTO history (aggregate, version, brand, event_id, event_type, actor, actor_id, causation_id, \
         traceparent, occurred_at) VALUES ('reservation#{ID}', 1, 'hinata', '', 'ReservationHeld', 'customer', \
         '{}', '', '', NOW(6)), ('reservation#{ID}', 2, 'hinata', '', 'ReservationMadeReady', 'staff', 's-42', '', \
         '', NOW(6))",
        CUSTOMER[2]
    ))
    .await;
    for path in [
        format!("/v1/reservations/{ID}"),
        format!("/v1/reservations/{ID}/history"),
        format!("/v1/stores/{STORE}/reservations"),
        format!("/v1/stores/{STORE}/reservations/search?phone_end=7731"),
        format!("/v1/stores/{STORE}/pick-list"),
        format!("/v1/stores/{STORE}/stock"),
        format!("/v1/stores/{STORE}/shortfalls"),
        format!("/v1/stores/{STORE}/stock/hinata.A"),
        "/v1/skus/hinata.A/stores".to_owned(),
    ] {
        let answer = api.get(&path).await.to_string();
        // That it was the customer, the history may say.
        let of_history = path.ends_with("/history");
        let names = ["phone", "email"].into_iter().chain((!of_history).then_some("customer"));
        for word in CUSTOMER.iter().flat_map(|value| value.split(' ')).chain(names) {
            assert!(!answer.contains(word), "{path} tells {word}: {answer}");
        }
        let told = [("/history", "s-42"), ("/shortfalls", ID)];
        for (_, there) in told.iter().filter(|(end, _)| path.ends_with(end)) {
            assert!(answer.contains(there), "{path} has nothing to tell: {answer}");
        }
    }
}

/// Columns of customers are named in no code of this service, and none is selected by a star.
#[test]
fn no_statement_selects_customer_data() {
    let mut files = 0;
    let mut folders = vec![Path::new("src").to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            files += 1;
            let text = std::fs::read_to_string(&path).unwrap().to_lowercase();
            let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
            for (n, line) in code.enumerate() {
                for word in [
                    "customer_name",
                    "customer_phone",
                    "customer_email",
                    "select phone",
                    ", phone_reversed",
                    "select *",
                    ".*",
                ] {
                    assert!(!line.contains(word), "{}: `{word}` in line {n}: {line}", path.display());
                }
            }
        }
    }
    assert!(files > 10, "the sources were not found");
}
