//! A DynamoDB that has bad days: between a service and the engine, it does to calls what AWS does and no emulator
//! shows.
//!
//! Owns which call meets which fault, and counts those that were really met. It must never invent an answer that
//! DynamoDB would not give: what it lets pass, it passes to the byte.

mod kind;
mod plan;
mod wire;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::body::{Body, Bytes, to_bytes};
use axum::http::{HeaderMap, Request, Response, StatusCode, header};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use reqwest::Client;
use serde_json::{Map, Value, json};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::{AbortHandle, JoinSet};

pub use kind::{Call, Fault};
use plan::Plan;

/// Largest request: DynamoDB takes 16 MB at most.
const MAX_REQUEST_BYTES: usize = 16 * 1024 * 1024;
/// How long a late write is on its way: the SDK has tried again by then, and often the service too.
const LATE_BY: Duration = Duration::from_millis(400);
/// How long a slow read takes: well below the two seconds after which the SDK gives an attempt up.
const SLOW_BY: Duration = Duration::from_secs(1);
/// How long a stalled call is left open: longer than any caller waits.
const STALL: Duration = Duration::from_secs(30);

/// The way to DynamoDB on which calls meet faults. Until told otherwise, none do.
pub struct Faults {
    url: String,
    upstream: Arc<Upstream>,
    serving: AbortHandle,
}

impl Faults {
    /// In front of the engine at this endpoint.
    pub async fn start(endpoint: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let upstream = Arc::new(Upstream {
            endpoint: endpoint.to_owned(),
            client: Client::new(),
            plan: Mutex::default(),
            on_their_way: AtomicUsize::new(0),
        });
        let serving = tokio::spawn(serve(listener, upstream.clone())).abort_handle();
        Self { url, upstream, serving }
    }

    /// The endpoint to give to a service.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Calls of this kind whose body contains `about` meet these in turn, `None` being the engine's own answer, and
    /// none after the last.
    pub fn script<I>(&self, about: &str, call: Call, steps: I)
    where
        I: IntoIterator<Item = Option<Fault>>,
        I::IntoIter: Send + 'static,
    {
        self.upstream.plan().script(about, call, Box::new(steps.into_iter()));
    }

    /// Calls of this kind whose body contains `about` wait on their way from now on, until what is given back is dropped.
    #[must_use]
    pub fn hold_back(&self, about: &str, call: Call) -> HeldBack {
        let (held_back, until) = watch::channel(());
        self.upstream.plan().hold_back(about, call, until);
        HeldBack(held_back)
    }

    /// Every call may meet a fault. The n-th write and the n-th read meet the same one whenever the seed is the same.
    pub fn storm(&self, seed: u64) {
        self.upstream.plan().storm(seed);
    }

    /// From now on no call meets a fault.
    pub fn calm(&self) {
        self.upstream.plan().calm();
    }

    /// How many calls of this kind have met this fault. One that strikes after a commit counts once that is done.
    #[must_use]
    pub fn met(&self, call: Call, fault: Fault) -> usize {
        self.upstream.plan().met(call, fault)
    }

    /// How many calls of this kind were made, whatever they met.
    #[must_use]
    pub fn calls(&self, call: Call) -> usize {
        self.upstream.plan().calls(call)
    }

    /// Whether no call is on its way to the engine, late ones included.
    #[must_use]
    pub fn idle(&self) -> bool {
        self.upstream.on_their_way.load(Ordering::SeqCst) == 0
    }
}

/// Calls that wait on their way, while this is there.
pub struct HeldBack(watch::Sender<()>);

impl HeldBack {
    /// How many do.
    #[must_use]
    pub fn waiting(&self) -> usize {
        // One is the plan's.
        self.0.receiver_count().saturating_sub(1)
    }
}

impl Drop for Faults {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// The connection ends without an answer.
#[derive(Debug)]
struct Cut;

impl std::fmt::Display for Cut {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("cut by a test")
    }
}

impl std::error::Error for Cut {}

type Answered = Result<Response<Body>, Cut>;

async fn serve(listener: TcpListener, upstream: Arc<Upstream>) {
    // Dropped with this task, and then all connections with it.
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let upstream = upstream.clone();
        let answer = service_fn(move |request| answer(upstream.clone(), request));
        connections.spawn(async move {
            // Its error is a cut connection, from whichever side.
            let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), answer).await;
        });
    }
}

