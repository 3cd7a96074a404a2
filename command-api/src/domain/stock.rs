//! The count of one SKU in one store.

use std::fmt;

use contracts::{Level, Quantity, Sku, StoreId};

use super::Refusal;

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
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stock {
    /// Raised by one with every change.
    pub version: u64,
    /// Physically in the store, held pieces included.
    pub on_hand: Level,
    /// Promised to customers.
    pub held: Level,
    /// Never offered.
    pub safety: Level,
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
    },
    /// Pieces came or went for a reason that is no hold.
    Adjust {
        /// Pieces that came (positive) or went (negative).
        delta: i32,
        /// Why, in the words of whoever adjusts.
        reason: String,
    },
}

/// What happened to a count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// It was set.
    Counted {
        /// Pieces found.
        on_hand: Level,
        /// Pieces never to offer.
        safety: Level,
    },
    /// Pieces came or went.
    Adjusted {
        /// Pieces that came (positive) or went (negative).
        delta: i32,
        /// Why.
        reason: String,
    },
    /// Pieces were promised.
    Held(Quantity),
    /// A promise ended, and the pieces stay.
    Released(Quantity),
    /// A promise was kept, and the pieces are gone.
    HandedOver(Quantity),
}

impl Stock {
    /// Pieces that can be held now.
    #[must_use]
    pub fn available(&self) -> u32 {
        self.on_hand.get().saturating_sub(self.held.get()).saturating_sub(self.safety.get())
    }

    /// What a command leads to.
    ///
    /// # Errors
    /// When it would leave an impossible count.
    pub fn decide(current: Option<&Self>, command: Command) -> Result<Event, Refusal> {
        match command {
            Command::Count { on_hand, safety } => {
                let safety = safety.or(current.map(|stock| stock.safety)).unwrap_or_default();
                Ok(Event::Counted { on_hand, safety })
            }
            Command::Adjust { delta, reason } => {
                let on_hand = current.map(|stock| stock.on_hand).unwrap_or_default();
                match on_hand.moved(delta.into()) {
                    Some(_) => Ok(Event::Adjusted { delta, reason }),
                    None => Err(Refusal::StockOutOfRange { on_hand: on_hand.get(), delta }),
                }
            }
        }
    }

    /// The count after an event. Never fails: a level that an event would lead out of its range stays at the range's
    /// end, which no decided event does.
    #[must_use]
    pub fn evolve(current: Option<&Self>, event: &Event) -> Self {
        let before = current.cloned().unwrap_or(Self {
            version: 0,
            on_hand: Level::ZERO,
            held: Level::ZERO,
            safety: Level::ZERO,
        });
        let version = before.version + 1;
        match *event {
            Event::Counted { on_hand, safety } => Self { version, on_hand, safety, ..before },
            Event::Adjusted { delta, .. } => {
                Self { version, on_hand: before.on_hand.clamped(delta.into()), ..before }
            }
            Event::Held(pieces) => Self { version, held: before.held.clamped(pieces.get().into()), ..before },
            Event::Released(pieces) => {
                Self { version, held: before.held.clamped(-i64::from(pieces.get())), ..before }
            }
            Event::HandedOver(pieces) => Self {
                version,
                held: before.held.clamped(-i64::from(pieces.get())),
                on_hand: before.on_hand.clamped(-i64::from(pieces.get())),
                ..before
            },
        }
    }
}
