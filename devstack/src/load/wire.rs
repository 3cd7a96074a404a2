//! Sending requests, a bounded number at a time, and telling apart what comes back.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Context, Result};
use bytes::Bytes;
use contracts::consistency;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, RETRY_AFTER};
use reqwest::{Client, Method, Response, StatusCode};
use serde::Deserialize;
use tokio::sync::Semaphore;
use tokio::time::sleep;

use super::people::Caller;
use super::tally::Tally;

/// Longest that one try may take: the services answer within 15 seconds.
const TIMEOUT: Duration = Duration::from_secs(20);
/// Tries of one command: a person who is told four times to come again gives up.
const TRIES: u32 = 5;
/// Longest pause before the next, also where a service asks for a longer one.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// Pause after a try that nobody answered, which does not say for how long.
const PAUSE: Duration = Duration::from_millis(100);

/// What is sent.
#[derive(Debug, Clone)]
pub(super) struct Request {
    pub(super) method: Method,
    pub(super) url: String,
    pub(super) caller: Caller,
    /// Headers beside who asks.
    pub(super) headers: Vec<(&'static str, String)>,
    /// JSON, where there is any.
    pub(super) body: Option<String>,
}

/// What comes back.
#[derive(Debug)]
pub(super) enum Answer {
    /// What was asked for.
    Done(Done),
    /// A decision against it, by its code.
    Refused(String),
    /// To come again later, after so long.
    Shed(String, Duration),
    /// An answer that there should not be.
    Wrong(String),
    /// None: nobody knows what became of it.
    Nothing(String),
}

/// An answer that has what was asked for.
#[derive(Debug)]
pub(super) struct Done {
    pub(super) body: Bytes,
    /// What a command's answer says to look it up with.
    pub(super) token: String,
}

#[derive(Deserialize)]
struct Problem {
    code: String,
}

/// The way to both APIs.
#[derive(Debug)]
pub(super) struct Wire {
    http: Client,
    room: Semaphore,
    under_way: AtomicUsize,
}

impl Wire {
    /// A way on which so many requests are under way at most.
    ///
    /// # Errors
    /// When there can be no HTTP client.
    pub(super) fn new(in_flight: usize) -> Result<Self> {
        let http = Client::builder().timeout(TIMEOUT).pool_max_idle_per_host(in_flight).build();
        let http = http.context("an HTTP client")?;
        Ok(Self { http, room: Semaphore::new(in_flight), under_way: AtomicUsize::new(0) })
    }

    /// How many requests are under way.
    pub(super) fn under_way(&self) -> usize {
        self.under_way.load(Ordering::Relaxed)
    }

    /// Sends it once, as soon as there is room.
    pub(super) async fn send(&self, request: &Request) -> Answer {
        // Nobody closes it.
        let _room = self.room.acquire().await;
        self.answer(request).await
    }

    /// Sends it once, if there is room just now.
    pub(super) async fn send_if_room(&self, request: &Request) -> Option<Answer> {
        let _room = self.room.try_acquire().ok()?;
        Some(self.answer(request).await)
    }

    async fn answer(&self, request: &Request) -> Answer {
        self.under_way.fetch_add(1, Ordering::Relaxed);
        let answer = self.receive(request).await;
        self.under_way.fetch_sub(1, Ordering::Relaxed);
        answer.unwrap_or_else(|error| {
            let what = if error.is_timeout() { "no answer in time" } else { "broken connection" };
            Answer::Nothing(what.to_owned())
        })
    }

    /// Sends a command until there is an answer that another try would not change: with its key it is the same command.
    pub(super) async fn insist(&self, request: &Request, tally: &Tally) -> Answer {
        for _ in 1..TRIES {
            match self.send(request).await {
                Answer::Shed(code, after) => {
                    tally.shed(&code);
                    sleep(after.min(LONGEST_PAUSE)).await;
                }
                Answer::Nothing(why) => {
                    tally.repeated(&why);
                    sleep(PAUSE).await;
                }
                answer => return answer,
            }
        }
        let answer = self.send(request).await;
        if let Answer::Shed(code, _) = &answer {
            tally.shed(code);
        }
        answer
    }

    async fn receive(&self, request: &Request) -> reqwest::Result<Answer> {
        let Request { method, url, caller, headers, body } = request;
        let mut sent = self.http.request(method.clone(), url);
        if let Caller::Known(as_whom) = caller {
            sent = sent.header(AUTHORIZATION, as_whom);
        }
        for (name, value) in headers {
            sent = sent.header(*name, value);
        }
        if let Some(body) = body {
            sent = sent.header(CONTENT_TYPE, "application/json").body(body.clone());
        }
        let response = sent.send().await?;
        let (status, after) = (response.status(), retry_after(&response));
        let token = response.headers().get(consistency::HEADER).and_then(|token| token.to_str().ok());
        let token = token.unwrap_or_default().to_owned();
        let body = response.bytes().await?;
        if status.is_success() {
            return Ok(Answer::Done(Done { body, token }));
        }
        let code = serde_json::from_slice::<Problem>(&body).map(|problem| problem.code);
        let code = code.unwrap_or_else(|_| "not a problem document".to_owned());
        Ok(match (status, after) {
            (StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS, Some(after)) => {
                Answer::Shed(code, after)
            }
            (status, _) if status.is_client_error() => Answer::Refused(code),
            (status, _) => Answer::Wrong(format!("{} {code}", status.as_u16())),
        })
    }
}

fn retry_after(response: &Response) -> Option<Duration> {
    let value = response.headers().get(RETRY_AFTER)?;
    Some(Duration::from_secs(value.to_str().ok()?.parse().ok()?))
}
