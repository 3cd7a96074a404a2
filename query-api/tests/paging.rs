//! Pages: each row once, whatever is written in between.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends where something is not as expected")]

mod support;

use std::collections::BTreeSet;

use serde_json::Value;
use support::{Api, Database, Rows};

const SKU: &str = "hinata.KN1021-BLK-M";
const STORE: &str = "hinata.shibuya-01";
const ROWS: u32 = 250;

/// Follows the cursors to the end, with `between` called after each page, and returns every row's `id`.
async fn walk(api: &Api, path: &str, list: &str, id: &str, mut between: impl AsyncFnMut(u32)) -> Vec<String> {
    let mut seen = Vec::new();
    let mut cursor = String::new();
    for page in 0.. {
        // The size of a page may change on the way.
        let limit = 7 + page * 13 % 40;
        let body = api.get(&format!("{path}limit={limit}{cursor}")).await;
        let rows = body[list].as_array().unwrap();
        assert!(rows.len() <= usize::try_from(limit).unwrap());
        seen.extend(rows.iter().map(|row| row[id].as_str().unwrap().to_owned()));
        match &body["next_cursor"] {
            Value::Null => break,
            next => cursor = format!("&cursor={}", next.as_str().unwrap()),
        }
        between(page).await;
    }
    seen
}

fn each_once(seen: &[String], expected: impl Iterator<Item = String>) {
    let mut sorted = seen.to_vec();
    sorted.sort();
    let unique: BTreeSet<&String> = seen.iter().collect();
    assert_eq!(unique.len(), seen.len(), "a row came twice");
    for row in expected {
        assert!(unique.contains(&row), "{row} was skipped");
    }
}

#[tokio::test]
async fn every_store_is_visited_once_while_others_open() {
    let db = Database::new().await;
    let api = Api::start(&db.user("app_query"), 2).await;
    db.sku(SKU).await;
    let id = |n: u32| format!("hinata.s-{n:04}");
    for n in 0..ROWS {
        db.store(&id(n * 2)).await;
        db.stock(&id(n * 2), SKU, 1, 0, 0).await;
    }
    let seen = walk(&api, &format!("/v1/skus/{SKU}/stores?"), "stores", "store_id", async |page| {
        // Between rows before and behind the place where the walk is.
        for n in [page * 2 + 1, ROWS * 2 - 1 - page * 2] {
            db.store(&id(n)).await;
            db.stock(&id(n), SKU, 1, 0, 0).await;
        }
    })
    .await;
    each_once(&seen, (0..ROWS).map(|n| id(n * 2)));
    assert!(seen.is_sorted());
    assert!(seen.len() > usize::try_from(ROWS).unwrap(), "what opened behind the walk is there");
}

#[tokio::test]
async fn every_near_store_is_visited_once_while_others_open() {
    let db = Database::new().await;
    let api = Api::start(&db.user("app_query"), 2).await;
    db.sku(SKU).await;
    let id = |n: u32| format!("hinata.s-{n:04}");
    // Five stores in each place, so pages end between stores that are equally far away.
    let open = async |n: u32| {
        db.store_at(&id(n), 35.0 + f64::from(n / 10) * 0.001, 139.0).await;
        db.stock(&id(n), SKU, 1, 0, 0).await;
    };
    for n in 0..ROWS {
        open(n * 2).await;
    }
    for path in
        [format!("/v1/skus/{SKU}/stores?near=35,139&"), "/v1/stores?brand=hinata&near=35,139&".to_owned()]
    {
        let seen = walk(&api, &path, "stores", "store_id", async |page| {
            for n in [page * 2 + 1, ROWS * 2 - 1 - page * 2] {
                if path.contains("skus") {
                    open(n).await;
                }
            }
        })
        .await;
        each_once(&seen, (0..ROWS).map(|n| id(n * 2)));
        assert!(seen.len() > usize::try_from(ROWS).unwrap(), "what opened behind the walk is there");
    }
}

#[tokio::test]
async fn every_reservation_is_visited_once_while_others_are_placed() {
    let db = Database::new().await;
    let api = Api::start(&db.user("app_query"), 2).await;
    db.store(STORE).await;
    // Five reservations expire at each instant, so pages end between rows of one instant.
    let id = |n: u32| format!("0192f0c1-2d3e-7a4b-8c5d-{n:012}");
    let expires_at = |n: u32| format!("2026-01-02 03:{:02}:{:02}.000001", n / 5 / 60, n / 5 % 60);
    for n in 0..ROWS {
        db.reservation(&id(n * 2), STORE, "held", &expires_at(n)).await;
    }
    let path = format!("/v1/stores/{STORE}/reservations?");
    let seen = walk(&api, &path, "reservations", "reservation_id", async |page| {
        for n in [page, ROWS - 1 - page] {
            db.reservation(&id(n * 2 + 1), STORE, "held", &expires_at(n)).await;
        }
    })
    .await;
    each_once(&seen, (0..ROWS).map(|n| id(n * 2)));
    assert!(seen.is_sorted());
    assert!(seen.len() > usize::try_from(ROWS).unwrap(), "what was placed behind the walk is there");
}
