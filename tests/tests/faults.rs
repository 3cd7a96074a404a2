//! The command API on DynamoDB's bad days: no lost acknowledgement, no double effect.

use std::iter::{once, repeat, repeat_n};
use std::time::{Duration, Instant};

use futures::future::join_all;
use harness::{Answer, Api, Call, Count, Fault, Ledger, Pair, unique, until};
use reqwest::Method;
use serde_json::{Value, json};

const STORE: &str = "hinata.shibuya-01";
/// Pieces of each SKU at first.
const ON_HAND: i64 = 10;
/// Tries of one call by the SDK (`platform/dynamodb.rs`): with so many faults, the call fails.
const SDK_ATTEMPTS: usize = 3;
/// Rounds of one read (`command-api/store/load.rs`): with so many that read nothing, the read fails.
const READ_ROUNDS: usize = 5;
/// Within what time even a hopeless command is answered: a request's own limit (`platform/server.rs`), and a second.
const ANSWERED_WITHIN: Duration = Duration::from_secs(16);

/// A SKU of a test case's own. None is part of another, since scripts are found by them.
fn sku(n: usize) -> String {
    format!("hinata.F{n:03}")
}

async fn stock_up(api: &Api, cases: usize) {
    let skus: Vec<String> = (0..cases).map(sku).collect();
    let skus: Vec<&str> = skus.iter().map(String::as_str).collect();
    api.stock_up(STORE, "hinata.F", &skus, ON_HAND.try_into().unwrap()).await;
}

fn hold(sku: &str, quantity: u32) -> Value {
    json!({
        "store_id": STORE,
        "lines": [{"sku": sku, "quantity": quantity}],
        "customer": {"name": "山田 花子", "phone": "090-0000-0000"},
    })
}

async fn place(api: &Api, key: &str, body: &Value) -> Answer {
    api.command(Method::POST, "/v1/reservations", key, body).await
}

fn is_replay(answer: &Answer) -> bool {
    answer.headers.contains_key("idempotent-replay")
}

/// A case: which call meets which fault, how many times in a row.
fn cases() -> Vec<(Call, Fault, usize)> {
    let mut cases = Vec::new();
    for call in Call::ALL {
        for fault in call.faults() {
            cases.push((call, *fault, 1));
            // Three stalls for each of three commands would take half a minute.
            if !fault.is_stall() {
                let often = if *fault == Fault::AllUnread { READ_ROUNDS } else { SDK_ATTEMPTS };
                cases.push((call, *fault, often));
            }
        }
    }
    cases
}

/// An adjustment, a hold and its collection, each of which meets the faults.
async fn three_commands(pair: &Pair, sku: &str, (call, fault, times): (Call, Fault, usize)) {
    let send = async |path: &str, body: Value, status: u16| {
        pair.faults.script(sku, call, repeat_n(Some(fault), times));
        let (path, key) = (path.to_owned(), unique());
        let answer = pair.insist(Method::POST, &path, &key, &body).await;
        assert_eq!(answer.status, status, "{path} with {times} × {fault:?}: {}", answer.body);
        pair.answered_again(&Method::POST, &path, &key, &body, &answer).await;
        answer
    };
    let adjustments = format!("/v1/stores/{STORE}/stock/{sku}/adjustments");
    send(&adjustments, json!({"delta": 3, "reason": "found"}), 201).await;
    let id = send("/v1/reservations", hold(sku, 2), 201).await.text("reservation_id");
    send(&format!("/v1/reservations/{id}/collect"), json!({}), 200).await;
}

