//! Carrying commands out: decide one after the other, write all in one transaction, answer each by itself.
//!
//! Owns what becomes of each command of a group, and what it is decided on. A command must never fail, hold up or change another
//! one: what keeps it from being written with others, it meets alone. None may be refused on what was only known.

use std::collections::{HashSet, VecDeque};
use std::time::{Duration, Instant};

use chrono::{DateTime, DurationRound, TimeDelta, Utc};
use rand::Rng;
use tracing::Instrument;

use super::lanes::Turn;
use super::member::Member;
use super::metrics;
use super::plan::{Fate, Plan};
use super::{App, Error};
use crate::store::{self, Key, Lost, MAX_KEYS, State};

/// First wait after a lost try; doubled with every further one, and drawn at random below that.
const FIRST_BACKOFF: Duration = Duration::from_millis(4);
/// Longest wait between two tries.
const MAX_BACKOFF: Duration = Duration::from_millis(200);

/// What a try is decided on.
struct Ground {
    state: State,
    /// All of it was read after the last of them came. Else it is what was seen last, and refuses nobody.
    read: bool,
}

impl App {
    /// Carries a command out, and with it those who wait behind it for the same turn.
    pub(super) async fn carry_out(&self, first: Member, turn: Option<&Turn<Member>>) {
        let mut group = VecDeque::from([first]);
        let mut ground = None;
        // How many go together: all, until one of them spoils what can only be done for all at once.
        let mut most = usize::MAX;
        while !group.is_empty() {
            if ground.is_none()
                && let Some(turn) = turn
            {
                fill(&mut group, turn);
            }
            let mut rest = group.split_off(most.min(group.len()));
            let found = match ground.take() {
                Some(ground) => Ok(ground),
                None => self.ground(&group).await,
            };
            match found {
                Ok(found) => (ground, most) = self.round(&mut group, found, most, turn).await,
                // Where nothing can be read, not even by halves, that has taken the time of the first of them.
                Err(error) if group.len() > 1 && is_of_some(&error) && !group.iter().any(Member::is_late) => {
                    most = group.len() / 2;
                }
                Err(error) => {
                    group.drain(..).for_each(|member| member.answer(Err(error.clone().into())));
                }
            }
            if !rest.is_empty() {
                ground = None;
            }
            group.append(&mut rest);
        }
    }

    /// One try of a command by itself, here and now; gives it back when it has to go again.
    pub(super) async fn try_alone(&self, member: Member) -> Option<Member> {
        let mut group = VecDeque::from([member]);
        match self.ground(&group).await {
            Ok(ground) => drop(self.round(&mut group, ground, 1, None).await),
            Err(error) => group.drain(..).for_each(|member| member.answer(Err(error.clone().into()))),
        }
        group.pop_front()
    }

    /// What was seen last, where that may be enough for all of them; else what is read now.
    async fn ground(&self, group: &VecDeque<Member>) -> Result<Ground, store::Error> {
        let keys = || group.iter().flat_map(|member| &member.keys);
        if !group.iter().any(|member| member.reads_first)
            && let Some(state) = self.known.state(keys())
        {
            return Ok(Ground { state, read: false });
        }
        let began = Instant::now();
        let state = self.tables.load(keys()).await?;
        self.known.take_in(keys(), &state, began);
        Ok(Ground { state, read: true })
    }

    /// One try of those that it is for. Leaves those that are to go again, with what is known then and how many of them may
    /// go together.
    async fn round(
        &self,
        group: &mut VecDeque<Member>,
        ground: Ground,
        most: usize,
        turn: Option<&Turn<Member>>,
    ) -> (Option<Ground>, usize) {
        let plan = Plan::of(group.make_contiguous(), &ground.state, now());
        if !ground.read && any_refused(group, &plan) {
            // All of them: who comes behind may not take what is refused to whoever came before only until it is read.
            return (None, most);
        }
        let began = Instant::now();
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
        match &lost {
            None => self.known.take_in(plan.group.keys(), &plan.after, began),
            Some(lost) => {
                self.known.forget(plan.group.keys());
                if let store::Error::Stale(newer) = &lost.cause {
                    self.known.take_in(plan.group.keys(), newer, began);
                }
            }
        }
        let commands = plan.group.commands();
        let at_some = lost.as_ref().is_some_and(|lost| at_some(lost, commands.len(), &ground));
        let mut ended = Vec::new();
        let mut again = VecDeque::new();
        for (mut member, fate) in group.drain(..).zip(plan.fates) {
            let fate = match lost.as_ref().and_then(|lost| lost.reply(&member.context.command)) {
                Some(reply) => Fate::Replayed(reply.clone()),
                None => fate,
            };
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
                        member.take_loss(lost, number, at_some);
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
            None => (Some(Ground { state: plan.after, ..ground }), most.saturating_mul(2)),
            Some(lost) => after_loss(group, ground, most, (lost, commands.len(), at_some), turn).await,
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

/// Whether any would be refused; each of these is decided on what is read from then on.
fn any_refused(group: &mut VecDeque<Member>, plan: &Plan) -> bool {
    let mut any = false;
    for (member, _) in group.iter_mut().zip(&plan.fates).filter(|(_, fate)| matches!(fate, Fate::Refused(_)))
    {
        member.reads_first = true;
        any = true;
    }
    any
}

/// What is known after a try was lost, and how many may go together.
async fn after_loss(
    group: &VecDeque<Member>,
    mut ground: Ground,
    most: usize,
    (lost, commands, others_go_on): (Lost, usize, bool),
    turn: Option<&Turn<Member>>,
) -> (Option<Ground>, usize) {
    tracing::debug!(commands, failure = %lost.cause, "a try was lost");
    metrics::lost_try(&lost.cause);
    match lost.cause {
        store::Error::Defect(_) if !others_go_on => return (Some(ground), (commands / 2).max(1)),
        _ if others_go_on => {}
        // What was known was old, which does not say that anybody is at it now.
        store::Error::Stale(_) if !ground.read && group.iter().all(|member| member.tries < 2) => {}
        _ => wait(group).await,
    }
    let next = match lost.cause {
        // Others have come, and do not wait until those who lose have won.
        _ if !others_go_on && turn.is_some_and(|turn| !turn.nobody_waits()) => None,
        store::Error::Stale(newer) if !newer.is_empty() => {
            ground.state.merge(*newer);
            Some(ground)
        }
        _ if others_go_on => Some(ground),
        // Whether an unanswered write went through shows in the idempotency records that are read then.
        _ => None,
    };
    (next, most)
}

/// Whether it was lost at items of some of so many commands, and the others may go on without them. Nobody loses their place for
/// what was known and was old.
fn at_some(lost: &Lost, commands: usize, ground: &Ground) -> bool {
    let was_old = !ground.read && matches!(lost.cause, store::Error::Stale(_));
    !was_old && (1..commands).contains(&lost.at.len())
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

async fn wait(group: &VecDeque<Member>) {
    let Some(lost) = group.iter().map(|member| member.tries.saturating_sub(1)).max() else { return };
    let longest = FIRST_BACKOFF.saturating_mul(1 << lost.min(10)).min(MAX_BACKOFF);
    let drawn = rand::rng().random_range(Duration::ZERO..=longest);
    tokio::time::sleep(drawn).await;
}
