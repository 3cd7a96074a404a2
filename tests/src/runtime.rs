//! What AWS runs beside a Lambda function: the Runtime API, which hands out events and takes answers.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{Path as Captures, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde_json::{Map, Value, json};
use tokio::process::{Child, Command};
use tokio::sync::mpsc;

use crate::Answer;

/// How long a function may take for an event.
const DEADLINE: Duration = Duration::from_secs(30);
/// How often the function's question for the next event is looked at.
const LOOK_AGAIN: Duration = Duration::from_millis(10);

/// The Runtime API of one function.
pub struct Runtime {
    address: SocketAddr,
    waiting: Arc<Mutex<VecDeque<Value>>>,
    answers: mpsc::UnboundedReceiver<(String, Value)>,
}

#[derive(Clone)]
struct Shared {
    waiting: Arc<Mutex<VecDeque<Value>>>,
    answered: mpsc::UnboundedSender<(String, Value)>,
}

impl Runtime {
    /// A runtime that has no function yet.
    pub async fn start() -> Self {
        let (answered, answers) = mpsc::unbounded_channel();
        let waiting = Arc::new(Mutex::new(VecDeque::new()));
        let router = Router::new()
            .route("/2018-06-01/runtime/invocation/next", get(next))
            .route("/2018-06-01/runtime/invocation/{id}/{outcome}", post(answer))
            .with_state(Shared { waiting: Arc::clone(&waiting), answered });
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { address, waiting, answers }
    }

    /// Starts one of our programs as the function. It is killed when dropped.
    #[must_use]
    pub fn function(&self, program: &str, command: &str, environment: &[(&str, &str)]) -> Child {
        Command::new(Path::new(&crate::variable("TORIOKI_BIN_DIR")).join(program))
            .arg(command)
            .env("AWS_LAMBDA_RUNTIME_API", self.address.to_string())
            .env("AWS_LAMBDA_FUNCTION_NAME", program)
            .env("AWS_LAMBDA_FUNCTION_VERSION", "1")
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256")
            .envs(environment.iter().copied())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap()
    }

    /// Hands the event to the function and returns its answer: `response` or `error`, and the body.
    pub async fn invoke(&mut self, event: Value) -> (String, Value) {
        self.waiting.lock().unwrap().push_back(event);
        let answered = tokio::time::timeout(DEADLINE, self.answers.recv()).await;
        answered.expect("the function does not answer").unwrap()
    }

    /// A request by way of an HTTP API of API Gateway (payload format 2.0), its body in base64.
    pub async fn http(&mut self, method: &str, target: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let headers: Map<String, Value> =
            headers.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
        let event = json!({
            "version": "2.0",
            "routeKey": "$default",
            "rawPath": path,
            "rawQueryString": query,
            "headers": headers,
            "requestContext": {
                "accountId": "123456789012",
                "apiId": "api",
                "domainName": "api.execute-api.ap-northeast-1.amazonaws.com",
                "stage": "$default",
                "http": {"method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1"},
            },
            "body": BASE64_STANDARD.encode(body),
            "isBase64Encoded": true,
        });
        let (outcome, answer) = self.invoke(event).await;
        assert_eq!(outcome, "response", "{answer}");
        as_http(&answer)
    }
}

/// What API Gateway makes of a function's answer.
fn as_http(answer: &Value) -> Answer {
    let text = answer["body"].as_str().unwrap_or_default();
    let bytes = if answer["isBase64Encoded"] == true {
        BASE64_STANDARD.decode(text).unwrap()
    } else {
        text.as_bytes().to_vec()
    };
    let mut headers = HeaderMap::new();
    for (name, value) in answer["headers"].as_object().into_iter().flatten() {
        let value = HeaderValue::from_str(value.as_str().unwrap()).unwrap();
        headers.insert(name.parse::<HeaderName>().unwrap(), value);
    }
    Answer {
        status: answer["statusCode"].as_u64().unwrap().try_into().unwrap(),
        headers,
        body: serde_json::from_slice(&bytes).unwrap_or(Value::Null),
    }
}

async fn next(State(shared): State<Shared>) -> impl IntoResponse {
    loop {
        let event = shared.waiting.lock().unwrap().pop_front();
        if let Some(event) = event {
            let headers = [
                ("lambda-runtime-aws-request-id", "8476a536-e9f4-11e8-9739-2dfe598c3fcd"),
                ("lambda-runtime-deadline-ms", "9999999999999"),
                (
                    "lambda-runtime-invoked-function-arn",
                    "arn:aws:lambda:ap-northeast-1:123456789012:function:f",
                ),
            ];
            return (headers, Json(event));
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}

async fn answer(
    State(shared): State<Shared>,
    Captures((_, outcome)): Captures<(String, String)>,
    body: Bytes,
) -> impl IntoResponse {
    shared.answered.send((outcome, serde_json::from_slice(&body).unwrap())).unwrap();
    (StatusCode::ACCEPTED, Json(json!({"status": "OK"})))
}
