//! The one loop that every command goes through.

use std::time::{Duration, Instant};

use chrono::{DateTime, DurationRound, TimeDelta, Utc};
use contracts::ReservationId;
use contracts::consistency::Token;
use platform::auth::Denied;
use rand::Rng;
use serde_json::Value;
use tracing::Instrument;

use super::events::Happened;
use super::metrics;
use super::{Answer, App, Context};
use crate::domain::Refusal;
use crate::store::{self, Changes, Key, Put, Reply, State};

/// Most tries of one command. Every lost try means that another command won, so a queue of this many clients at one
/// item gets through; a longer one is told to come back.
const MAX_ATTEMPTS: u32 = 64;
/// Longest that a command tries, below the time limit of a request.
const MAX_TIME: Duration = Duration::from_secs(8);
/// First wait after a lost try; doubled with every further one, and drawn at random below that.
const FIRST_BACKOFF: Duration = Duration::from_millis(4);
/// Longest wait between two tries.
const MAX_BACKOFF: Duration = Duration::from_millis(200);

/// Why a command was not carried out.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The domain says no.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The caller has not said who they are.
    #[error("the caller is not known")]
    Unauthenticated,
    /// The caller is known, and is not one who may.
    #[error("the caller may not do this")]
    Forbidden,
    /// The key was used for another request.
    #[error("the key was used for another request")]
    KeyReused,
    /// Other commands for the same items won every time.
    #[error("lost every try against other commands")]
    Contention,
    /// DynamoDB does not answer, or there is a defect.
    #[error(transparent)]
    Store(#[from] store::Error),
}

/// What a caller may not see is answered as what is not there.
pub(super) trait Unseen {
    fn or_unseen(self, refusal: impl FnOnce() -> Refusal) -> Result<(), Error>;
}

impl Unseen for Result<(), Denied> {
    fn or_unseen(self, refusal: impl FnOnce() -> Refusal) -> Result<(), Error> {
        self.map_err(|denied| match denied {
            Denied::Unauthenticated => Error::Unauthenticated,
            Denied::Forbidden => Error::Forbidden,
            Denied::Unseen => refusal().into(),
        })
    }
}

/// What a command leads to.
pub(super) struct Decision {
    /// The items it changes.
    pub puts: Vec<Put>,
    /// What it publishes; nothing when nothing changed.
    pub happened: Vec<Happened>,
    /// HTTP status.
    pub status: u16,
    /// Where the thing made is, if one was made.
    pub location: Option<String>,
    /// The version of what was changed.
    pub version: Option<u64>,
    /// The hold whose capability goes with the answer.
    pub grants: Option<ReservationId>,
    /// What to answer.
    pub body: Value,
}

impl App {
    /// One span and one measurement for each command, however it ends.
    pub(super) async fn observed(
        &self,
        name: &'static str,
        context: &Context,
        command: impl Future<Output = Result<Answer, Error>>,
    ) -> Result<Answer, Error> {
        let span = tracing::info_span!("command", command.name = name, command.id = context.command.0);
        let started = Instant::now();
        let done = command.instrument(span).await;
        metrics::command(name, &done, started.elapsed());
        done
    }

    /// Reads `keys`, decides, writes; again when another command came between.
    pub(super) async fn run(
        &self,
        context: &Context,
        mut keys: Vec<Key>,
        decide: impl Fn(&State, DateTime<Utc>) -> Result<Decision, Refusal>,
    ) -> Result<Answer, Error> {
        let started = Instant::now();
        keys.push(Key::Reply(context.command.clone()));
        let mut state = self.tables.load(&keys).await?;
        let mut last = store::Error::Busy("no try was made".to_owned());
        let mut unanswered = false;
        for attempt in 0..MAX_ATTEMPTS {
            if let Some(reply) = state.reply() {
                return self.replay(context, reply);
            }
            let now = now();
            let decision = match decide(&state, now) {
                Ok(decision) => decision,
                // What became of an earlier try is not known, and it may not contradict what is answered now.
                Err(refusal) if unanswered && !refusal.holds_for_earlier_tries() => {
                    return self.unless_done(context, unresolved(&last)).await;
                }
                Err(refusal) => return self.refuse(context, refusal).await,
            };
            let changes = changes(context, decision, now);
            let failure = match self.tables.commit(&changes).await {
                Ok(()) => return Ok(self.answer(changes.reply, false)),
                Err(failure) => failure,
            };
            tracing::debug!(attempt, %failure, "a try was lost");
            metrics::lost_try(&failure);
            unanswered |= matches!(failure, store::Error::Unavailable(_));
            match failure {
                store::Error::Done(reply) => return self.replay(context, &reply),
                store::Error::Defect(_) => return Err(failure.into()),
                _ if started.elapsed() > MAX_TIME => return self.give_up(context, failure, unanswered).await,
                store::Error::Stale(newer) if !newer.is_empty() => {
                    wait(attempt).await;
                    state.merge(*newer);
                }
                // Whether an unanswered write went through shows in the idempotency record that is read here.
                lost @ (store::Error::Stale(_) | store::Error::Busy(_) | store::Error::Unavailable(_)) => {
                    wait(attempt).await;
                    state = self.tables.load(&keys).await?;
                    last = lost;
                }
            }
        }
        self.give_up(context, last, unanswered).await
    }

