//! Targets as a test wants them: a webhook's endpoint, an SQS queue, an EventBridge bus.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use contracts::Table;
use harness::{System, until};
use serde_json::{Value, json};

/// What the webhooks of these tests are signed with.
pub(crate) const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// How it answers.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Mood {
    /// Takes what comes.
    Good,
    /// Takes nothing.
    Answers(u16),
    /// Asks to be left alone for so many seconds.
    Busy(u16),
    /// Takes one request of so many, and tells the others that they are too many.
    Limits(usize),
    /// Takes everything but what is about this.
    Refuses(u16, String),
    /// Takes everything but this event, at which it breaks.
    BreaksAt(Place),
    /// Takes so long.
    Slow(Duration),
}

/// Aggregate and version.
pub(crate) type Place = (String, u64);

/// A target and what it took.
#[derive(Clone)]
pub(crate) struct Target {
    pub(crate) url: String,
    mood: Arc<Mutex<Mood>>,
    taken: Arc<Mutex<Vec<Value>>>,
    /// What came in one call to a service of AWS.
    calls: Arc<Mutex<Vec<Value>>>,
    tries: Arc<Mutex<HashMap<String, u32>>>,
    asked: Arc<AtomicUsize>,
}

impl Target {
    pub(crate) async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let target = Self {
            url: format!("http://{}", listener.local_addr().unwrap()),
            mood: Arc::new(Mutex::new(Mood::Good)),
            taken: Arc::default(),
            calls: Arc::default(),
            tries: Arc::default(),
            asked: Arc::default(),
        };
        let router =
            Router::new().route("/hook", post(hook)).route("/", post(aws)).with_state(target.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        target
    }

    pub(crate) fn turn(&self, mood: Mood) {
        *self.mood.lock().unwrap() = mood;
    }

    /// Every event that it took, in the order in which it did.
    pub(crate) fn taken(&self) -> Vec<Value> {
        self.taken.lock().unwrap().clone()
    }

    pub(crate) fn calls(&self) -> Vec<Value> {
        self.calls.lock().unwrap().clone()
    }

    /// Waits until it took every event of the outbox but those of an aggregate, and each aggregate's in their order.
    pub(crate) async fn has_all_but(&self, system: &System, without: &str) {
        let mut all = outbox(system).await;
        all.retain(|(aggregate, _)| aggregate != without);
        until("the target has every event", || async {
            places(&self.taken()).collect::<BTreeSet<_>>().is_superset(&all)
        })
        .await;
        let taken = self.taken();
        assert_eq!(places(&taken).collect::<BTreeSet<_>>(), all);
        let mut newest: BTreeMap<String, u64> = BTreeMap::new();
        let mut seen = BTreeSet::new();
        for (aggregate, version) in places(&taken) {
            // What comes again may come late.
            if seen.insert((aggregate.clone(), version)) {
                let before = newest.insert(aggregate.clone(), version).unwrap_or(0);
                assert!(before < version, "{aggregate}: {version} after {before}");
            }
        }
    }

    pub(crate) async fn has_all(&self, system: &System) {
        self.has_all_but(system, "").await;
    }

    /// How often it was asked in that mood.
    pub(crate) fn asked(&self) -> usize {
        self.asked.load(Ordering::Relaxed)
    }

    /// How often it was asked to take what it did not.
    pub(crate) fn tries(&self) -> u32 {
        self.tries.lock().unwrap().values().sum()
    }

    /// Whether every third event is to fail at its first try.
    fn fails(&self, id: &str) -> bool {
        let mut tries = self.tries.lock().unwrap();
        let known = tries.len();
        let tried = tries.entry(id.to_owned()).or_default();
        *tried += 1;
        *tried == 1 && known.is_multiple_of(3)
    }
}

/// Aggregate and version of each event.
pub(crate) fn places(events: &[Value]) -> impl Iterator<Item = Place> {
    events.iter().map(|event| {
        let version = event["aggregateversion"].as_str().unwrap().parse().unwrap();
        (event["subject"].as_str().unwrap().to_owned(), version)
    })
}

/// Every event of the outbox.
pub(crate) async fn outbox(system: &System) -> BTreeSet<Place> {
    let scan = system.tables.client.scan().table_name(system.tables.prefix.name(Table::Outbox));
    let rows =
        scan.consistent_read(true).into_paginator().items().send().collect::<Result<Vec<_>, _>>().await;
    let place = |row: HashMap<String, AttributeValue>| {
        (row["pk"].as_s().unwrap().clone(), row["version"].as_n().unwrap().parse().unwrap())
    };
    rows.unwrap().into_iter().map(place).collect()
}

