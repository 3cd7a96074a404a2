//! The one way that every command goes: by its lanes into a group.

use std::time::Duration;

use chrono::{DateTime, Utc};
use contracts::ReservationId;
use platform::auth::Denied;
use serde_json::Value;
use tokio::sync::oneshot;
use tokio::time::Instant;
use tracing::Instrument;

use super::events::Happened;
use super::lanes::{Next, Overloaded};
use super::member::{Basis, Member};
use super::metrics;
use super::{Answer, App, Context};
use crate::domain::Refusal;
use crate::domain::stock::StockKey;
use crate::store::{self, Key, Put, Reply, State};

/// Longest that a command waits for its turn: half of the time that it may take, so that as much is left for its tries.
const MAX_WAIT: Duration = Duration::from_secs(4);

/// Why a command was not carried out.
#[derive(Debug, Clone, thiserror::Error)]
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
    /// So many commands for the same count wait that it was not begun.
    #[error("too many commands wait for the same count")]
    Overloaded,
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

    /// Carries a command out: decides it on `keys`, writes. Commands for one count wait in its lane, and whoever has the turn
    /// carries out those behind it together with its own. A command for several has its turn at each of them, and goes alone.
    pub(super) async fn run(
        &self,
        context: &Context,
        keys: Vec<Key>,
        basis: Basis,
        decide: impl Fn(&Context, &State, DateTime<Utc>) -> Result<Decision, Refusal> + Send + Sync + 'static,
    ) -> Result<Answer, Error> {
        let (answered, answer) = oneshot::channel();
        let mut counts: Vec<StockKey> = keys.iter().filter_map(Key::as_stock).cloned().collect();
        // All take their turns in this order, so no two wait for each other.
        counts.sort();
        let member = Member::new(context.clone(), keys, basis, Box::new(decide), answered);
        let until = Instant::now() + MAX_WAIT;
        match (&self.lanes, counts.as_slice()) {
            (None, _) | (_, []) => self.carry_out(member, None).await,
            (Some(lanes), [count]) => {
                if let Some(Next { turn, command: Some(first) }) =
                    lanes.wait(count, Some(member), until).await?
                {
                    let left = if turn.nobody_waits() { self.try_alone(first).await } else { Some(first) };
                    if let Some(first) = left {
                        let app = self.clone();
                        // Others are carried along: that this client goes away must not end them.
                        let work = async move { app.carry_out(first, Some(&turn)).await };
                        tokio::spawn(work.in_current_span());
                    }
                }
            }
            (Some(lanes), counts) => {
                let mut turns = Vec::with_capacity(counts.len());
                for count in counts {
                    turns.push(lanes.wait(count, None, until).await?);
                }
                self.carry_out(member, None).await;
            }
        }
        // Only a defect ends it without an answer, and what it has written by then is not known.
        let unknown = || store::Error::Unavailable("a command was dropped on its way".to_owned());
        answer.await.unwrap_or_else(|_| Err(unknown().into()))
    }

    pub(super) fn replay(&self, context: &Context, reply: &Reply) -> Result<Answer, Error> {
        if reply.request_hash == context.request_hash {
            Ok(self.answer(reply.clone(), true))
        } else {
            Err(Error::KeyReused)
        }
    }

    pub(super) fn answer(&self, reply: Reply, replayed: bool) -> Answer {
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

impl From<Overloaded> for Error {
    fn from(Overloaded: Overloaded) -> Self {
        Self::Overloaded
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
