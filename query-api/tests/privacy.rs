//! Only staff are told whose a hold is, nobody a number or an address whole, and only one module selects any of it.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends where something is not as expected")]

mod support;

use std::path::Path;

use contracts::{PickupCode, ReservationId};
use harness::tokens;
use platform::auth::Role;
use sha2::{Digest, Sha256};
use support::{Api, CUSTOMER, Database, Rows};

const STORE: &str = "hinata.shibuya-01";
const ID: &str = "0192f0c1-2d3e-7a4b-8c5d-6e7f80910213";

/// What the answers hold in which a hold may be said to be somebody's.
async fn asked(api: &Api, path: &str, role: Role, stores: &[&str]) -> (u16, String) {
    let api = api.with_token(tokens::token(role, "hinata", stores, "somebody"));
    let (status, body) = api.any(path).await;
    (status.as_u16(), body.to_string())
}

fn of_staff() -> [String; 7] {
    let code = PickupCode::from(ID.parse::<ReservationId>().unwrap());
    [
        format!("/v1/reservations/{ID}"),
        format!("/v1/stores/{STORE}/reservations"),
        format!("/v1/stores/{STORE}/reservations/search?phone_end=7731"),
        format!("/v1/stores/{STORE}/reservations/search?pickup_code={code}"),
        format!("/v1/stores/{STORE}/reservations/search?name=quaxel"),
        format!("/v1/stores/{STORE}/pick-list"),
        format!("/v1/stores/{STORE}/shortfalls"),
    ]
}

async fn filled() -> (Database, Api) {
    let db = Database::new().await;
    let api = Api::start(&db.user("app_query"), 2).await;
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
    (db, api)
}

#[tokio::test]
async fn staff_and_managers_alone_are_told_whose_a_hold_is() {
    let (db, api) = filled().await;
    for path in of_staff() {
        for (role, stores, knows) in [
            (Role::Staff, &[STORE][..], true),
            (Role::Manager, &[], true),
            (Role::Ops, &[], false),
            (Role::Pos, &[STORE], false),
            (Role::Customer, &[], false),
            (Role::Staff, &["hinata.ginza-01"], false),
        ] {
            let (status, answer) = asked(&api, &path, role, stores).await;
            assert_eq!(answer.contains(CUSTOMER[0]), knows, "{path} to {role}: {status} {answer}");
            assert_eq!(
                answer.contains(r#""phone_end":"7731""#),
                knows,
                "{path} to {role}: {status} {answer}"
            );
            if !knows {
                assert!(!answer.contains("customer\""), "{path} to {role}: {answer}");
            }
            for whole in ["5550", "quaxel.example"] {
                assert!(!answer.contains(whole), "{path} tells {role} {whole}: {answer}");
            }
        }
    }
    // Whoever may not know a name does not find it out by asking, either.
    let by_name = &of_staff()[4];
    assert_eq!(asked(&api, by_name, Role::Ops, &[]).await.0, 403);
    db.run("UPDATE reservations SET customer_name = '', customer_phone = NULL, phone_reversed = NULL").await;
    let (status, answer) = asked(&api, &of_staff()[0], Role::Manager, &[]).await;
    assert!(status == 200 && !answer.contains("customer"), "a hold that forgot whose it was: {answer}");
}

#[tokio::test]
async fn the_customer_is_not_told_by_the_account_or_capability_that_sees_the_hold() {
    let (db, api) = filled().await;
    let capability = "A".repeat(43);
    let hash = hex::encode(Sha256::digest(&capability));
    db.run(format!("UPDATE reservations SET customer_id = 'somebody', capability_hash = '{hash}'")).await;
    let path = &of_staff()[0];
    let (status, answer) = asked(&api, path, Role::Customer, &[]).await;
    assert!(status == 200 && !answer.contains("customer"), "{answer}");
    let answer = api.holding(&capability).get(path).await.to_string();
    assert!(answer.contains(ID) && !answer.contains("customer"), "{answer}");
}

#[tokio::test]
async fn no_other_answer_holds_customer_data() {
    let (_db, api) = filled().await;
    for path in [
        format!("/v1/reservations/{ID}/history"),
        format!("/v1/stores/{STORE}/stock"),
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
        assert!(!of_history || answer.contains("s-42"), "{path} has nothing to tell: {answer}");
    }
}

/// Columns of customers are named in one module of this service, and none is selected by a star.
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
                let of_customers = path.ends_with("read/customers.rs");
                let allowed = ["char_length(phone_reversed)", "left(phone_reversed, 4)", "customer_name"];
                let allowed = allowed.into_iter().filter(|_| of_customers);
                let line = allowed.fold(line.to_owned(), |line, fragment| line.replace(fragment, ""));
                for word in [
                    "customer_name",
                    "customer_phone",
                    "customer_email",
                    ", phone_reversed",
                    if of_customers { "phone_reversed" } else { "select phone" },
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
