//! What this process saw last of counts, customers, stores and SKUs, so that a hold need not read them again.
//!
//! Owns how much is remembered, and for how long. It may be old, and never pretends otherwise: whatever is decided on it, the
//! conditions of the transaction prove. Stores, which are in no condition, are known for a moment only.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use moka::sync::Cache;

use crate::store::{Key, Seen, State};

/// Most items that are remembered: the counts and customers of a day at many stores, in some tens of megabytes.
const MAX_ITEMS: u64 = 32_768;
/// How long an item is remembered. Far below the days after which a customer's counter that is in use now may go and begin
/// anew, with versions that it had before.
const REMEMBERED_FOR: Duration = Duration::from_secs(10 * 60);
/// How old a store's policy may be that a hold is decided on, counted from before it was read: a hold that is placed a second
/// after a change could as well have come a second before.
const MAX_POLICY_AGE: Duration = Duration::from_secs(1);
/// Age at which one hold reads the store anew, while others still go by what is known: at a busy store nobody else waits.
const POLICY_RENEWED_AT: Duration = Duration::from_millis(500);

/// The items, shared by all commands of a process.
#[derive(Clone)]
pub(super) struct Known(Cache<Key, Arc<Remembered>>);

struct Remembered {
    seen: Seen,
    /// It was so at this time, or later.
    since: Instant,
    /// Somebody reads it anew.
    renewed: AtomicBool,
}

impl Known {
    /// What a new command would be decided on; `None` where that has to be read. What was never seen of a customer is taken for
    /// nothing, and the command for one that was never carried out.
    pub(super) fn state<'a>(&self, keys: impl Iterator<Item = &'a Key>) -> Option<State> {
        let mut state = State::default();
        for key in keys {
            let may_be_new = match key {
                Key::Reply(_) => continue,
                Key::Customer(_) => true,
                Key::Stock(_) | Key::Reservation(_) | Key::Store(_) | Key::Product(_) | Key::Sku(_) => false,
            };
            match self.0.get(key) {
                Some(known) if known.is_fresh() => state.see(key, &known.seen),
                None if may_be_new => {}
                _ => return None,
            }
        }
        Some(state)
    }

    /// Takes in what these items were at that time, or later.
    pub(super) fn take_in<'a>(&self, keys: impl Iterator<Item = &'a Key>, state: &State, since: Instant) {
        for key in keys {
            if let Some(seen) = state.seen(key) {
                let renewed = AtomicBool::new(false);
                self.0.insert(key.clone(), Arc::new(Remembered { seen, since, renewed }));
            }
        }
    }

    /// Nobody knows what these are now.
    pub(super) fn forget<'a>(&self, keys: impl Iterator<Item = &'a Key>) {
        keys.for_each(|key| self.0.invalidate(key));
    }
}

impl Remembered {
    fn is_fresh(&self) -> bool {
        match self.seen {
            Seen::Stock(_) | Seen::Sku(_) => return true,
            // One that counts nothing may go at any moment.
            Seen::Customer(holds) => return holds.active > 0,
            Seen::Store(_) => {}
        }
        let age = self.since.elapsed();
        let is_mine = || age > POLICY_RENEWED_AT && !self.renewed.swap(true, Ordering::Relaxed);
        age < MAX_POLICY_AGE && !is_mine()
    }
}

impl Default for Known {
    fn default() -> Self {
        Self(Cache::builder().max_capacity(MAX_ITEMS).time_to_live(REMEMBERED_FOR).build())
    }
}

/// Never what it knows: customers are among it.
impl std::fmt::Debug for Known {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Known({})", self.0.entry_count())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::customer::{CustomerKey, Holds};
    use crate::domain::hold::Known as _;

    fn sku(n: u64) -> Key {
        Key::Sku(format!("hinata.{n}").parse().unwrap())
    }

    fn knows(known: &Known, key: &Key) -> bool {
        known.state(std::iter::once(key)).is_some()
    }

    /// What one SKU's item says.
    fn state(key: &Key) -> State {
        let mut state = State::default();
        state.see(key, &Seen::Sku("hinata.P".parse().unwrap()));
        state
    }

    #[test]
    fn no_more_is_remembered_than_may_be() {
        let known = Known::default();
        for n in 0..2 * MAX_ITEMS {
            let key = sku(n);
            known.take_in(std::iter::once(&key), &state(&key), Instant::now());
        }
        known.0.run_pending_tasks();
        assert!((1..=MAX_ITEMS).contains(&known.0.entry_count()), "{known:?}");
    }

    #[test]
    fn what_is_forgotten_has_to_be_read() {
        let (known, key) = (Known::default(), sku(1));
        known.take_in(std::iter::once(&key), &state(&key), Instant::now());
        assert!(knows(&known, &key));
        known.forget(std::iter::once(&key));
        assert!(!knows(&known, &key));
    }

    #[test]
    fn a_counter_that_may_go_and_begin_anew_has_to_be_read() {
        let known = Known::default();
        let customer = CustomerKey::new(&"hinata".parse().unwrap(), "hanako");
        let key = Key::Customer(customer.clone());
        let seen = |active| {
            let mut state = State::default();
            state.see(&key, &Seen::Customer(Holds { version: 2, active }));
            known.take_in(std::iter::once(&key), &state, Instant::now());
            known.state(std::iter::once(&key)).map(|state| state.holds(&customer).active)
        };
        assert_eq!([seen(1), seen(0)], [Some(1), None]);
    }

    #[test]
    fn a_store_is_renewed_by_one_and_known_to_nobody_in_the_end() {
        let known = Known::default();
        let store = super::super::plan::tests::store();
        let key = Key::Store(store.store_id.clone());
        let mut state = State::default();
        state.see(&key, &Seen::Store(Arc::new(store)));
        let seen = |ago: Duration| {
            let since = Instant::now().checked_sub(ago).unwrap();
            known.take_in(std::iter::once(&key), &state, since);
            [knows(&known, &key), knows(&known, &key)]
        };
        assert_eq!(seen(Duration::ZERO), [true, true]);
        assert_eq!(seen(POLICY_RENEWED_AT), [false, true]);
        assert_eq!(seen(MAX_POLICY_AGE), [false, false]);
    }
}
