//! Commands that come to one process in a known order, and wait for each other.

use std::time::{Duration, Instant};

use futures::future::join_all;
use harness::{Answer, Call, HeldBack, Pair, until};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::task::JoinHandle;

pub(super) const STORE: &str = "hinata.shibuya-01";
pub(super) const SKU: &str = "hinata.L-1";
pub(super) const OTHER: &str = "hinata.L-2";
/// Longest that commands wait for their turn (`command-api/src/app/run.rs`): no longer can all of them be seen to wait.
const MAX_WAIT: Duration = Duration::from_secs(4);
/// How often it is looked whether they do.
const LOOK_AGAIN: Duration = Duration::from_millis(5);

pub(super) fn hold_of(lines: &[(&str, u32)], customer: &str) -> Value {
    let lines: Vec<Value> =
        lines.iter().map(|(sku, quantity)| json!({"sku": sku, "quantity": quantity})).collect();
    json!({"store_id": STORE, "lines": lines, "customer": {"name": "山田 花子", "email": format!("{customer}@example.jp")}})
}

pub(super) fn hold(customer: &str) -> Value {
    hold_of(&[(SKU, 1)], customer)
}

/// Commands that came to one process in a known order.
pub(super) struct Lane {
    pub(super) pair: Pair,
    /// What is sent, in the order in which it came.
    pub(super) asked: Vec<JoinHandle<Answer>>,
    /// What the first one waits for, and all others behind it.
    pub(super) held_back: Option<HeldBack>,
    /// Kept: to make one takes longer than to ask.
    http: reqwest::Client,
}

impl Lane {
    /// Stocked by the other process: this one knows nothing of it yet.
    pub(super) async fn new(on_hand: u32) -> Self {
        let pair = Pair::new().await;
        pair.api(1).stock_up(STORE, "hinata.L", &[SKU, OTHER], on_hand).await;
        Self { pair, asked: Vec::new(), held_back: None, http: reqwest::Client::new() }
    }

    /// The first hold, whose read is held back while others come.
    pub(super) async fn occupied(&mut self) {
        let held_back = self.pair.faults.hold_back(SKU, Call::Read);
        self.send("/v1/reservations", "first", hold("first"));
        until("it reads", || async { held_back.waiting() > 0 }).await;
        self.held_back = Some(held_back);
    }

    /// Lets the first one go on, and so all others.
    pub(super) fn let_go(&mut self) {
        self.held_back = None;
    }

    pub(super) fn send(&mut self, path: &str, key: &str, body: Value) {
        let (api, path, key) = (self.pair.api(0).clone(), path.to_owned(), key.to_owned());
        self.asked.push(tokio::spawn(async move { api.command(Method::POST, &path, &key, &body).await }));
    }

    /// One more, who then waits behind all others.
    pub(super) async fn then(&mut self, path: &str, key: &str, body: Value) {
        self.send(path, key, body);
        let waiting = self.asked.len() - 1;
        self.all_wait(waiting).await;
    }

    pub(super) async fn all_wait(&self, waiting: usize) {
        let start = Instant::now();
        while self.metric("torioki_lane_waiting_commands").await != waiting {
            assert!(start.elapsed() < MAX_WAIT, "{waiting} never waited at once");
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }

    pub(super) async fn then_holds(&mut self, customers: &[&str]) {
        for customer in customers {
            self.then("/v1/reservations", customer, hold(customer)).await;
        }
    }

    pub(super) async fn metric(&self, name: &str) -> usize {
        let url = format!("{}/metrics", self.pair.services[0].base_url());
        let text = self.http.get(url).send().await.unwrap().text().await.unwrap();
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.map_or(0, |value| value.parse().unwrap())
    }

    /// Lets them go on; how each was answered, in the order in which they came.
    pub(super) async fn answers(&mut self) -> Vec<Answer> {
        self.let_go();
        join_all(self.asked.drain(..)).await.into_iter().map(Result::unwrap).collect()
    }

    pub(super) async fn outcomes(&mut self) -> Vec<(u16, String)> {
        let answers = self.answers().await;
        answers.iter().map(|answer| (answer.status, answer.outcome().1.to_owned())).collect()
    }

    /// What is written adds up, and is what others are told.
    pub(super) async fn adds_up(&self, held: i64) {
        let ledger = self.pair.ledger().await;
        let count = ledger.count(STORE, SKU);
        assert_eq!((count.held, count.version), (held, held + 1), "{ledger:?}");
        assert!(ledger.holds.keys().all(|id| ledger.events_of(&format!("reservation#{id}")) == 1));
        let _relay = self.pair.system.relay().await;
        self.pair.system.settled().await;
    }
}

pub(super) fn placed() -> (u16, String) {
    (201, String::new())
}

pub(super) fn refused(code: &str) -> (u16, String) {
    (409, code.to_owned())
}
