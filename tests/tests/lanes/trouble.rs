//! Whoever is in trouble is so alone, and nobody is told what is not so.

use std::iter::{repeat, repeat_n};
use std::time::{Duration, Instant};

use aws_sdk_dynamodb::types::AttributeValue;
use contracts::Table;
use futures::future::join_all;
use harness::{Api, Call, Fault};
use reqwest::Method;

use super::lane::{Lane, OTHER, SKU, STORE, hold, hold_of, placed, refused};

/// How soon whoever is not in trouble is answered beside one who is.
const SOON: Duration = Duration::from_secs(5);
/// Within what time one whose turn does not come is told so (`command-api/src/app/run.rs`), and two seconds.
const TURNED_AWAY_WITHIN: Duration = Duration::from_secs(6);

#[tokio::test(flavor = "multi_thread")]
async fn what_became_of_a_group_shows_in_the_record_of_each() {
    let faults = [
        Fault::CutAfter,
        Fault::FailedAfter,
        Fault::StalledAfter,
        Fault::Late,
        Fault::Cut,
        Fault::ItemConflict,
    ];
    join_all(faults.map(|fault| async move {
        let mut lane = Lane::new(4).await;
        lane.occupied().await;
        // The first goes through; the group behind it meets the fault.
        lane.pair.faults.script(SKU, Call::Write, [None, Some(fault)]);
        lane.then_holds(&["a", "b", "c", "d", "e"]).await;
        let outcomes = lane.outcomes().await;
        let mut expected = vec![placed(); 4];
        expected.extend(repeat_n(refused("insufficient_stock"), 2));
        assert_eq!(lane.pair.faults.met(Call::Write, fault), 1);
        if fault == Fault::ItemConflict {
            // Whose item it was is tried after the others, and that is all that changes.
            let placed = outcomes.iter().filter(|outcome| outcome.0 == 201).count();
            assert_eq!(placed, 4, "{fault:?}: {outcomes:?}");
        } else {
            assert_eq!(outcomes, expected, "{fault:?}");
        }
        lane.adds_up(4).await;
    }))
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_whose_items_are_always_taken_fails_alone() {
    let mut lane = Lane::new(100).await;
    lane.occupied().await;
    lane.then_holds(&["a", "b"]).await;
    lane.then("/v1/reservations", "hopeless", hold("hopeless")).await;
    // Whatever would write the record of that command is refused, for the last of its items.
    let hopeless = "hopeless@example.jp";
    lane.pair.faults.script(hopeless, Call::Write, repeat(Some(Fault::ItemConflict)));
    let answered = Instant::now();
    let last = lane.asked.pop().unwrap();
    assert_eq!(lane.outcomes().await, [placed(), placed(), placed()]);
    // Who comes while it tries again is not held up either.
    let later = join_all((0..20).map(|_| lane.pair.api(0).hold(STORE, SKU, 1))).await;
    assert!(later.iter().all(|answer| answer.status == 201));
    assert!(answered.elapsed() < SOON, "{:?}", answered.elapsed());
    assert_eq!(last.await.unwrap().outcome(), (503, "contention"));
    lane.adds_up(23).await;
    lane.pair.faults.calm();
    let (api, body) = (lane.pair.api(0), hold("hopeless"));
    let again = api.command(Method::POST, "/v1/reservations", "hopeless", &body).await.expect(201);
    assert!(!again.headers.contains_key("idempotent-replay"));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_whose_items_are_always_taken_holds_nobody_up_who_comes_after_it() {
    let mut lane = Lane::new(100).await;
    lane.pair.faults.script("first@example.jp", Call::Write, repeat(Some(Fault::ItemConflict)));
    lane.occupied().await;
    lane.let_go();
    let since = Instant::now();
    for _ in 0..3 {
        let later = join_all((0..5).map(|_| lane.pair.api(0).hold(STORE, SKU, 1))).await;
        assert!(later.iter().all(|answer| answer.status == 201));
    }
    assert!(since.elapsed() < SOON, "{:?}", since.elapsed());
    assert_eq!(lane.outcomes().await, [(503, "contention".to_owned())]);
    lane.adds_up(15).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_whose_items_cannot_be_read_fails_alone() {
    let mut lane = Lane::new(100).await;
    let tables = &lane.pair.system.tables;
    let _ =
        lane.pair.api(1).command(Method::POST, "/v1/reservations", "k", &hold("corrupt")).await.expect(201);
    let customers = tables.prefix.name(Table::Customers);
    let scanned = tables.client.scan().table_name(&customers).send().await.unwrap();
    let mut item = scanned.items()[0].clone();
    item.insert("active".to_owned(), AttributeValue::S("one".to_owned()));
    tables.client.put_item().table_name(&customers).set_item(Some(item)).send().await.unwrap();

    lane.occupied().await;
    lane.then_holds(&["a", "b", "corrupt", "c", "d", "e"]).await;
    let mut expected = vec![placed(); 7];
    expected[3] = (500, "internal".to_owned());
    assert_eq!(lane.outcomes().await, expected);
    assert_eq!(lane.pair.ledger().await.count(STORE, SKU).held, 7);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_waits_too_long_is_told_so_and_was_not_begun() {
    let mut lane = Lane::new(100).await;
    lane.pair.faults.script("first@example.jp", Call::Write, repeat(Some(Fault::Stalled)));
    lane.occupied().await;
    lane.then("/v1/reservations", "both", hold_of(&[(SKU, 1), (OTHER, 1)], "both")).await;
    lane.then_holds(&["a"]).await;
    lane.let_go();
    let since = Instant::now();
    let one = lane.asked.pop().unwrap().await.unwrap();
    let both = lane.asked.pop().unwrap().await.unwrap();
    assert!(since.elapsed() < TURNED_AWAY_WITHIN, "{:?}", since.elapsed());
    for answer in [one, both] {
        assert_eq!(answer.outcome(), (503, "overloaded"));
        assert!(answer.says_when_to_retry());
    }
    let api = Api::clone(lane.pair.api(0));
    assert_eq!(lane.outcomes().await, [(503, "unavailable".to_owned())]);
    lane.pair.faults.calm();
    for key in ["first", "a"] {
        let again = api.command(Method::POST, "/v1/reservations", key, &hold(key)).await.expect(201);
        assert!(!again.headers.contains_key("idempotent-replay"), "{key}");
    }
    lane.adds_up(2).await;
}
