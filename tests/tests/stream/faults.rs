//! A stream that is less kind than the emulator's: what is asked and answered goes through a test's hands.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use reqwest::Client;
use serde_json::{Value, json};
use tokio::task::AbortHandle;

/// What a test does to the calls of a relay.
pub trait Fault: Send + 'static {
    /// Changes what the engine is asked, or answers with this error in its place.
    fn ask(&mut self, _call: &str, _request: &mut Value) -> Result<(), &'static str> {
        Ok(())
    }

    /// Changes what the engine answers.
    fn answer(&mut self, _call: &str, _request: &Value, _answer: &mut Value) {}
}

/// The endpoint with the fault.
pub struct Faulty<F> {
    /// Where it is.
    pub url: String,
    fault: Arc<Mutex<F>>,
    serving: AbortHandle,
}

struct Shared<F> {
    engine: String,
    client: Client,
    fault: Arc<Mutex<F>>,
}

impl<F: Fault> Faulty<F> {
    /// In front of the engine at this URL.
    pub async fn start(engine: &str, fault: F) -> Self {
        let fault = Arc::new(Mutex::new(fault));
        let shared = Shared { engine: engine.to_owned(), client: Client::new(), fault: Arc::clone(&fault) };
        let router = Router::new().fallback(pass::<F>).with_state(Arc::new(shared));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address: SocketAddr = listener.local_addr().unwrap();
        let serving = tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url: format!("http://{address}"), fault, serving: serving.abort_handle() }
    }

    /// Looks at the fault, or changes it.
    pub fn with<T>(&self, work: impl FnOnce(&mut F) -> T) -> T {
        work(&mut self.fault.lock().unwrap())
    }
}

impl<F> Drop for Faulty<F> {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn pass<F: Fault>(State(shared): State<Arc<Shared<F>>>, headers: HeaderMap, body: Bytes) -> Response {
    let target = headers["x-amz-target"].to_str().unwrap().to_owned();
    let call = target.split_once('.').unwrap().1;
    let mut request: Value = serde_json::from_slice(&body).unwrap();
    let asked = shared.fault.lock().unwrap().ask(call, &mut request);
    if let Err(code) = asked {
        let body = json!({"__type": format!("com.amazonaws.dynamodb.v20120810#{code}"), "message": code});
        let status = match code {
            "InternalServerError" => StatusCode::INTERNAL_SERVER_ERROR,
            _ => StatusCode::BAD_REQUEST,
        };
        return answered(status, &body);
    }
    let mut forwarded = shared.client.post(&shared.engine).body(request.to_string());
    for name in ["authorization", "content-type", "x-amz-date", "x-amz-target"] {
        forwarded = forwarded.header(name, headers[name].to_str().unwrap());
    }
    let response = forwarded.send().await.unwrap();
    let status = StatusCode::from_u16(response.status().as_u16()).unwrap();
    let mut answer: Value = serde_json::from_slice(&response.bytes().await.unwrap()).unwrap();
    if status.is_success() {
        shared.fault.lock().unwrap().answer(call, &request, &mut answer);
    }
    answered(status, &answer)
}

fn answered(status: StatusCode, body: &Value) -> Response {
    (status, [(header::CONTENT_TYPE, "application/x-amz-json-1.0")], body.to_string()).into_response()
}