    /// Whoever is told that nothing was changed must be able to rely on it: the last try may have gone through.
    async fn give_up(
        &self,
        context: &Context,
        failure: store::Error,
        unanswered: bool,
    ) -> Result<Answer, Error> {
        let otherwise = if unanswered { unresolved(&failure) } else { Error::Contention };
        self.unless_done(context, otherwise).await
    }

    /// A copy of this very command may have taken the last pieces between two reads of ours. Its record is written
    /// with its effect, so whoever saw the effect now finds the record.
    async fn refuse(&self, context: &Context, refusal: Refusal) -> Result<Answer, Error> {
        self.unless_done(context, refusal.into()).await
    }

    async fn unless_done(&self, context: &Context, otherwise: Error) -> Result<Answer, Error> {
        let state = self.tables.load(&[Key::Reply(context.command.clone())]).await?;
        match state.reply() {
            Some(reply) => self.replay(context, reply),
            None => Err(otherwise),
        }
    }

    fn replay(&self, context: &Context, reply: &Reply) -> Result<Answer, Error> {
        if reply.request_hash == context.request_hash {
            Ok(self.answer(reply.clone(), true))
        } else {
            Err(Error::KeyReused)
        }
    }

    fn answer(&self, reply: Reply, replayed: bool) -> Answer {
        let Reply { status, location, version, grants, token, mut body, .. } = reply;
        if let Some(id) = grants
            && let Ok(Value::Object(mut members)) = serde_json::from_str(&body)
        {
            members.insert("capability".to_owned(), self.secrets.capability(id).reveal().into());
            body = Value::Object(members).to_string();
        }
        Answer { status, location, version, token, body, replayed }
    }
}

impl From<Denied> for Error {
    fn from(denied: Denied) -> Self {
        match denied {
            Denied::Unauthenticated => Self::Unauthenticated,
            Denied::Forbidden | Denied::Unseen => Self::Forbidden,
        }
    }
}

/// Microseconds: what every store on the way can hold.
fn now() -> DateTime<Utc> {
    let now = Utc::now();
    now.duration_trunc(TimeDelta::microseconds(1)).unwrap_or(now)
}

fn changes(context: &Context, decision: Decision, at: DateTime<Utc>) -> Changes {
    let events: Vec<_> =
        decision.happened.into_iter().map(|happened| happened.envelope(context, at)).collect();
    let reply = Reply {
        request_hash: context.request_hash.clone(),
        status: decision.status,
        location: decision.location,
        version: decision.version,
        grants: decision.grants,
        token: Token::of(&events).map(|token| token.to_string()),
        body: decision.body.to_string(),
    };
    Changes { command: context.command.clone(), at, puts: decision.puts, events, reply }
}

/// What became of an earlier try is not known, whatever the last one met.
fn unresolved(last: &store::Error) -> Error {
    store::Error::Unavailable(format!("a try was not answered, and the last was lost: {last}")).into()
}

async fn wait(attempt: u32) {
    let longest = FIRST_BACKOFF.saturating_mul(1 << attempt.min(10)).min(MAX_BACKOFF);
    let drawn = rand::rng().random_range(Duration::ZERO..=longest);
    tokio::time::sleep(drawn).await;
}
