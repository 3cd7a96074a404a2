//! The endpoint of an issuer's keys, which can change them, be late, and be gone.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, Uri};
use axum::routing::get;
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::task::AbortHandle;

/// The endpoint. Dropping it closes it.
pub(super) struct Issuer {
    address: std::net::SocketAddr,
    shared: Arc<Shared>,
    serving: AbortHandle,
}

struct Shared {
    answer: watch::Sender<(StatusCode, String)>,
    delay: watch::Sender<Duration>,
    fetches: AtomicUsize,
}

impl Issuer {
    pub(super) async fn start(keys: Vec<Value>) -> Self {
        let shared = Arc::new(Shared {
            answer: watch::Sender::new((StatusCode::OK, String::new())),
            delay: watch::Sender::new(Duration::ZERO),
            fetches: AtomicUsize::new(0),
        });
        let router = Router::new().route("/jwks.json", get(answer)).with_state(Arc::clone(&shared));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let serving = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        let issuer = Self { address, shared, serving: serving.abort_handle() };
        issuer.publish(keys);
        issuer
    }

    pub(super) fn url(&self) -> Uri {
        format!("http://{}/jwks.json", self.address).parse().unwrap()
    }

    /// From now on it has these keys.
    pub(super) fn publish(&self, keys: Vec<Value>) {
        self.answer(StatusCode::OK, json!({ "keys": keys }).to_string());
    }

    /// From now on it says that it cannot answer.
    pub(super) fn fail(&self) {
        self.answer(StatusCode::SERVICE_UNAVAILABLE, String::new());
    }

    pub(super) fn answer(&self, status: StatusCode, body: String) {
        self.shared.answer.send_replace((status, body));
    }

    /// From now on it answers so late.
    pub(super) fn delay(&self, delay: Duration) {
        self.shared.delay.send_replace(delay);
    }

    /// How often it was asked.
    pub(super) fn fetches(&self) -> usize {
        self.shared.fetches.load(Ordering::SeqCst)
    }
}

async fn answer(State(shared): State<Arc<Shared>>) -> (StatusCode, String) {
    shared.fetches.fetch_add(1, Ordering::SeqCst);
    let delay = *shared.delay.borrow();
    tokio::time::sleep(delay).await;
    shared.answer.borrow().clone()
}

impl Drop for Issuer {
    fn drop(&mut self) {
        self.serving.abort();
    }
}
