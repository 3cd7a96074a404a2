//! What several commands write together: one transaction.
//!
//! Owns how the writes of commands that were decided one after the other come together: an item that several of them
//! change is written once, as the last leaves it, on condition of what the first found. It must never drop what one of
//! them writes: its events and its reply are its own.

use std::collections::HashMap;

use super::{Changes, Key, Put};

/// Most items of one transaction (DynamoDB developer guide, ServiceQuotas). Commands are small: even the largest items that
/// they may write stay far below the 4 MB of one.
pub const MAX_ITEMS: usize = 100;

/// Commands that are written together, in the order in which they were decided.
#[derive(Debug, Default)]
pub struct Group {
    pub(super) commands: Vec<Changes>,
    /// The items that all of them change: the first and the last put of each, in the order of the first ones.
    pub(super) items: Vec<Merged>,
    places: HashMap<Key, usize>,
}

/// An item that some of them change.
#[derive(Debug)]
pub(super) struct Merged {
    pub(super) key: Key,
    /// What the first makes of it: it tells what must be there.
    pub(super) first: Put,
    /// What the last makes of it: it is written.
    pub(super) last: Put,
    /// Who changes it, by their places in the group.
    pub(super) by: Vec<usize>,
}

impl Put {
    /// Where it goes.
    #[must_use]
    pub fn key(&self) -> Key {
        match self {
            Self::Stock(changed) => Key::Stock(changed.key.clone()),
            Self::Reservation(reservation) => Key::Reservation(reservation.id),
            Self::Customer(key, _) => Key::Customer(key.clone()),
            Self::Store(store) => Key::Store(store.store_id.clone()),
            Self::Product(product) => Key::Product(product.product_code.clone()),
            Self::Sku(sku, _) => Key::Sku(sku.clone()),
        }
    }
}

impl Group {
    /// Whether the transaction takes one more command. The first always fits: what one command may write is bounded where it
    /// is parsed.
    #[must_use]
    pub fn fits(&self, changes: &Changes) -> bool {
        let put = changes.puts.iter().filter(|put| !self.places.contains_key(&put.key())).count();
        let own = changes.events.len() + 1;
        self.commands.is_empty() || self.len() + put + own <= MAX_ITEMS
    }

    /// Adds a command that was decided on top of those before it.
    pub fn add(&mut self, changes: Changes) {
        let number = self.commands.len();
        for put in &changes.puts {
            let key = put.key();
            if let Some(item) = self.places.get(&key).and_then(|place| self.items.get_mut(*place)) {
                item.last = put.clone();
                item.by.push(number);
            } else {
                self.places.insert(key.clone(), self.items.len());
                self.items.push(Merged { key, first: put.clone(), last: put.clone(), by: vec![number] });
            }
        }
        self.commands.push(changes);
    }

    /// The commands, in their order.
    #[must_use]
    pub fn commands(&self) -> &[Changes] {
        &self.commands
    }

    /// The items that commands change.
    pub fn keys(&self) -> impl Iterator<Item = &Key> {
        self.items.iter().map(|item| &item.key)
    }

    /// Items that it writes: those that commands change, and the events and the reply of each.
    #[must_use]
    pub fn len(&self) -> usize {
        let own: usize = self.commands.iter().map(|changes| changes.events.len() + 1).sum();
        self.items.len() + own
    }

    /// Whether there is nothing to write.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.commands.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeSet, HashMap};

    use chrono::Utc;
    use proptest::prelude::*;

    use super::*;
    use crate::domain::customer::{CustomerKey, Holds};
    use crate::domain::hold::Known;
    use crate::domain::stock::{Changed, Event, StockKey};
    use crate::store::{CommandId, Reply, State};

    /// Counts and customers that commands are about: few enough that they meet.
    const FEW: usize = 3;

    fn stock(n: usize) -> StockKey {
        StockKey {
            store_id: "hinata.shibuya-01".parse().unwrap(),
            sku: format!("hinata.{n}").parse().unwrap(),
        }
    }

    fn customer(n: usize) -> CustomerKey {
        CustomerKey::new(&"hinata".parse().unwrap(), &format!("c{n}"))
    }

    /// A command that holds a piece for a customer, or gives one back.
    fn command(number: usize, known: &State, (sku, who, more): (usize, usize, bool)) -> Changes {
        let one = 1_u64.try_into().unwrap();
        let (event, holds): (_, fn(Holds) -> Holds) =
            if more { (Event::Held(one), Holds::more) } else { (Event::Released(one), Holds::fewer) };
        let changed = Changed::by(stock(sku), known.stock(&stock(sku)), event, Utc::now());
        let customer = customer(who);
        let holds = holds(known.holds(&customer));
        Changes {
            command: CommandId(number.to_string()),
            at: Utc::now(),
            puts: vec![Put::Stock(changed), Put::Customer(customer, holds)],
            events: vec![contracts::events::Envelope::default()],
            reply: Reply {
                request_hash: String::new(),
                status: 201,
                location: None,
                version: None,
                grants: None,
                token: None,
                body: String::new(),
            },
        }
    }

    /// The version before and after a put.
    fn versions(put: &Put) -> (u64, u64) {
        match put {
            Put::Stock(changed) => (changed.replaces, changed.stock().version),
            Put::Customer(_, holds) => (holds.version - 1, holds.version),
            _ => panic!("{put:?}"),
        }
    }

    /// Writes it as DynamoDB would: an item once, on its condition.
    fn write(group: &Group, table: &mut HashMap<Key, Put>) {
        let keys: BTreeSet<String> = group.items.iter().map(|item| format!("{:?}", item.key)).collect();
        assert_eq!(keys.len(), group.items.len(), "an item is there twice");
        for Merged { key, first, last, by } in &group.items {
            let there = table.get(key).map_or(0, |put| versions(put).1);
            assert_eq!(versions(first).0, there);
            // A shortfall that begins or ends has a version of its own.
            assert!(versions(last).1 >= there + by.len() as u64);
            table.insert(key.clone(), last.clone());
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]
        #[test]
        fn a_group_is_its_commands_one_after_the_other(
            commands in prop::collection::vec((0..FEW, 0..FEW, any::<bool>()), 1..120),
            most in 1..40_usize,
        ) {
            let (mut known, mut table, mut group) = (State::default(), HashMap::new(), Group::default());
            for (number, what) in commands.into_iter().enumerate() {
                let changes = command(number, &known, what);
                if group.commands().len() == most || !group.fits(&changes) {
                    write(&std::mem::take(&mut group), &mut table);
                }
                known.absorb(&changes);
                prop_assert_eq!(known.reply(&changes.command), Some(&changes.reply));
                group.add(changes);
                prop_assert!(group.len() <= MAX_ITEMS);
            }
            write(&group, &mut table);
            for put in table.values() {
                match put {
                    Put::Stock(changed) => prop_assert_eq!(known.stock(&changed.key), Some(changed.stock())),
                    Put::Customer(key, holds) => prop_assert_eq!(known.holds(key), *holds),
                    _ => prop_assert!(false),
                }
            }
        }
    }
}
