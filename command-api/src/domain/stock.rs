//! The count of one SKU in one store.

use std::collections::VecDeque;
use std::fmt;

use chrono::{DateTime, Utc};
use contracts::{Level, Quantity, Sku, StoreId};

use super::Refusal;

/// Movements that a count remembers, so that a count taken before them can be rebased: what a store sells of one SKU in
/// the hours until a count arrives, while the item stays below the kilobyte that one write unit covers.
pub const MAX_MOVEMENTS: usize = 32;

/// Which SKU in which store.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StockKey {
    /// The store.
    pub store_id: StoreId,
    /// The SKU.
    pub sku: Sku,
}

impl fmt::Display for StockKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}#{}", self.store_id, self.sku)
    }
}

/// The count.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stock {
    /// Raised by one with every change.
    pub version: u64,
    /// Physically in the store, held pieces included.
    pub on_hand: Level,
    /// Promised to customers.
    pub held: Level,
    /// Never offered.
    pub safety: Level,
    /// When the pieces were last counted.
    pub counted_at: Option<DateTime<Utc>>,
    /// What came and went lately.
    pub movements: Movements,
}

/// The latest movements of a count: what `on_hand` has gone through since somebody looked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Movements {
    /// In the order in which they were decided; at most [`MAX_MOVEMENTS`].
    pub recent: VecDeque<Movement>,
    /// Movements up to this time may be missing.
    pub forgotten_until: Option<DateTime<Utc>>,
}

/// Pieces that came or went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Movement {
    /// When.
    pub at: DateTime<Utc>,
    /// How many came (positive) or went (negative).
    pub delta: i32,
}

/// What one may do to a count by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Set it to what somebody found.
    Count {
        /// Pieces found.
        on_hand: Level,
        /// Pieces never to offer; `None` leaves that as it is.
        safety: Option<Level>,
        /// When they were found; `None` for just now.
        observed_at: Option<DateTime<Utc>>,
        /// Who or what counted.
        source: Option<String>,
    },
    /// Pieces came or went for a reason that is no hold.
    Adjust {
        /// Pieces that came (positive) or went (negative).
        delta: i32,
    },
}

/// What happened to a count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// It was set.
    Counted {
        /// Pieces found.
        found: Level,
        /// Pieces that came or went since, as far as the count is late.
        moved_since: i64,
        /// Pieces never to offer.
        safety: Level,
        /// When they were found; `None` for just now.
        observed_at: Option<DateTime<Utc>>,
        /// Who or what counted.
        source: Option<String>,
    },
    /// Pieces came or went.
    Adjusted {
        /// Pieces that came (positive) or went (negative).
        delta: i32,
        /// Pieces never to offer.
        safety: Level,
    },
    /// Pieces were promised.
    Held(Quantity),
    /// A promise ended, and the pieces stay.
    Released(Quantity),
    /// A promise was kept, and the pieces are gone.
    HandedOver(Quantity),
    /// More is promised than is there.
    ShortfallDetected,
    /// All that is promised is there again.
    ShortfallResolved,
}

/// A count that changed: every event with the count after it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changed {
    /// Which count.
    pub key: StockKey,
    /// Its version before; 0 for a new one.
    pub replaces: u64,
    /// What happened first, and the count after that.
    pub first: (Event, Stock),
    /// The shortfall that began or ended with it.
    pub then: Option<(Event, Stock)>,
}

impl Changed {
    /// What `event` makes of a count, with the shortfall that begins or ends with it.
    #[must_use]
    pub fn by(key: StockKey, current: Option<&Stock>, event: Event, at: DateTime<Utc>) -> Self {
        let was_short = current.is_some_and(|stock| stock.missing() > 0);
        let stock = Stock::evolve(current, &event, at);
        let then = match (was_short, stock.missing() > 0) {
            (false, true) => Some(Event::ShortfallDetected),
            (true, false) => Some(Event::ShortfallResolved),
            _ => None,
        };
        let then = then.map(|event| {
            let after = Stock::evolve(Some(&stock), &event, at);
            (event, after)
        });
        Self { key, replaces: current.map_or(0, |stock| stock.version), first: (event, stock), then }
    }

