//! Carrying commands out: read, decide one after the other, write all in one transaction, answer each by itself.
//!
//! Owns what becomes of each command of a group. A command must never fail, hold up or change another one: what keeps it from
//! being written with others, it meets alone.

use std::collections::{HashSet, VecDeque};
use std::time::{Duration, Instant};

use chrono::{DateTime, DurationRound, TimeDelta, Utc};
use rand::Rng;
use tokio::sync::oneshot;
use tracing::Instrument;

use super::lanes::Turn;
use super::metrics;
use super::plan::{Fate, Plan};
use super::run::Decision;
use super::{Answer, App, Context, Error};
use crate::domain::Refusal;
use crate::store::{self, Key, Lost, MAX_KEYS, State};

/// Most tries of one command. Every lost try means that a command of another process won, so a queue of this many at one
/// item gets through; a longer one is told to come back.
const MAX_ATTEMPTS: u32 = 64;
/// Longest that a command tries, with its waiting, below the time limit of a request.
const MAX_TIME: Duration = Duration::from_secs(8);
/// First wait after a lost try; doubled with every further one, and drawn at random below that.
const FIRST_BACKOFF: Duration = Duration::from_millis(4);
/// Longest wait between two tries.
const MAX_BACKOFF: Duration = Duration::from_millis(200);

/// What decides a command, on what was read and at what time.
pub(super) type Decide =
    Box<dyn Fn(&Context, &State, DateTime<Utc>) -> Result<Decision, Refusal> + Send + Sync>;

/// A command on its way.
pub(super) struct Member {
    pub(super) context: Context,
    /// Everything that it needs to know, its own reply included.
    pub(super) keys: Vec<Key>,
    pub(super) decide: Decide,
    /// It lost a try at items of its own: it goes after all others.
    pub(super) troubled: bool,
    began: Instant,
    tries: u32,
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
            began,
            tries: 0,
            lost: None,
            unanswered: false,
            answered,
        }
    }

    /// Takes down that a try of so many commands was lost, in which it was the one with this number.
    fn take_loss(&mut self, lost: &Lost, number: usize, commands: usize) {
        self.tries += 1;
        self.unanswered |= matches!(lost.cause, store::Error::Unavailable(_));
        self.troubled |= at_some(lost, commands) && lost.at.contains(&number);
        self.lost = Some(lost.cause.clone());
    }

    /// That its client has gone is nothing to us.
    fn answer(self, answer: Result<Answer, Error>) {
        drop(self.answered.send(answer));
    }

    /// How it is refused. What became of an earlier try may not be known, and may not contradict what is answered now.
    fn refused(&self, refusal: Refusal) -> Error {
        match &self.lost {
            Some(last) if self.unanswered && !refusal.holds_for_earlier_tries() => unresolved(last),
            _ => refusal.into(),
        }
    }

    fn is_late(&self) -> bool {
        self.began.elapsed() > MAX_TIME
    }

    /// How it is given up, when it has tried often or long enough.
    fn given_up(&self) -> Option<Error> {
        let over = self.tries >= MAX_ATTEMPTS || self.is_late();
        match &self.lost {
            Some(last) if over && self.unanswered => Some(unresolved(last)),
            _ => over.then_some(Error::Contention),
        }
    }
}

impl App {
    /// Carries a command out, and with it those who wait behind it for the same turn.
    pub(super) async fn carry_out(&self, first: Member, turn: Option<&Turn<Member>>) {
        let mut group = VecDeque::from([first]);
        let mut known = None;
        // How many go together: all, until one of them spoils what can only be done for all at once.
        let mut most = usize::MAX;
        while !group.is_empty() {
            if known.is_none()
                && let Some(turn) = turn
            {
                fill(&mut group, turn);
            }
            let mut rest = group.split_off(most.min(group.len()));
            let state = match known.take() {
                Some(state) => Ok(state),
                None => self.tables.load(group.iter().flat_map(|member| &member.keys)).await,
            };
            match state {
                Ok(state) => (known, most) = self.round(&mut group, state, most, turn).await,
                // Where nothing can be read, not even by halves, that has taken the time of the first of them.
                Err(error) if group.len() > 1 && is_of_some(&error) && !group.iter().any(Member::is_late) => {
                    most = group.len() / 2;
                }
                Err(error) => {
                    group.drain(..).for_each(|member| member.answer(Err(error.clone().into())));
                }
            }
            if !rest.is_empty() {
                known = None;
            }
            group.append(&mut rest);
        }
    }

    /// One try of a command by itself, here and now; gives it back when it has to go again.
    pub(super) async fn try_alone(&self, member: Member) -> Option<Member> {
        let mut group = VecDeque::from([member]);
        match self.tables.load(group.iter().flat_map(|member| &member.keys)).await {
            Ok(state) => drop(self.round(&mut group, state, 1, None).await),
            Err(error) => group.drain(..).for_each(|member| member.answer(Err(error.clone().into()))),
        }
        group.pop_front()
    }

