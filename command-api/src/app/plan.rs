//! What one try of a group comes to: each command decided on top of those before it.
//!
//! Pure: it sees what was read and the time, and changes nothing.

use chrono::{DateTime, Utc};
use contracts::consistency::Token;

use super::Context;
use super::group::Member;
use super::run::Decision;
use crate::domain::Refusal;
use crate::store::{Changes, Group, Reply, State};

/// What one try comes to.
pub(super) struct Plan {
    /// What is to become of each command, in their order. A refusal rests on those before it: it is none when they are not
    /// written.
    pub(super) fates: Vec<Fate>,
    /// What is to be written.
    pub(super) group: Group,
    /// What is known once it is.
    pub(super) after: State,
}

/// What is to become of a command.
pub(super) enum Fate {
    /// It was carried out before.
    Replayed(Reply),
    /// It is the one with this number in the group.
    Written(usize),
    /// It is refused.
    Refused(Refusal),
    /// It goes another time.
    Later,
}

impl Plan {
    /// Decides each, in their order, up to what one transaction takes. Those with troubles of their own wait until the
    /// others are through; so does a copy of a command that is in the group.
    pub(super) fn of(members: &[Member], state: &State, now: DateTime<Utc>) -> Self {
        let mut plan = Self { fates: Vec::new(), group: Group::default(), after: state.clone() };
        let untroubled = |member: &Member| !member.troubled && state.reply(&member.context.command).is_none();
        let others = members.iter().any(untroubled);
        let mut full = false;
        for member in members {
            let command = &member.context.command;
            let fate = if let Some(reply) = state.reply(command) {
                Fate::Replayed(reply.clone())
            } else if full || (others && member.troubled) || plan.after.reply(command).is_some() {
                Fate::Later
            } else {
                match (member.decide)(&member.context, &plan.after, now) {
                    Err(refusal) => Fate::Refused(refusal),
                    Ok(decision) => {
                        let fate = plan.add(changes(&member.context, decision, now));
                        full = matches!(fate, Fate::Later);
                        fate
                    }
                }
            };
            plan.fates.push(fate);
        }
        plan
    }

    fn add(&mut self, changes: Changes) -> Fate {
        if !self.group.fits(&changes) {
            return Fate::Later;
        }
        self.after.absorb(&changes);
        self.group.add(changes);
        Fate::Written(self.group.commands().len() - 1)
    }
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