async fn answer(upstream: Arc<Upstream>, request: Request<Incoming>) -> Answered {
    let (parts, body) = request.into_parts();
    let body = to_bytes(Body::new(body), MAX_REQUEST_BYTES).await.map_err(|_| Cut)?;
    let target = parts.headers.get("x-amz-target").and_then(|target| target.to_str().ok());
    let call = target.and_then(Call::of);
    let asked = Asked { headers: parts.headers, body };
    let met = call.and_then(|call| Some((call, upstream.plan().next(call, &asked.text())?)));
    let held_back = call.and_then(|call| upstream.plan().held_back(call, &asked.text()));
    if let Some(mut until) = held_back {
        // Nothing is ever sent: it ends when there is no sender any more.
        let _ = until.changed().await;
    }
    match met {
        None => upstream.pass(asked).await,
        Some((call, fault)) => upstream.meet(call, fault, asked).await,
    }
}

/// A request of a service, as it came.
#[derive(Clone)]
struct Asked {
    headers: HeaderMap,
    body: Bytes,
}

impl Asked {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }
}

/// The engine, and what is to happen on the way to it.
struct Upstream {
    endpoint: String,
    client: Client,
    plan: Mutex<Plan>,
    on_their_way: AtomicUsize,
}

impl Upstream {
    fn plan(&self) -> MutexGuard<'_, Plan> {
        self.plan.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn meet(self: Arc<Self>, call: Call, fault: Fault, asked: Asked) -> Answered {
        if matches!(fault, Fault::FailedAfter | Fault::CutAfter | Fault::StalledAfter) {
            let answer = self.clone().pass(asked.clone()).await?;
            // What was not committed cannot fail after its commit.
            if answer.status() != StatusCode::OK {
                return Ok(answer);
            }
        }
        self.plan().happened(call, fault);
        let about = self.plan().about(call, &asked.text());
        if let Some(refusal) = wire::refusal(fault, &asked.json(), about.as_deref()) {
            return Ok(refusal);
        }
        match fault {
            Fault::Late => {
                self.send(asked, LATE_BY);
                Err(Cut)
            }
            Fault::Slow => {
                tokio::time::sleep(SLOW_BY).await;
                self.pass(asked).await
            }
            Fault::SomeUnread | Fault::AllUnread => self.read_in_part(fault, asked).await,
            Fault::Stalled | Fault::StalledAfter => {
                tokio::time::sleep(STALL).await;
                Err(Cut)
            }
            _ => Err(Cut),
        }
    }

    async fn read_in_part(self: Arc<Self>, fault: Fault, asked: Asked) -> Answered {
        let mut request = asked.json();
        let held_back = wire::hold_back(fault, &mut request);
        let asks_nothing = request["RequestItems"].as_object().is_some_and(Map::is_empty);
        if asks_nothing {
            return Ok(wire::answer(StatusCode::OK, &json!({"Responses": {}, "UnprocessedKeys": held_back})));
        }
        let answer = self.pass(Asked { body: request.to_string().into(), ..asked }).await?;
        if held_back.is_empty() || answer.status() != StatusCode::OK {
            return Ok(answer);
        }
        let body = to_bytes(answer.into_body(), MAX_REQUEST_BYTES).await.map_err(|_| Cut)?;
        let mut body: Value = serde_json::from_slice(&body).map_err(|_| Cut)?;
        body["UnprocessedKeys"] = held_back.into();
        Ok(wire::answer(StatusCode::OK, &body))
    }

    /// The engine's own answer.
    async fn pass(self: Arc<Self>, asked: Asked) -> Answered {
        self.send(asked, Duration::ZERO).await.unwrap_or(Err(Cut))
    }

    /// Sends it after a while. In a task of its own: that its sender goes away stops nothing that is on its way.
    fn send(self: Arc<Self>, asked: Asked, after: Duration) -> tokio::task::JoinHandle<Answered> {
        self.on_their_way.fetch_add(1, Ordering::SeqCst);
        tokio::spawn(async move {
            tokio::time::sleep(after).await;
            let answered = self.exchange(asked).await;
            self.on_their_way.fetch_sub(1, Ordering::SeqCst);
            answered
        })
    }

    async fn exchange(&self, Asked { mut headers, body }: Asked) -> Answered {
        // These are about the connection and the body that came, not about those that go on.
        for about_the_way in [header::HOST, header::CONNECTION, header::CONTENT_LENGTH] {
            headers.remove(about_the_way);
        }
        let sent = self.client.post(&self.endpoint).headers(headers).body(body).send().await;
        let answer = sent.map_err(|_| Cut)?;
        let (status, kind) = (answer.status(), answer.headers().get(header::CONTENT_TYPE).cloned());
        let mut response = Response::new(Body::from(answer.bytes().await.map_err(|_| Cut)?));
        *response.status_mut() = status;
        if let Some(kind) = kind {
            response.headers_mut().insert(header::CONTENT_TYPE, kind);
        }
        Ok(response)
    }
}
