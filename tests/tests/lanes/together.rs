//! Who goes together, in which order, and how each is answered.

use contracts::due;
use futures::future::join_all;
use harness::{Answer, Call, Count, until};
use serde_json::json;

use super::lane::{Lane, OTHER, SKU, STORE, hold, hold_of, placed, refused};

/// Most reads that the sweepers of both processes make meanwhile: each looks at every shard of its index once.
const SWEEPS: usize = 2 * due::SHARDS as usize;

#[tokio::test(flavor = "multi_thread")]
async fn those_who_wait_are_written_together_and_answered_by_themselves() {
    let mut lane = Lane::new(100).await;
    let policy =
        json!({"name": {"en": "X"}, "time_zone": "Asia/Tokyo", "hold_policy": {"max_active_holds": 2}});
    let _ = lane.pair.api(1).put(&format!("/v1/stores/{STORE}"), policy).await.expect(200);
    let before = lane.metric("torioki_commit_commands_count").await;
    lane.occupied().await;
    lane.then_holds(&["a", "b"]).await;
    lane.then("/v1/reservations", "too many", hold_of(&[(SKU, 100)], "c")).await;
    // A copy of what waits already; another request with its key; one customer three times, of whom two holds are run.
    lane.then("/v1/reservations", "a", hold("a")).await;
    lane.then("/v1/reservations", "b", hold_of(&[(SKU, 2)], "b")).await;
    for key in ["once", "twice", "thrice"] {
        lane.then("/v1/reservations", key, hold("d")).await;
    }
    lane.then_holds(&["e"]).await;
    let answers = lane.answers().await;
    let outcomes: Vec<(u16, &str)> = answers.iter().map(Answer::outcome).collect();
    let expected = [
        (201, ""),
        (201, ""),
        (201, ""),
        (409, "insufficient_stock"),
        (201, ""),
        (422, "idempotency_key_reused"),
        (201, ""),
        (201, ""),
        (409, "customer_limit"),
        (201, ""),
    ];
    assert_eq!(outcomes, expected);
    assert_eq!((&answers[1].body, answers[1].headers.get("idempotent-replay")), (&answers[4].body, None));
    assert_eq!(answers[4].headers["idempotent-replay"], "true");
    assert_eq!(answers[3].body["shortages"][0]["available"], 97, "{}", answers[3].body);
    // The first alone, and then all that were to be written at once.
    assert_eq!(lane.metric("torioki_commit_commands_count").await - before, 2);
    lane.adds_up(6).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_comes_first_is_served_first_whatever_they_want() {
    let mut lane = Lane::new(4).await;
    let kept = lane.pair.api(1).hold(STORE, SKU, 1).await.expect(201).text("reservation_id");
    lane.occupied().await;
    lane.then("/v1/reservations", "both", hold_of(&[(SKU, 1), (OTHER, 1)], "both")).await;
    lane.then(&format!("/v1/reservations/{kept}/collect"), "collect", json!({})).await;
    lane.then_holds(&["a", "b", "c"]).await;
    lane.then(&format!("/v1/reservations/{kept}/cancel"), "cancel", json!({})).await;
    let outcomes = lane.outcomes().await;
    let short = refused("insufficient_stock");
    let collected = (200, String::new());
    let expected =
        [placed(), placed(), collected, placed(), short.clone(), short, refused("invalid_transition")];
    assert_eq!(outcomes, expected);
    let ledger = lane.pair.ledger().await;
    assert_eq!(ledger.count(STORE, SKU), Count { version: 6, on_hand: 3, held: 3 });
    assert_eq!(ledger.count(STORE, OTHER), Count { version: 2, on_hand: 4, held: 1 });
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_share_their_reads_and_write_nothing() {
    let mut lane = Lane::new(0).await;
    lane.occupied().await;
    let customers: Vec<String> = (0..40).map(|n| format!("c{n}")).collect();
    for customer in &customers {
        lane.send("/v1/reservations", customer, hold(customer));
    }
    lane.all_wait(customers.len()).await;
    let (reads, writes) = (lane.pair.faults.calls(Call::Read), lane.pair.faults.calls(Call::Write));
    let outcomes = lane.outcomes().await;
    assert!(outcomes.iter().all(|outcome| *outcome == refused("insufficient_stock")), "{outcomes:?}");
    // The first looks once more for its record; the others read together, and look together.
    let reads = lane.pair.faults.calls(Call::Read) - reads;
    assert!(reads <= 3 + SWEEPS, "{reads}");
    assert_eq!(lane.pair.faults.calls(Call::Write), writes);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_piece_that_another_process_gave_back_is_there_for_the_next_who_asks() {
    let lane = Lane::new(1).await;
    let [here, there] = [0, 1].map(|n| lane.pair.api(n));
    for _ in 0..10 {
        let held = here.hold(STORE, SKU, 1).await.expect(201).text("reservation_id");
        let refused = join_all((0..4).map(|_| here.hold(STORE, SKU, 1))).await;
        assert!(refused.iter().all(|answer| answer.outcome() == (409, "insufficient_stock")));
        let _ = there.advance(&held, "cancel").await.expect(200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn those_who_wait_are_served_before_the_process_ends() {
    let mut lane = Lane::new(100).await;
    lane.occupied().await;
    lane.then_holds(&["a", "b", "c"]).await;
    let (service, held_back) = (&mut lane.pair.services[0], lane.held_back.take());
    let ready = format!("{}/readyz", service.base_url());
    let closed = async {
        until("nobody is let in", || async { reqwest::get(&ready).await.is_err() }).await;
        drop(held_back);
    };
    let (stopped, ()) = tokio::join!(service.stop(), closed);
    stopped.unwrap();
    assert_eq!(lane.outcomes().await, vec![placed(); 4]);
    lane.adds_up(4).await;
}
