//! What one try of a group comes to: each command decided on top of those before it.
//!
//! Pure: it sees what was read and the time, and changes nothing.

use chrono::{DateTime, Utc};
use contracts::consistency::Token;

use super::Context;
use super::member::Member;
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

#[cfg(test)]
pub(super) mod tests {
    use contracts::trace::Traceparent;
    use contracts::{OpeningHours, ReservationId, Text};
    use proptest::prelude::*;
    use tokio::sync::oneshot;
    use uuid::Uuid;

    use super::super::Caller;
    use super::super::member::Basis;
    use super::super::reservations::decision;
    use super::*;
    use crate::domain::customer::{Customer, CustomerKey};
    use crate::domain::hold::{self, Known, Placing};
    use crate::domain::master::Store;
    use crate::domain::reservation::Line;
    use crate::domain::stock::{Changed, Event, StockKey};
    use crate::store::{CommandId, Put};

    /// Pieces at first: fewer than are asked for.
    const ON_HAND: u32 = 40;

    /// A hold: under which key, for which customer, of how many pieces.
    type Wish = (u8, u8, u64);

    pub(in crate::app) fn store() -> Store {
        Store {
            store_id: "hinata.shibuya-01".parse().unwrap(),
            version: 1,
            name: Text::new(None, Some("Shibuya".into())).unwrap(),
            address: None,
            position: None,
            time_zone: chrono_tz::Asia::Tokyo,
            opening_hours: OpeningHours::default(),
            hold_policy: serde_json::from_str(r#"{"lasts":{"minutes":60},"max_active_holds":6}"#).unwrap(),
        }
    }

    fn stock() -> StockKey {
        StockKey { store_id: store().store_id, sku: "hinata.A".parse().unwrap() }
    }

    fn customer(who: u8) -> CustomerKey {
        CustomerKey::new(&"hinata".parse().unwrap(), &who.to_string())
    }

    fn changes_of(number: usize, puts: Vec<Put>) -> Changes {
        let reply = Reply {
            request_hash: String::new(),
            status: 200,
            location: None,
            version: None,
            grants: None,
            token: None,
            body: String::new(),
        };
        Changes { command: CommandId(number.to_string()), at: Utc::now(), puts, events: Vec::new(), reply }
    }

    fn stocked(now: DateTime<Utc>) -> State {
        let counted = Event::Counted {
            found: u64::from(ON_HAND).try_into().unwrap(),
            moved_since: 0,
            safety: 0_u64.try_into().unwrap(),
            observed_at: None,
            source: None,
        };
        let mut state = State::default();
        state.absorb(&changes_of(0, vec![Put::Stock(Changed::by(stock(), None, counted, now))]));
        state
    }

    fn member((key, who, pieces): Wish) -> Member {
        let context =
            Context::new(Caller::System, &key.to_string(), &[], Traceparent::root(Uuid::nil(), Uuid::nil()));
        let placing = Placing {
            id: ReservationId::from(Uuid::from_u128(key.into())),
            lines: vec![Line { sku: stock().sku, quantity: pieces.try_into().unwrap() }],
            customer: Customer::nobody(),
            customer_keys: vec![customer(who)],
            customer_id: None,
            capability_hash: None,
        };
        let decide = move |_: &Context, state: &State, now: DateTime<Utc>| {
            hold::place(&store(), state, placing.clone(), now).map(decision)
        };
        Member::new(context, Vec::new(), Basis::Read, Box::new(decide), oneshot::channel().0)
    }

    /// How each ends, when as many go together, round after round.
    fn carried_out(wishes: &[Wish], together: usize, now: DateTime<Utc>) -> (Vec<String>, State) {
        let (mut state, mut ends) = (stocked(now), vec![String::new(); wishes.len()]);
        for (first, wishes) in (0..).step_by(together).zip(wishes.chunks(together)) {
            let mut left: Vec<usize> = (0..wishes.len()).collect();
            while !left.is_empty() {
                let members: Vec<Member> = left.iter().map(|n| member(wishes[*n])).collect();
                let plan = Plan::of(&members, &state, now);
                assert!(plan.group.len() <= crate::store::MAX_ITEMS);
                let mut later = Vec::new();
                for (n, fate) in left.iter().zip(plan.fates) {
                    ends[first + n] = match fate {
                        Fate::Replayed(reply) => format!("replayed {}", reply.body),
                        Fate::Written(number) => plan.group.commands()[number].reply.body.clone(),
                        Fate::Refused(refusal) => refusal.to_string(),
                        Fate::Later => {
                            later.push(*n);
                            continue;
                        }
                    };
                }
                assert!(later.len() < left.len(), "nobody got on");
                (left, state) = (later, plan.after);
            }
        }
        (ends, state)
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]
        #[test]
        fn together_they_end_as_one_after_the_other(
            wishes in prop::collection::vec((0..80_u8, 0..12_u8, 1..4_u64), 1..60),
            together in 2..60_usize,
        ) {
            let now = Utc::now();
            let (ends, state) = carried_out(&wishes, together, now);
            let (expected, alone) = carried_out(&wishes, 1, now);
            prop_assert_eq!(ends, expected);
            prop_assert_eq!(state.stock(&stock()), alone.stock(&stock()));
            prop_assert!(state.stock(&stock()).unwrap().held.get() <= ON_HAND);
            for who in 0..12 {
                prop_assert_eq!(state.holds(&customer(who)), alone.holds(&customer(who)));
            }
        }
    }
}
