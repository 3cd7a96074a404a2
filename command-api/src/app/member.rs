//! One command on its way: what it needs, how its tries went, and whom to answer.
//!
//! Owns how often and how long a command is tried, and what may be said of one whose tries were not all answered.

use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use tokio::sync::oneshot;

use super::run::Decision;
use super::{Answer, Context, Error};
use crate::domain::Refusal;
use crate::store::{self, Key, Lost, State};

/// Most tries of one command. Every lost try means that a command of another process won, so a queue of this many at one
/// item gets through; a longer one is told to come back.
const MAX_ATTEMPTS: u32 = 64;
/// Longest that a command tries, with its waiting, below the time limit of a request.
const MAX_TIME: Duration = Duration::from_secs(8);

/// What decides a command, on what was read and at what time.
pub(super) type Decide =
    Box<dyn Fn(&Context, &State, DateTime<Utc>) -> Result<Decision, Refusal> + Send + Sync>;

/// What a command is decided on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Basis {
    /// What is read after it came.
    Read,
    /// What was seen last, where that lets it be carried out: it writes every item that it is decided on and that may have
    /// changed, so that the conditions of its transaction tell whether what was seen is still so. Else as above.
    Known,
}

/// A command on its way.
pub(super) struct Member {
    pub(super) context: Context,
    /// Everything that it needs to know, its own reply included.
    pub(super) keys: Vec<Key>,
    pub(super) decide: Decide,
    /// It lost a try at items of its own: it goes after all others.
    pub(super) troubled: bool,
    /// It is to be decided on what is read for it, and not on what was seen before.
    pub(super) reads_first: bool,
    began: Instant,
    pub(super) tries: u32,
    /// How its last try was lost.
    lost: Option<store::Error>,
    /// What became of one of its tries is not known.
    unanswered: bool,
    answered: oneshot::Sender<Result<Answer, Error>>,
}

impl Member {
    /// One that begins now, and where its answer is to go.
    pub(super) fn new(
        context: Context,
        mut keys: Vec<Key>,
        basis: Basis,
        decide: Decide,
        answered: oneshot::Sender<Result<Answer, Error>>,
    ) -> Self {
        keys.push(Key::Reply(context.command.clone()));
        let began = Instant::now();
        Self {
            context,
            keys,
            decide,
            troubled: false,
            reads_first: basis == Basis::Read,
            began,
            tries: 0,
            lost: None,
            unanswered: false,
            answered,
        }
    }

    /// Takes down that a try was lost in which it was the one with this number, and whether it was lost at items of some only.
    pub(super) fn take_loss(&mut self, lost: &Lost, number: usize, at_some: bool) {
        self.tries += 1;
        self.unanswered |= matches!(lost.cause, store::Error::Unavailable(_));
        self.reads_first |= self.unanswered;
        self.troubled |= at_some && lost.at.contains(&number);
        self.lost = Some(lost.cause.clone());
    }

    /// That its client has gone is nothing to us.
    pub(super) fn answer(self, answer: Result<Answer, Error>) {
        drop(self.answered.send(answer));
    }

    /// How it is refused. What became of an earlier try may not be known, and may not contradict what is answered now.
    pub(super) fn refused(&self, refusal: Refusal) -> Error {
        match &self.lost {
            Some(last) if self.unanswered && !refusal.holds_for_earlier_tries() => unresolved(last),
            _ => refusal.into(),
        }
    }

    pub(super) fn is_late(&self) -> bool {
        self.began.elapsed() > MAX_TIME
    }

    /// How it is given up, when it has tried often or long enough.
    pub(super) fn given_up(&self) -> Option<Error> {
        let over = self.tries >= MAX_ATTEMPTS || self.is_late();
        match &self.lost {
            Some(last) if over && self.unanswered => Some(unresolved(last)),
            _ => over.then_some(Error::Contention),
        }
    }
}

/// What became of an earlier try is not known, whatever the last one met.
fn unresolved(last: &store::Error) -> Error {
    store::Error::Unavailable(format!("a try was not answered, and the last was lost: {last}")).into()
}
