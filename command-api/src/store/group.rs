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
