//! What a process knows makes holds quicker, and never wrong: not where another process changed it, nor by a refusal that
//! rests on it.

use std::iter::repeat_with;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use harness::{Answer, Api, Call, Count, Pair};
use reqwest::Method;
use serde_json::{Value, json};

const STORE: &str = "hinata.shibuya-01";
const SKU: &str = "hinata.N-1";
/// How old a policy may be that a hold is decided on (`command-api/src/app/known.rs`).
const MAX_POLICY_AGE: Duration = Duration::from_secs(1);
/// Holds in a row: among so many are some that no renewal of the policy falls on.
const MANY: usize = 20;

async fn stocked(on_hand: u32) -> Pair {
    let pair = Pair::new().await;
    pair.api(0).stock_up(STORE, "hinata.N", &[SKU], on_hand).await;
    pair
}

fn hold_for(customer: &str) -> Value {
    let customer = json!({"name": "山田 花子", "email": format!("{customer}@example.jp")});
    json!({"store_id": STORE, "lines": [{"sku": SKU, "quantity": 1}], "customer": customer})
}

async fn place(api: &Api, customer: &str) -> Answer {
    api.post("/v1/reservations", hold_for(customer)).await
}

async fn count(api: &Api, on_hand: u32) {
    let path = format!("/v1/stores/{STORE}/stock/{SKU}");
    let _ = api.put(&path, json!({"on_hand": on_hand})).await.expect(200);
}

async fn define(api: &Api, policy: Value) {
    let store = json!({"name": {"en": "X"}, "time_zone": "Asia/Tokyo", "hold_policy": policy});
    let _ = api.put(&format!("/v1/stores/{STORE}"), store).await.expect(200);
}

/// Counts the calls of this kind that are about the SKU from now on.
fn counted(pair: &Pair, call: Call) -> Arc<AtomicUsize> {
    let counter = Arc::new(AtomicUsize::new(0));
    let counts = counter.clone();
    let steps = repeat_with(move || {
        counts.fetch_add(1, Ordering::SeqCst);
        None
    });
    pair.faults.script(SKU, call, steps);
    counter
}

async fn adds_up(pair: &Pair) {
    let _relay = pair.system.relay().await;
    pair.system.settled().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hold_is_one_write_and_no_read() {
    let pair = stocked(100).await;
    let _ = place(pair.api(0), "first").await.expect(201);
    let (reads, writes) = (counted(&pair, Call::Read), counted(&pair, Call::Write));
    for n in 0..MANY {
        let _ = place(pair.api(0), &format!("c{n}")).await.expect(201);
    }
    let (reads, writes) = (reads.load(Ordering::SeqCst), writes.load(Ordering::SeqCst));
    assert!(reads < MANY, "{reads} reads");
    assert_eq!(writes, MANY);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_another_process_changed_is_decided_again_on_what_is_there() {
    let pair = stocked(100).await;
    let _ = place(pair.api(0), "first").await.expect(201);
    let writes = counted(&pair, Call::Write);
    for n in 0..MANY {
        count(pair.api(1), 50).await;
        let _ = place(pair.api(0), &format!("c{n}")).await.expect(201);
    }
    let held = i64::try_from(MANY).unwrap() + 1;
    let version = 1 + held + held - 1;
    assert_eq!(pair.ledger().await.count(STORE, SKU), Count { version, on_hand: 50, held });
    // A count, a hold in vain, and the hold: but where the policy was just to be read again.
    let writes = writes.load(Ordering::SeqCst);
    assert!((2 * MANY + 1..=3 * MANY).contains(&writes), "{writes} writes");
    adds_up(&pair).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_refused_what_another_process_brought() {
    let pair = stocked(0).await;
    for n in 0..MANY {
        assert_eq!(place(pair.api(0), "early").await.outcome(), (409, "insufficient_stock"));
        count(pair.api(1), u32::try_from(n).unwrap() + 1).await;
        let _ = place(pair.api(0), &format!("c{n}")).await.expect(201);
    }
    adds_up(&pair).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_another_process_took_is_not_there() {
    let pair = stocked(1).await;
    let held = place(pair.api(0), "first").await.expect(201).text("reservation_id");
    let _ = pair.api(0).advance(&held, "cancel").await.expect(200);
    let _ = place(pair.api(1), "other").await.expect(201);
    let refused = place(pair.api(0), "late").await;
    assert_eq!(refused.outcome(), (409, "insufficient_stock"));
    assert_eq!(refused.body["shortages"][0]["available"], 0);
    adds_up(&pair).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_is_followed_within_its_time() {
    let pair = stocked(1_000).await;
    for accepts in [false, true, false] {
        define(pair.api(1), json!({"accepts_holds": accepts})).await;
        let since = Instant::now();
        loop {
            let began = since.elapsed();
            let outcome = place(pair.api(0), "somebody").await;
            if (outcome.status == 201) == accepts {
                break;
            }
            assert!(!accepts, "a refusal rested on what was known: {}", outcome.body);
            assert!(began <= MAX_POLICY_AGE, "still placed {began:?} after");
        }
    }
    // Where it was changed, it is followed at once.
    define(pair.api(0), json!({})).await;
    let _ = place(pair.api(0), "somebody").await.expect(201);
    define(pair.api(0), json!({"accepts_holds": false})).await;
    assert_eq!(place(pair.api(0), "somebody").await.outcome(), (409, "holds_not_accepted"));
    adds_up(&pair).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_hold_is_answered_again_whoever_came_meanwhile() {
    let pair = stocked(2).await;
    let body = hold_for("hanako");
    let send = |n: usize, body: &Value| {
        let (api, body) = (pair.api(n).clone(), body.clone());
        async move { api.command(Method::POST, "/v1/reservations", "again", &body).await }
    };
    let first = send(0, &body).await.expect(201);
    for n in 0..MANY {
        let again = send(n, &body).await.expect(201);
        assert_eq!(again.body, first.body);
        assert_eq!(again.headers["idempotent-replay"], "true");
        assert_eq!(send(n, &hold_for("taro")).await.outcome(), (422, "idempotency_key_reused"));
    }
    let _ = place(pair.api(0), "last").await.expect(201);
    // Sold out by what is known, and yet it was carried out.
    let _ = send(0, &body).await.expect(201);
    assert_eq!(pair.ledger().await.count(STORE, SKU), Count { version: 3, on_hand: 2, held: 2 });
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customers_limit_is_kept_by_who_never_saw_the_customer() {
    let pair = stocked(1_000).await;
    define(pair.api(0), json!({"max_active_holds": 2})).await;
    for n in 0..MANY {
        let [here, there] = [n, n + 1].map(|n| pair.api(n));
        let who = format!("c{n}");
        let _ = place(here, &format!("warm{n}")).await.expect(201);
        let _ = place(there, &format!("cold{n}")).await.expect(201);
        let kept = place(here, &who).await.expect(201).text("reservation_id");
        let _ = place(here, &who).await.expect(201);
        assert_eq!(place(there, &who).await.outcome(), (409, "customer_limit"));
        let _ = there.advance(&kept, "cancel").await.expect(200);
        let _ = place(here, &who).await.expect(201);
        assert_eq!(place(here, &who).await.outcome(), (409, "customer_limit"));
    }
    adds_up(&pair).await;
}
