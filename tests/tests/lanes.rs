//! Commands for one count go together, and none of them notices: not by its answer, nor by its place, nor by what becomes
//! of the others.

use std::iter::{once, repeat, repeat_n};
use std::time::{Duration, Instant};

use contracts::Table;
use futures::future::join_all;
use harness::{Answer, Api, Call, Count, Fault, Pair, until};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::task::JoinHandle;

const STORE: &str = "hinata.shibuya-01";
const SKU: &str = "hinata.L-1";
const OTHER: &str = "hinata.L-2";
/// How soon whoever is not in trouble is answered beside one who is.
const SOON: Duration = Duration::from_secs(5);
/// Most reads that the sweepers of both processes make meanwhile: each looks at every shard of its index once.
const SWEEPS: usize = 2 * contracts::due::SHARDS as usize;
/// Within what time one whose turn does not come is told so (`command-api/src/app/run.rs`), and two seconds.
const TURNED_AWAY_WITHIN: Duration = Duration::from_secs(6);

fn hold_of(lines: &[(&str, u32)], customer: &str) -> Value {
    let lines: Vec<Value> =
        lines.iter().map(|(sku, quantity)| json!({"sku": sku, "quantity": quantity})).collect();
    json!({"store_id": STORE, "lines": lines, "customer": {"name": "山田 花子", "email": format!("{customer}@example.jp")}})
}

fn hold(customer: &str) -> Value {
    hold_of(&[(SKU, 1)], customer)
}

/// Commands that came to one process in a known order.
struct Lane {
    pair: Pair,
    /// Kept: to make one takes longer than to ask.
    http: reqwest::Client,
    asked: Vec<JoinHandle<Answer>>,
}

impl Lane {
    /// Stocked by the other process: this one knows nothing of it yet.
    async fn new(on_hand: u32) -> Self {
        let pair = Pair::new().await;
        pair.api(1).stock_up(STORE, "hinata.L", &[SKU, OTHER], on_hand).await;
        Self { pair, http: reqwest::Client::new(), asked: Vec::new() }
    }

    /// The first hold, which reads so slowly that others come meanwhile.
    async fn occupied(&mut self) {
        let slow = self.pair.faults.met(Call::Read, Fault::Slow);
        self.pair.faults.script(SKU, Call::Read, once(Some(Fault::Slow)));
        self.send("/v1/reservations", "first", hold("first"));
        until("it reads", || async { self.pair.faults.met(Call::Read, Fault::Slow) > slow }).await;
    }

    fn send(&mut self, path: &str, key: &str, body: Value) {
        let (api, path, key) = (self.pair.api(0).clone(), path.to_owned(), key.to_owned());
        self.asked.push(tokio::spawn(async move { api.command(Method::POST, &path, &key, &body).await }));
    }

    /// One more, who then waits behind all others.
    async fn then(&mut self, path: &str, key: &str, body: Value) {
        self.send(path, key, body);
        let waiting = self.asked.len() - 1;
        self.all_wait(waiting).await;
    }

    /// Looks more often than other tests do: the first one reads slowly, not for ever.
    async fn all_wait(&self, waiting: usize) {
        for _ in 0..200 {
            if self.metric("torioki_lane_waiting_commands").await == waiting {
                return;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("{waiting} never waited at once");
    }

    async fn then_holds(&mut self, customers: &[&str]) {
        for customer in customers {
            self.then("/v1/reservations", customer, hold(customer)).await;
        }
    }

    async fn metric(&self, name: &str) -> usize {
        let url = format!("{}/metrics", self.pair.services[0].base_url());
        let text = self.http.get(url).send().await.unwrap().text().await.unwrap();
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.map_or(0, |value| value.parse().unwrap())
    }

    /// How each was answered, in the order in which they came.
    async fn answers(&mut self) -> Vec<Answer> {
        join_all(self.asked.drain(..)).await.into_iter().map(Result::unwrap).collect()
    }

    async fn outcomes(&mut self) -> Vec<(u16, String)> {
        let answers = self.answers().await;
        answers.iter().map(|answer| (answer.status, answer.outcome().1.to_owned())).collect()
    }

    /// What is written adds up, and is what others are told.
    async fn adds_up(&self, held: i64) {
        let ledger = self.pair.ledger().await;
        let count = ledger.count(STORE, SKU);
        assert_eq!((count.held, count.version), (held, held + 1), "{ledger:?}");
        assert!(ledger.holds.keys().all(|id| ledger.events_of(&format!("reservation#{id}")) == 1));
        let _relay = self.pair.system.relay().await;
        self.pair.system.settled().await;
    }
}

fn placed() -> (u16, String) {
    (201, String::new())
}

fn refused(code: &str) -> (u16, String) {
    (409, code.to_owned())
}

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
    item.insert("active".to_owned(), aws_sdk_dynamodb::types::AttributeValue::S("one".to_owned()));
    tables.client.put_item().table_name(&customers).set_item(Some(item)).send().await.unwrap();

    lane.occupied().await;
    lane.then_holds(&["a", "b", "corrupt", "c", "d", "e"]).await;
    let mut expected = vec![placed(); 7];
    expected[3] = (500, "internal".to_owned());
    assert_eq!(lane.outcomes().await, expected);
    assert_eq!(lane.pair.ledger().await.count(STORE, SKU).held, 7);
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
async fn who_waits_too_long_is_told_so_and_was_not_begun() {
    let mut lane = Lane::new(100).await;
    lane.pair.faults.script("first@example.jp", Call::Write, repeat(Some(Fault::Stalled)));
    lane.occupied().await;
    lane.then("/v1/reservations", "both", hold_of(&[(SKU, 1), (OTHER, 1)], "both")).await;
    lane.then_holds(&["a"]).await;
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

#[tokio::test(flavor = "multi_thread")]
async fn those_who_wait_are_served_before_the_process_ends() {
    let mut lane = Lane::new(100).await;
    lane.occupied().await;
    lane.then_holds(&["a", "b", "c"]).await;
    lane.pair.services[0].stop().await.unwrap();
    assert_eq!(lane.outcomes().await, vec![placed(); 4]);
    lane.adds_up(4).await;
}