    /// One try of those that it is for. Leaves those that are to go again, with what is known then and how many of them may
    /// go together.
    async fn round(
        &self,
        group: &mut VecDeque<Member>,
        state: State,
        most: usize,
        turn: Option<&Turn<Member>>,
    ) -> (Option<State>, usize) {
        let plan = Plan::of(group.make_contiguous(), &state, now());
        let lost = if plan.group.is_empty() {
            None
        } else {
            metrics::group(plan.group.commands().len());
            let committed = self.tables.commit(&plan.group).await;
            if committed.is_ok() {
                self.bell.ring();
            }
            committed.err()
        };
        let commands = plan.group.commands();
        let mut ended = Vec::new();
        let mut again = VecDeque::new();
        for (mut member, fate) in group.drain(..).zip(plan.fates) {
            match (fate, &lost) {
                (Fate::Replayed(reply), _) => {
                    let answer = self.replay(&member.context, &reply);
                    member.answer(answer);
                }
                (Fate::Written(number), None) => {
                    let answer = self.answer(commands[number].reply.clone(), false);
                    member.answer(Ok(answer));
                }
                (Fate::Refused(refusal), None) => {
                    let error = member.refused(refusal);
                    ended.push((member, error));
                }
                (Fate::Written(_), Some(Lost { cause: cause @ store::Error::Defect(_), .. }))
                    if commands.len() == 1 =>
                {
                    member.answer(Err(cause.clone().into()));
                }
                (fate, lost) => {
                    if let (Fate::Written(number), Some(lost)) = (fate, lost) {
                        member.take_loss(lost, number, commands.len());
                    }
                    match member.given_up().filter(|_| lost.is_some()) {
                        Some(error) => ended.push((member, error)),
                        None => again.push_back(member),
                    }
                }
            }
        }
        *group = again;
        self.end(ended);
        match lost {
            None => (Some(plan.after), most.saturating_mul(2)),
            Some(lost) => after_loss(group, state, most, (lost, commands.len()), turn).await,
        }
    }

    /// Answers those who are told that nothing was changed, once it is sure: a copy of the same command may have taken the
    /// last pieces between two reads of ours, or the last try gone through. A record is written with its effect, so whoever
    /// saw the effect now finds the record. The lane does not wait for that.
    fn end(&self, ended: Vec<(Member, Error)>) {
        if ended.is_empty() {
            return;
        }
        let app = self.clone();
        let looking = async move {
            let mut parts = vec![ended];
            while let Some(mut part) = parts.pop() {
                let keys: Vec<Key> =
                    part.iter().map(|(member, _)| Key::Reply(member.context.command.clone())).collect();
                match app.tables.load(&keys).await {
                    Ok(state) => part.into_iter().for_each(|(member, otherwise)| {
                        let answer = match state.reply(&member.context.command) {
                            Some(reply) => app.replay(&member.context, reply),
                            None => Err(otherwise),
                        };
                        member.answer(answer);
                    }),
                    Err(error) if part.len() > 1 && is_of_some(&error) => {
                        parts.push(part.split_off(part.len() / 2));
                        parts.push(part);
                    }
                    Err(error) => {
                        part.into_iter().for_each(|(member, _)| member.answer(Err(error.clone().into())))
                    }
                }
            }
        };
        tokio::spawn(looking.in_current_span());
    }
}

/// What is known after a try was lost, and how many may go together.
async fn after_loss(
    group: &VecDeque<Member>,
    mut state: State,
    most: usize,
    (lost, commands): (Lost, usize),
    turn: Option<&Turn<Member>>,
) -> (Option<State>, usize) {
    tracing::debug!(commands, failure = %lost.cause, "a try was lost");
    metrics::lost_try(&lost.cause);
    let others_go_on = at_some(&lost, commands);
    match lost.cause {
        store::Error::Defect(_) if !others_go_on => return (Some(state), (commands / 2).max(1)),
        _ if others_go_on => {}
        _ => wait(group).await,
    }
    let known = match lost.cause {
        // Others have come, and do not wait until those who lose have won.
        _ if !others_go_on && turn.is_some_and(|turn| !turn.nobody_waits()) => None,
        store::Error::Stale(newer) if !newer.is_empty() => {
            state.merge(*newer);
            Some(state)
        }
        _ if others_go_on => Some(state),
        // Whether an unanswered write went through shows in the idempotency records that are read then.
        _ => None,
    };
    (known, most)
}

/// Whether it was lost at items of some of so many commands, and the others may go on without them.
fn at_some(lost: &Lost, commands: usize) -> bool {
    (1..commands).contains(&lost.at.len())
}

/// Whether a read failed of something that it asked for, and not as such.
fn is_of_some(error: &store::Error) -> bool {
    matches!(error, store::Error::Busy(_) | store::Error::Defect(_))
}

/// Takes along who fits into one read.
fn fill(group: &mut VecDeque<Member>, turn: &Turn<Member>) {
    let mut read: HashSet<Key> = group.iter().flat_map(|member| &member.keys).cloned().collect();
    group.extend(turn.take(|member| {
        let more = member.keys.iter().filter(|key| !read.contains(key)).count();
        let fits = read.len() + more <= MAX_KEYS;
        if fits {
            read.extend(member.keys.iter().cloned());
        }
        fits
    }));
}

/// Microseconds: what every store on the way can hold.
fn now() -> DateTime<Utc> {
    let now = Utc::now();
    now.duration_trunc(TimeDelta::microseconds(1)).unwrap_or(now)
}

/// What became of an earlier try is not known, whatever the last one met.
fn unresolved(last: &store::Error) -> Error {
    store::Error::Unavailable(format!("a try was not answered, and the last was lost: {last}")).into()
}

async fn wait(group: &VecDeque<Member>) {
    let Some(lost) = group.iter().map(|member| member.tries.saturating_sub(1)).max() else { return };
    let longest = FIRST_BACKOFF.saturating_mul(1 << lost.min(10)).min(MAX_BACKOFF);
    let drawn = rand::rng().random_range(Duration::ZERO..=longest);
    tokio::time::sleep(drawn).await;
}
