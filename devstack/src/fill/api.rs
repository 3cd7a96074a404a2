//! A client of both APIs that waits out what passes: a service that is starting, or busy.

use std::fmt;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use contracts::Brand;
use reqwest::header::{CONTENT_TYPE, RETRY_AFTER};
use reqwest::{Client, Method, RequestBuilder, Response, StatusCode};
use serde::Deserialize;
use serde_json::Value;
use tokio::time::sleep;

use super::tokens::Tokens;

/// Tries of one request. With the pauses below they span about half a minute: a restart of a service or an engine.
const ATTEMPTS: u32 = 12;
/// Pause after the first try; doubled after each.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
/// Longest pause, also where the service asks for a longer one.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// Longest that one try may take: the services answer within 15 seconds.
const TIMEOUT: Duration = Duration::from_secs(20);

/// One command.
#[derive(Debug, Clone)]
pub(crate) struct Command {
    /// Whose manager sends it.
    pub(crate) brand: Brand,
    /// Below the API's base URL.
    pub(crate) path: String,
    /// Its `Idempotency-Key`: with it, trying again is safe whatever became of the try before.
    pub(crate) key: String,
    /// JSON.
    pub(crate) body: String,
}

/// What a command came to.
#[derive(Debug)]
pub(crate) enum Answer {
    /// Carried out; the body of the answer.
    Done(Value),
    /// Decided against.
    Refused(Refusal),
}

/// The service's reason.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) status: u16,
    pub(crate) code: String,
    detail: String,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: {}", self.status, self.code, self.detail)
    }
}

/// The members of a problem (RFC 9457) that are told on.
#[derive(Deserialize)]
struct Problem {
    code: String,
    #[serde(default)]
    detail: String,
    field: Option<String>,
}

/// The client: a manager to the command API, a guest to the query API.
#[derive(Debug)]
pub(crate) struct Api {
    http: Client,
    tokens: Tokens,
}

impl Api {
    /// A client with the tokens of this issuer.
    pub(crate) fn new(issuer_url: &str) -> Result<Self> {
        let http = Client::builder().timeout(TIMEOUT).build().context("an HTTP client")?;
        let tokens = Tokens::new(http.clone(), issuer_url);
        Ok(Self { http, tokens })
    }

    pub(crate) async fn put(&self, base_url: &str, command: &Command) -> Result<Answer> {
        self.command(Method::PUT, base_url, command).await
    }

    pub(crate) async fn post(&self, base_url: &str, command: &Command) -> Result<Answer> {
        self.command(Method::POST, base_url, command).await
    }

    async fn command(&self, method: Method, base_url: &str, command: &Command) -> Result<Answer> {
        let url = format!("{base_url}{}", command.path);
        let token = self.tokens.manager(&command.brand).await?;
        let request = || {
            self.http
                .request(method.clone(), &url)
                .bearer_auth(&token)
                .header("Idempotency-Key", &command.key)
                .header(CONTENT_TYPE, "application/json")
                .body(command.body.clone())
        };
        let (status, body) = send(&format!("{method} {url}"), request).await?;
        if status.is_success() {
            let body =
                serde_json::from_str(&body).with_context(|| format!("the answer to {method} {url}"))?;
            Ok(Answer::Done(body))
        } else if status.is_client_error() {
            Ok(Answer::Refused(refusal(status, &body)))
        } else {
            bail!("{method} {url} failed: {status} {body}")
        }
    }

    /// Whether the query API has what `url` names.
    pub(crate) async fn exists(&self, url: &str) -> Result<bool> {
        let (status, body) = send(&format!("GET {url}"), || self.http.get(url)).await?;
        match status {
            StatusCode::OK => Ok(true),
            StatusCode::NOT_FOUND => Ok(false),
            _ => bail!("GET {url} failed: {}", refusal(status, &body)),
        }
    }
}

fn refusal(status: StatusCode, body: &str) -> Refusal {
    let status = status.as_u16();
    match serde_json::from_str::<Problem>(body) {
        Ok(Problem { code, detail, field: Some(field) }) => {
            Refusal { status, code, detail: format!("{detail} (field {field})") }
        }
        Ok(Problem { code, detail, field: None }) => Refusal { status, code, detail },
        Err(_) => Refusal { status, code: "not a problem document".to_owned(), detail: body.to_owned() },
    }
}

/// What came back from one try.
struct Received {
    status: StatusCode,
    body: String,
    retry_after: Option<Duration>,
}

/// Sends until there is an answer that another try would not change.
async fn send(what: &str, request: impl Fn() -> RequestBuilder) -> Result<(StatusCode, String)> {
    let mut pause = FIRST_PAUSE;
    for _ in 1..ATTEMPTS {
        let asked = match receive(request()).await {
            Ok(received) if !passes(received.status) => return Ok((received.status, received.body)),
            Ok(received) => received.retry_after,
            // Nobody listens, or the connection broke.
            Err(_) => None,
        };
        sleep(asked.map_or(pause, |asked| asked.max(pause)).min(LONGEST_PAUSE)).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
    let Received { status, body, .. } =
        receive(request()).await.with_context(|| format!("{what}, {ATTEMPTS} times"))?;
    if passes(status) {
        bail!("{what} failed {ATTEMPTS} times, the last time with {}", refusal(status, &body));
    }
    Ok((status, body))
}

async fn receive(request: RequestBuilder) -> reqwest::Result<Received> {
    let response = request.send().await?;
    let (status, retry_after) = (response.status(), retry_after(&response));
    Ok(Received { status, retry_after, body: response.text().await? })
}

fn passes(status: StatusCode) -> bool {
    matches!(status, StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS)
}

fn retry_after(response: &Response) -> Option<Duration> {
    let value = response.headers().get(RETRY_AFTER)?;
    Some(Duration::from_secs(value.to_str().ok()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_shows_code_detail_and_field() {
        let body = r#"{"type":"t","title":"T","status":422,"code":"invalid_field","detail":"Too many.","field":"q"}"#;
        let shown = refusal(StatusCode::UNPROCESSABLE_ENTITY, body).to_string();
        assert_eq!(shown, "422 invalid_field: Too many. (field q)");
        let shown = refusal(StatusCode::NOT_FOUND, r#"{"code":"unknown_store"}"#).to_string();
        assert_eq!(shown, "404 unknown_store: ");
    }

    #[test]
    fn an_answer_of_somebody_else_is_shown_as_it_is() {
        let shown = refusal(StatusCode::FORBIDDEN, "<html>no</html>").to_string();
        assert_eq!(shown, "403 not a problem document: <html>no</html>");
    }

    #[test]
    fn only_what_passes_is_tried_again() {
        assert!(passes(StatusCode::SERVICE_UNAVAILABLE));
        for status in [StatusCode::OK, StatusCode::CONFLICT, StatusCode::INTERNAL_SERVER_ERROR] {
            assert!(!passes(status));
        }
    }
}