async fn hook(State(target): State<Target>, headers: HeaderMap, body: Bytes) -> Response {
    let event: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(headers["content-type"], "application/cloudevents+json; charset=utf-8");
    let mood = target.mood.lock().unwrap().clone();
    match mood {
        Mood::Good => {}
        Mood::Answers(status) => return StatusCode::from_u16(status).unwrap().into_response(),
        Mood::Busy(seconds) => {
            return (StatusCode::TOO_MANY_REQUESTS, [("retry-after", seconds.to_string())]).into_response();
        }
        Mood::Limits(one_in) if !target.asked.fetch_add(1, Ordering::Relaxed).is_multiple_of(one_in) => {
            return StatusCode::TOO_MANY_REQUESTS.into_response();
        }
        Mood::Refuses(status, subject) if event["subject"] == subject => {
            return StatusCode::from_u16(status).unwrap().into_response();
        }
        Mood::BreaksAt(place) if places(std::slice::from_ref(&event)).eq([place.clone()]) => {
            let _ = target.fails(event["id"].as_str().unwrap());
            return StatusCode::INTERNAL_SERVER_ERROR.into_response();
        }
        Mood::Refuses(..) | Mood::BreaksAt(_) | Mood::Limits(_) => {}
        Mood::Slow(time) => tokio::time::sleep(time).await,
    }
    if !is_signed(&headers, &body) || headers["webhook-id"] != event["id"].as_str().unwrap() {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    target.taken.lock().unwrap().push(event);
    StatusCode::NO_CONTENT.into_response()
}

/// Standard Webhooks, with another cryptography than the publisher's.
fn is_signed(headers: &HeaderMap, body: &[u8]) -> bool {
    let text = |name: &str| headers[name].to_str().unwrap();
    let age = chrono::Utc::now().timestamp() - text("webhook-timestamp").parse::<i64>().unwrap();
    let key = BASE64_STANDARD.decode(SECRET.trim_start_matches("whsec_")).unwrap();
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, &key);
    let signed = [text("webhook-id"), ".", text("webhook-timestamp"), "."].concat();
    let signed = [signed.as_bytes(), body].concat();
    let signature = text("webhook-signature").strip_prefix("v1,").unwrap();
    let signature = BASE64_STANDARD.decode(signature).unwrap();
    age.abs() < 60 && ring::hmac::verify(&key, &signed, &signature).is_ok()
}

/// As much of AWS's JSON protocol as the publisher uses, with failures of single entries.
async fn aws(State(target): State<Target>, headers: HeaderMap, body: Bytes) -> Response {
    let call: Value = serde_json::from_slice(&body).unwrap();
    target.calls.lock().unwrap().push(call.clone());
    let entries = call["Entries"].as_array().unwrap();
    assert!((1..=10).contains(&entries.len()), "{} entries", entries.len());
    let answer = match headers["x-amz-target"].to_str().unwrap() {
        "AmazonSQS.SendMessageBatch" => send_message_batch(&target, entries),
        "AWSEvents.PutEvents" => put_events(&target, entries),
        other => panic!("{other} is not what a publisher needs"),
    };
    axum::Json(answer).into_response()
}

fn send_message_batch(target: &Target, entries: &[Value]) -> Value {
    let (mut successful, mut failed) = (Vec::new(), Vec::new());
    for entry in entries {
        let text = entry["MessageBody"].as_str().unwrap();
        let event: Value = serde_json::from_str(text).unwrap();
        assert_eq!(entry["MessageGroupId"], event["subject"]);
        assert_eq!(entry["MessageDeduplicationId"], event["id"]);
        if target.fails(event["id"].as_str().unwrap()) {
            failed.push(json!({"Id": entry["Id"], "SenderFault": false, "Code": "InternalError"}));
        } else {
            successful.push(json!({"Id": entry["Id"], "MessageId": event["id"], "MD5OfMessageBody": "-"}));
            target.taken.lock().unwrap().push(event);
        }
    }
    json!({"Successful": successful, "Failed": failed})
}

fn put_events(target: &Target, entries: &[Value]) -> Value {
    let put = entries.iter().map(|entry| {
        let event: Value = serde_json::from_str(entry["Detail"].as_str().unwrap()).unwrap();
        assert_eq!((&entry["DetailType"], &entry["Source"]), (&event["type"], &event["source"]));
        assert_eq!(entry["EventBusName"], "events");
        if target.fails(event["id"].as_str().unwrap()) {
            return json!({"ErrorCode": "ThrottlingException", "ErrorMessage": "slow down"});
        }
        let id = event["id"].clone();
        target.taken.lock().unwrap().push(event);
        json!({"EventId": id})
    });
    let put: Vec<Value> = put.collect();
    let failed = put.iter().filter(|entry| entry.get("ErrorCode").is_some()).count();
    json!({"Entries": put, "FailedEntryCount": failed})
}