    /// The count after all of it.
    #[must_use]
    pub fn stock(&self) -> &Stock {
        let (_, stock) = self.then.as_ref().unwrap_or(&self.first);
        stock
    }
}

impl Stock {
    /// Pieces that can be held now.
    #[must_use]
    pub fn available(&self) -> u32 {
        self.on_hand.get().saturating_sub(self.held.get()).saturating_sub(self.safety.get())
    }

    /// Pieces that are promised and not there.
    #[must_use]
    pub fn missing(&self) -> u32 {
        self.held.get().saturating_sub(self.on_hand.get())
    }

    /// What a command leads to; `None` for a count that a newer one has overtaken. `default_safety` is taken over by a
    /// count that is made now.
    ///
    /// # Errors
    /// When it would leave an impossible count, or a count is so late that what came and went since is forgotten.
    pub fn decide(
        current: Option<&Self>,
        command: Command,
        default_safety: Level,
    ) -> Result<Option<Event>, Refusal> {
        match command {
            Command::Count { on_hand: found, safety, observed_at, source } => {
                let known = current.and_then(|stock| stock.counted_at);
                if observed_at.is_some_and(|observed_at| known.is_some_and(|known| observed_at < known)) {
                    return Ok(None);
                }
                let moved_since = match (current, observed_at) {
                    (Some(stock), Some(observed_at)) => stock.movements.after(observed_at)?,
                    _ => 0,
                };
                let safety = safety.unwrap_or(current.map_or(default_safety, |stock| stock.safety));
                Ok(Some(Event::Counted { found, moved_since, safety, observed_at, source }))
            }
            Command::Adjust { delta } => {
                let on_hand = current.map(|stock| stock.on_hand).unwrap_or_default();
                let safety = current.map_or(default_safety, |stock| stock.safety);
                match on_hand.moved(delta.into()) {
                    Some(_) => Ok(Some(Event::Adjusted { delta, safety })),
                    None => Err(Refusal::StockOutOfRange { on_hand: on_hand.get(), delta }),
                }
            }
        }
    }

    /// The count after an event. Never fails: a level that an event would lead out of its range stays at the range's
    /// end, which only a late count can do: it found fewer pieces than have gone since.
    #[must_use]
    pub fn evolve(current: Option<&Self>, event: &Event, at: DateTime<Utc>) -> Self {
        let mut stock = current.cloned().unwrap_or_default();
        stock.version += 1;
        match *event {
            Event::Counted { found, moved_since, safety, observed_at, .. } => {
                stock.on_hand = found.clamped(moved_since);
                stock.safety = safety;
                let observed_at = observed_at.unwrap_or(at);
                stock.counted_at = stock.counted_at.max(Some(observed_at));
                // No count taken before this one will ever be taken over.
                stock.movements.recent.retain(|movement| movement.at > observed_at);
            }
            Event::Adjusted { delta, safety } => {
                stock.safety = safety;
                stock.go(delta, at);
            }
            Event::Held(pieces) => stock.held = stock.held.clamped(pieces.get().into()),
            Event::Released(pieces) => stock.held = stock.held.clamped(-i64::from(pieces.get())),
            Event::HandedOver(pieces) => {
                stock.held = stock.held.clamped(-i64::from(pieces.get()));
                stock.go(-pieces.signed(), at);
            }
            Event::ShortfallDetected | Event::ShortfallResolved => {}
        }
        stock
    }

    fn go(&mut self, delta: i32, at: DateTime<Utc>) {
        self.on_hand = self.on_hand.clamped(delta.into());
        self.movements.push(Movement { at, delta });
    }
}

impl Movements {
    /// Pieces that came and went after `time`.
    fn after(&self, time: DateTime<Utc>) -> Result<i64, Refusal> {
        match self.forgotten_until {
            Some(oldest) if time < oldest => Err(Refusal::CountTooOld { oldest }),
            _ => {
                let later = self.recent.iter().filter(|movement| movement.at > time);
                Ok(later.map(|movement| i64::from(movement.delta)).sum())
            }
        }
    }

    fn push(&mut self, movement: Movement) {
        self.recent.push_back(movement);
        while self.recent.len() > MAX_MOVEMENTS {
            let forgotten = self.recent.pop_front().map(|movement| movement.at);
            self.forgotten_until = self.forgotten_until.max(forgotten);
        }
    }
}