/// What the three commands lead to when each has its effect once.
fn assert_three_effects(ledger: &Ledger, sku: &str, case: (Call, Fault, usize)) {
    let after = Count { version: 4, on_hand: ON_HAND + 3 - 2, held: 0 };
    assert_eq!(ledger.count(STORE, sku), after, "{case:?}");
    let holds = ledger.holds_of(sku);
    let [(id, hold)] = holds[..] else { panic!("{case:?} left {holds:?}") };
    assert_eq!((hold.status.as_str(), hold.version), ("collected", 2), "{case:?}");
    assert_eq!(ledger.events_of(&format!("stock#{STORE}#{sku}")), 2, "{case:?}");
    assert_eq!(ledger.events_of(&format!("reservation#{id}")), 2, "{case:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn after_each_fault_by_itself_there_is_one_effect_and_one_answer() {
    let pair = Pair::new().await;
    let cases = cases();
    stock_up(pair.api(0), cases.len()).await;
    join_all(cases.iter().enumerate().map(async |(n, case)| three_commands(&pair, &sku(n), *case).await))
        .await;

    let ledger = pair.ledger().await;
    for (n, case) in cases.iter().enumerate() {
        assert_three_effects(&ledger, &sku(n), *case);
        assert!(pair.faults.met(case.0, case.1) > 0, "{case:?} did not happen");
    }
    assert_eq!(ledger.holds.len(), cases.len());
    let _relay = pair.system.relay().await;
    pair.system.settled().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_that_nobody_could_tell_of_is_found_by_the_next_sending() {
    let pair = Pair::new().await;
    // By the other process: this one knows nothing of it, and reads first.
    stock_up(pair.api(1), 1).await;
    // The commit's answer is lost with every try, and then so is the read that would have told.
    pair.faults.script(&sku(0), Call::Write, repeat_n(Some(Fault::CutAfter), SDK_ATTEMPTS));
    let lost = repeat_n(Some(Fault::Cut), SDK_ATTEMPTS);
    pair.faults.script(&sku(0), Call::Read, once(None).chain(lost));

    let (key, body) = (unique(), hold(&sku(0), 1));
    let first = place(pair.api(0), &key, &body).await;
    assert_eq!(first.outcome(), (503, "unavailable"));
    assert!(first.says_when_to_retry());
    assert_eq!(pair.ledger().await.holds.len(), 1, "it was to be committed all the same");

    let second = place(pair.api(1), &key, &body).await.expect(201);
    assert!(is_replay(&second));
    let ledger = pair.ledger().await;
    assert!(ledger.holds.len() == 1 && ledger.holds.contains_key(&second.text("reservation_id")));
    assert_eq!(ledger.count(STORE, &sku(0)), Count { version: 2, on_hand: ON_HAND, held: 1 });
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_that_commits_between_two_reads_is_seen_before_a_refusal() {
    let pair = Pair::new().await;
    stock_up(pair.api(1), 1).await;
    // One process reads that the command is new; then the other takes all pieces with a copy of it; then the first
    // reads that there are none.
    pair.faults.script(&sku(0), Call::Read, [Some(Fault::SomeUnread), Some(Fault::Slow)]);
    let (key, body) = (unique(), hold(&sku(0), ON_HAND.try_into().unwrap()));
    let (slow, quick) = tokio::join!(place(pair.api(0), &key, &body), async {
        until("the rest is read", || async { pair.faults.met(Call::Read, Fault::Slow) == 1 }).await;
        place(pair.api(1), &key, &body).await
    });
    let (slow, quick) = (slow.expect(201), quick.expect(201));
    assert_eq!(slow.body, quick.body);
    assert!(is_replay(&slow) && !is_replay(&quick));
}

#[tokio::test(flavor = "multi_thread")]
async fn faults_that_never_end_are_answered_in_time_and_change_nothing() {
    let pair = Pair::new().await;
    let hopeless = [
        (Call::Write, Fault::ItemConflict, "contention"),
        (Call::Write, Fault::ItemThrottled, "contention"),
        (Call::Write, Fault::ItemOverCapacity, "contention"),
        (Call::Write, Fault::OverCapacity, "contention"),
        (Call::Write, Fault::Throttled, "contention"),
        (Call::Write, Fault::InProgress, "unavailable"),
        (Call::Write, Fault::Failed, "unavailable"),
        (Call::Write, Fault::Cut, "unavailable"),
        (Call::Write, Fault::Stalled, "unavailable"),
        (Call::Read, Fault::AllUnread, "unavailable"),
        (Call::Read, Fault::Throttled, "unavailable"),
        (Call::Read, Fault::Failed, "unavailable"),
        (Call::Read, Fault::Cut, "unavailable"),
        (Call::Read, Fault::Stalled, "unavailable"),
    ];
    stock_up(pair.api(0), hopeless.len()).await;
    let before = pair.ledger().await;
    let keys = join_all(hopeless.iter().enumerate().map(async |(n, (call, fault, code))| {
        pair.faults.script(&sku(n), *call, repeat(Some(*fault)));
        let (key, started) = (unique(), Instant::now());
        // Where it was stocked up, the first try reads nothing.
        let api = if *call == Call::Read { pair.api(1) } else { pair.api(n) };
        let answer = place(api, &key, &hold(&sku(n), 1)).await;
        let took = started.elapsed();
        assert_eq!(answer.outcome(), (503, *code), "{call:?} always {fault:?}");
        assert!(answer.says_when_to_retry(), "{call:?} always {fault:?}");
        assert!(took < ANSWERED_WITHIN, "{call:?} always {fault:?} took {took:?}");
        key
    }))
    .await;
    assert_eq!(pair.ledger().await, before);

    // Once it is over, the same commands go through: none was half done, and none is remembered as refused.
    pair.faults.calm();
    for (n, key) in keys.iter().enumerate() {
        assert!(!is_replay(&place(pair.api(n), key, &hold(&sku(n), 1)).await.expect(201)));
    }
    let ledger = pair.ledger().await;
    for n in 0..keys.len() {
        assert_eq!(ledger.count(STORE, &sku(n)), Count { version: 2, on_hand: ON_HAND, held: 1 });
    }
}

/// A process is killed while its write meets this fault; its client repeats the command at the other process.
async fn killed_while(fault: Fault) -> Answer {
    let mut pair = Pair::new().await;
    stock_up(pair.api(0), 1).await;
    // Whatever is tried after it waits, so that nothing is answered before the process is killed.
    pair.faults.script(&sku(0), Call::Write, [fault, Fault::Stalled].map(Some));
    let (api, key, body) = (pair.api(0).clone(), unique(), hold(&sku(0), 1));
    let asked = tokio::spawn({
        let (key, body) = (key.clone(), body.clone());
        async move { place(&api, &key, &body).await }
    });
    until("the write is under way", || async { pair.faults.met(Call::Write, fault) == 1 }).await;
    pair.services[0].kill().unwrap();
    assert!(asked.await.is_err(), "a killed process has answered");

    let answer = place(pair.api(1), &key, &body).await.expect(201);
    let ledger = pair.ledger().await;
    assert!(ledger.holds.len() == 1 && ledger.holds.contains_key(&answer.text("reservation_id")));
    assert_eq!(ledger.count(STORE, &sku(0)), Count { version: 2, on_hand: ON_HAND, held: 1 });
    let again = place(pair.api(1), &key, &body).await.expect(201);
    assert!(is_replay(&again) && again.body == answer.body);
    let _relay = pair.system.relay().await;
    pair.system.settled().await;
    answer
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_killed_between_commit_and_answer_loses_nothing() {
    assert!(is_replay(&killed_while(Fault::StalledAfter).await));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_killed_before_its_commit_leaves_nothing() {
    assert!(!is_replay(&killed_while(Fault::Stalled).await));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_that_outlives_its_process_does_not_count_twice() {
    let _either_was_first = killed_while(Fault::Late).await;
}
