//! No client drowns the others.
//!
//! Owns how much of a service each caller may have: how many requests under way, by kind of client and by caller; how many in
//! a time; how many wrong tokens and capabilities; and who goes first when there is too much to do. It must never make a
//! request wait that is over a limit, and never know what a request is about, but for the one path at which holds are
//! placed.

mod answer;
mod bounded;
mod bucket;
mod callers;
mod gate;
mod limits;
mod proxies;
#[cfg(test)]
mod tests;

use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};

use axum::Router;
use axum::extract::{MatchedPath, Request, State};
use axum::http::request::Parts;
use axum::http::{Method, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use contracts::problem::Code;
use metrics::{Unit, counter, describe_counter, describe_gauge};
use tokio::time::Instant;

pub use bucket::Quota;
pub use gate::step_aside;
pub use limits::{ClientLimits, Error, Limits};

use crate::auth::{self, Client, Principal, Refusal, Verifier};
use crate::{Problem, extract};
use callers::{Caller, Callers, Over, Slot};
use gate::{Gate, Shed};

const REQUESTS: &str = "torioki_throttle_requests_total";
const IN_FLIGHT: &str = "torioki_throttle_in_flight";
const CALLERS: &str = "torioki_throttle_callers";
/// The outcome of a request that is over no limit.
const TAKEN: &str = "taken";
/// The outcome of one for which there was no place.
const SHED: &str = "overloaded";

/// Where the limits are.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct Settings {
    /// File with the limits of each kind of client, instead of the built-in ones; it is looked at again every few seconds.
    #[arg(long, env = "THROTTLE_FILE")]
    pub throttle_file: Option<PathBuf>,
}

/// What a service has to share out.
#[derive(Debug, Clone, Copy)]
pub struct Work {
    /// Requests that it works on at once.
    pub places: usize,
    /// Of these, those that only staff and tills get.
    pub reserved: usize,
    /// The path where a POST places a hold.
    pub holds: Option<&'static str>,
}

/// Keeps callers to their limits. Clones share all counts.
#[derive(Clone)]
pub struct Throttle(Arc<Shared>);

struct Shared {
    limits: RwLock<Arc<Limits>>,
    callers: Arc<Callers>,
    gate: Gate,
    holds: Option<&'static str>,
}

impl Settings {
    /// A throttle with these limits. Has to be called on a runtime, where it looks at the file again.
    ///
    /// # Errors
    /// When the file cannot be taken.
    pub fn throttle(self, work: Work) -> Result<Throttle, Error> {
        let Some(path) = self.throttle_file else { return Ok(Throttle::new(Limits::built_in()?, work)) };
        let text = limits::read(&path)?;
        let throttle = Throttle::new(Limits::parse(&text)?, work);
        let changing = throttle.clone();
        tokio::spawn(async move { limits::follow(&path, text, |limits| changing.change(limits)).await });
        Ok(throttle)
    }
}

impl Throttle {
    /// A throttle with these limits.
    #[must_use]
    pub fn new(limits: Limits, work: Work) -> Self {
        crate::metrics::init();
        describe_counter!(
            REQUESTS,
            Unit::Count,
            "Requests by client and outcome: taken, the limit that was reached, or overloaded"
        );
        describe_gauge!(
            IN_FLIGHT,
            Unit::Count,
            "Requests and streams under way, to the end of their answers"
        );
        describe_gauge!(CALLERS, Unit::Count, "Callers that are remembered, bounded");
        let gate = Gate::new(work.places, work.reserved);
        let (limits, callers) = (RwLock::new(Arc::new(limits)), Callers::new());
        Self(Arc::new(Shared { limits, callers, gate, holds: work.holds }))
    }

    /// The routes, each caller kept to its limits; who asks is checked with this verifier. Health belongs outside.
    pub fn guard(self, router: Router, verifier: Verifier) -> Router {
        router.layer(from_fn_with_state(self, throttled)).layer(auth::layer(verifier))
    }

    /// From now on these limits count.
    fn change(&self, limits: Limits) {
        *self.0.limits.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(limits);
    }

