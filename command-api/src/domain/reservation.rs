//! One customer's hold in one store, and the states it goes through.

use chrono::{DateTime, Utc};
use contracts::{Quantity, ReservationId, Sku, StoreId};
use serde::{Deserialize, Serialize};

use super::Refusal;

/// Where a hold stands. The last two are final.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Promised; the pieces are still on the shelf.
    Held,
    /// Fetched from the shelf; the customer may come.
    Ready,
    /// Handed over.
    Collected,
    /// Given up.
    Cancelled,
}

impl Status {
    /// The status as it stands in the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Held => "held",
            Self::Ready => "ready",
            Self::Collected => "collected",
            Self::Cancelled => "cancelled",
        }
    }
}

/// Some pieces of one SKU.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// The SKU; no other line of the reservation has it.
    pub sku: Sku,
    /// Pieces.
    pub quantity: Quantity,
}

/// For whom the pieces are kept, and how to reach them.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Customer {
    /// Name to call out.
    pub name: String,
    /// Telephone number, as the customer wrote it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    /// Mail address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
}

/// Says nothing of the person: what is printed for debugging ends in logs.
impl std::fmt::Debug for Customer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Customer(..)")
    }
}

/// A hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reservation {
    /// Its id.
    pub id: ReservationId,
    /// Raised by one with every change.
    pub version: u64,
    /// The store that keeps the pieces.
    pub store_id: StoreId,
    /// Where it stands.
    pub status: Status,
    /// What is kept.
    pub lines: Vec<Line>,
    /// For whom.
    pub customer: Customer,
    /// When it was placed.
    pub placed_at: DateTime<Utc>,
    /// Until when the pieces are kept.
    pub expires_at: DateTime<Utc>,
}

/// What one may do to a hold that is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// The pieces were fetched from the shelf.
    MakeReady,
    /// The customer takes them.
    Collect,
    /// The customer does not want them, or the store cannot give them.
    Cancel {
        /// Why, in the words of whoever cancels.
        reason: Option<String>,
    },
}

/// What happened to a hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// It was placed.
    Held(Box<Reservation>),
    /// The pieces lie ready.
    MadeReady,
    /// They were handed over.
    Collected,
    /// It was given up.
    Cancelled {
        /// Why.
        reason: Option<String>,
    },
}

impl Reservation {
    /// What a command leads to.
    ///
    /// # Errors
    /// When the state does not allow it, or the hold's time is over.
    pub fn decide(&self, command: Command, now: DateTime<Utc>) -> Result<Event, Refusal> {
        let wanted = match command {
            Command::MakeReady => "made ready",
            Command::Collect => "collected",
            Command::Cancel { .. } => "cancelled",
        };
        let allowed = match command {
            Command::MakeReady => self.status == Status::Held,
            Command::Collect | Command::Cancel { .. } => matches!(self.status, Status::Held | Status::Ready),
        };
        if !allowed {
            return Err(Refusal::InvalidTransition { status: self.status, version: self.version, wanted });
        }
        if now >= self.expires_at && !matches!(command, Command::Cancel { .. }) {
            return Err(Refusal::ReservationExpired(self.expires_at));
        }
        Ok(match command {
            Command::MakeReady => Event::MadeReady,
            Command::Collect => Event::Collected,
            Command::Cancel { reason } => Event::Cancelled { reason },
        })
    }

    /// The hold after an event.
    #[must_use]
    pub fn evolve(self, event: &Event) -> Self {
        let status = match event {
            Event::Held(placed) => return (**placed).clone(),
            Event::MadeReady => Status::Ready,
            Event::Collected => Status::Collected,
            Event::Cancelled { .. } => Status::Cancelled,
        };
        Self { version: self.version + 1, status, ..self }
    }
}
