//! What callers are told of their limits.
//!
//! Owns the headers of draft-ietf-httpapi-ratelimit-headers-10, on the answers that pass here, and the problem of who is over a limit.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{HeaderName, HeaderValue};
use axum::response::{IntoResponse, Response};
use contracts::problem::Code;
use hyper::body::{Frame, SizeHint};

use super::bucket::Quota;
use super::callers::{Left, Limit, Over, Slot};
use super::limits::ClientLimits;
use crate::Problem;

/// What a caller may do.
const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
/// What of it is left.
const LEFT: HeaderName = HeaderName::from_static("ratelimit");

impl Limit {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::InFlight => "in_flight",
            Self::Streams => "streams",
            Self::Requests => "requests",
            Self::Holds => "holds",
            Self::Guesses => "guesses",
        }
    }
}

impl IntoResponse for Over {
    fn into_response(self) -> Response {
        let detail = match self.limit {
            Limit::InFlight => "So many requests like yours are under way that this one was not begun.",
            Limit::Streams => "So many streams like yours are open that this one was not.",
            Limit::Requests => "You have sent so many requests that this one was not begun.",
            Limit::Holds => "You have placed so many holds that this one was not.",
            Limit::Guesses => "So many tokens and capabilities were wrong that yours was not looked at.",
        };
        let detail = format!("{detail} Send it again after the time in Retry-After.");
        let problem = Problem::new(Code::Throttled, detail).with("limit", self.limit.as_str());
        problem.retry_after(self.after).into_response()
    }
}

/// Tells the caller what is left.
pub(super) fn tell(response: &mut Response, limits: &ClientLimits, left: Left) {
    let mut policy = vec![policy_of("requests", limits.requests)];
    let mut items = vec![left_of("requests", left.requests, left.requests_full_in)];
    if let Some((holds, full_in)) = left.holds {
        policy.push(policy_of("holds", limits.holds));
        items.push(left_of("holds", holds, full_in));
    }
    policy.push(format!("\"in_flight\";q={};qu=\"concurrent-requests\"", limits.in_flight_each));
    items.push(format!("\"in_flight\";r={}", left.in_flight));
    add(response, &policy, &items);
}

/// Tells whoever may not guess any more when it may again; of a request that was not looked at nothing else is known.
pub(super) fn tell_guesser(response: &mut Response, guesses: Quota, again_in: Duration) {
    add(response, &[policy_of("guesses", guesses)], &[left_of("guesses", 0, again_in)]);
}

fn add(response: &mut Response, policy: &[String], left: &[String]) {
    for (name, items) in [(POLICY, policy), (LEFT, left)] {
        if let Ok(value) = HeaderValue::try_from(items.join(", ")) {
            response.headers_mut().insert(name, value);
        }
    }
}

fn policy_of(name: &str, Quota { quota, seconds }: Quota) -> String {
    format!("\"{name}\";q={quota};w={seconds}")
}

fn left_of(name: &str, left: u32, full_in: Duration) -> String {
    format!("\"{name}\";r={left};t={}", full_in.as_millis().div_ceil(1000))
}

/// A body that keeps its request's place until it is sent, or nobody takes it any more.
struct Kept {
    body: Body,
    _slot: Slot,
}

/// The answer, in its request's place to its end.
pub(super) fn keep(response: Response, slot: Slot) -> Response {
    response.map(|body| Body::new(Kept { body, _slot: slot }))
}

impl hyper::body::Body for Kept {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