    fn limits(&self) -> Arc<Limits> {
        Arc::clone(&self.0.limits.read().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Who asks, as far as limits go.
struct Asking {
    caller: Caller,
    /// By what it counts if it was wrong, of a request that brings a token that is not believed, or a capability.
    guess: Option<u64>,
}

impl Asking {
    /// Only a user that is believed is one; anybody can make up as many capabilities and tokens as they like.
    async fn of(parts: &mut Parts, limits: &Limits, callers: &Callers) -> Self {
        let principal = auth::principal(parts).await;
        let origin = limits.proxies.origin(parts);
        let (client, key) = match &principal {
            Ok(Principal::User(user)) => {
                let client = Some(user.client()).filter(|client| *client != Client::Unknown);
                let client = client.unwrap_or(origin.client);
                (client, Some(callers.key((client, user.brand().as_str(), user.subject()))))
            }
            _ => (origin.client, origin.network.map(|network| callers.key((origin.client, network)))),
        };
        let guess = origin.network.and_then(|network| match &principal {
            Ok(Principal::User(_) | Principal::Guest) | Err(Refusal::NoLayer) => None,
            // At one hold: whoever guesses at it must not keep those at the same address from theirs.
            Ok(Principal::Holder(_)) => Some(callers.key((network, parts.uri.path()))),
            // A screen that was left open goes on asking when its token is over; that one was right once.
            Err(Refusal::Error(error)) if error.retryable() || *error == auth::Error::Expired => None,
            Err(Refusal::Error(_)) => Some(callers.key(network)),
        });
        Self { caller: Caller { client, key }, guess }
    }
}

async fn throttled(State(throttle): State<Throttle>, request: Request, next: Next) -> Response {
    let Shared { callers, gate, holds, .. } = &*throttle.0;
    let limits = throttle.limits();
    let (mut parts, body) = request.into_parts();
    let asking = Asking::of(&mut parts, &limits, callers).await;
    let own = limits.of(asking.caller.client);
    let places_hold = places_hold(&parts, *holds);

    let may_guess = asking.guess.map_or(Ok(()), |key| callers.may_guess(key, limits.guesses, Instant::now()));
    let (left, admitted) = match may_guess {
        Ok(()) => callers.admit(asking.caller, own, places_hold, Instant::now()),
        Err(over) => (None, Err(over)),
    };
    let answered = match admitted {
        // A body that comes slowly takes one of its caller's places, and none of those that all share.
        Ok(slot) => match extract::arrived(parts, body).await {
            Ok(request) => answer(gate.pass(asking.caller.client, next.run(request)).await, slot, own),
            Err(problem) => Ok(problem.into_response()),
        },
        Err(over) => Err(Refused::Over(over)),
    };
    count(asking.caller.client, &answered);
    let mut response = answered.unwrap_or_else(Refused::into_response);
    if let Some(key) = asking.guess.filter(|_| is_wrong(response.status())) {
        callers.guessed(key, limits.guesses, Instant::now());
    }
    match (left, may_guess) {
        (Some(left), _) => answer::tell(&mut response, own, left),
        (None, Err(over)) => answer::tell_guesser(&mut response, limits.guesses, over.after),
        (None, Ok(())) => {}
    }
    response
}

/// Why a request was not carried out.
enum Refused {
    Over(Over),
    Shed,
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        match self {
            Self::Over(over) => over.into_response(),
            Self::Shed => {
                let detail = "There is more to do than can be done in time, so this was not begun. Send it again after the \
                              time in Retry-After.";
                Problem::new(Code::Overloaded, detail).into_response()
            }
        }
    }
}

/// The answer in its request's place.
fn answer(
    answered: Result<Response, Shed>,
    mut slot: Slot,
    limits: &ClientLimits,
) -> Result<Response, Refused> {
    let response = answered.map_err(|Shed| Refused::Shed)?;
    if is_stream(&response) {
        slot.stream(limits).map_err(Refused::Over)?;
    }
    Ok(answer::keep(response, slot))
}

fn count(client: Client, answered: &Result<Response, Refused>) {
    let outcome = match answered {
        Ok(_) => TAKEN,
        Err(Refused::Over(over)) => over.limit.as_str(),
        Err(Refused::Shed) => SHED,
    };
    counter!(REQUESTS, "client" => client.as_str(), "outcome" => outcome).increment(1);
}

fn places_hold(parts: &Parts, path: Option<&str>) -> bool {
    let matched = parts.extensions.get::<MatchedPath>().map(MatchedPath::as_str);
    parts.method == Method::POST && path.is_some() && matched == path
}

/// Whether the answer goes on for as long as somebody listens.
fn is_stream(response: &Response) -> bool {
    let kind = response.headers().get(header::CONTENT_TYPE);
    kind.is_some_and(|kind| kind.as_bytes().starts_with(b"text/event-stream"))
}

/// What is answered to a token or capability that is not the right one: what nobody may see is not there.
fn is_wrong(status: StatusCode) -> bool {
    matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN | StatusCode::NOT_FOUND)
}
