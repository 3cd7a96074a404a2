//! One customer's hold in one store, and the states it goes through.

use chrono::{DateTime, Utc};
use contracts::{Quantity, ReservationId, Sku, StoreId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Refusal;
use super::customer::{Customer, CustomerKey};

/// Where a hold stands. The last three are final.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ReservationStatus)]
pub enum Status {
    /// Promised; the pieces are still on the shelf.
    Held,
    /// Fetched from the shelf; the customer may come.
    Ready,
    /// Handed over.
    Collected,
    /// Given up.
    Cancelled,
    /// Nobody came in time.
    Expired,
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
            Self::Expired => "expired",
        }
    }

    /// Whether pieces are kept.
    #[must_use]
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Held | Self::Ready)
    }
}

/// Some pieces of one SKU.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = ReservationLine)]
pub struct Line {
    /// The SKU; no other line of the reservation has it.
    pub sku: Sku,
    /// Pieces.
    pub quantity: Quantity,
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
    /// The customer by what may be counted of them, without saying who they are.
    pub customer_keys: Vec<CustomerKey>,
    /// The customer's account, as the issuer of tokens calls it.
    pub customer_id: Option<String>,
    /// SHA-256, in hex, of the capability that the customer was given.
    pub capability_hash: Option<String>,
    /// When it was placed.
    pub placed_at: DateTime<Utc>,
    /// Until when the pieces are kept.
    pub expires_at: DateTime<Utc>,
    /// How often that was prolonged.
    pub extensions: u32,
}

/// What one may do to a hold that is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Command {
    /// The pieces were fetched from the shelf.
    MakeReady,
    /// The customer takes them.
    Collect,
    /// The customer does not want them, or the store cannot give them.
    Cancel,
    /// The customer needs more time.
    Extend {
        /// Until when.
        until: DateTime<Utc>,
        /// How often a hold may be extended by whoever asks.
        most: u32,
    },
    /// The time is over.
    Expire,
    /// It ended long ago, and nobody needs to know whose it was.
    Anonymise {
        /// Its time must have been over before then.
        ended_before: DateTime<Utc>,
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
    Cancelled,
    /// Its time was prolonged.
    Extended {
        /// Until when.
        until: DateTime<Utc>,
    },
    /// Its time was over.
    Expired,
    /// It was forgotten whose it was.
    Anonymised,
}

impl Reservation {
    /// Whether it is forgotten whose it was.
    #[must_use]
    pub fn is_anonymous(&self) -> bool {
        self.customer == Customer::nobody()
    }

    /// What a command leads to.
    ///
    /// # Errors
    /// When the state does not allow it, the hold's time is over, or it was extended often enough.
    pub fn decide(&self, command: Command, now: DateTime<Utc>) -> Result<Event, Refusal> {
        let overdue = now >= self.expires_at;
        let (wanted, allowed) = match command {
            Command::MakeReady => ("made ready", self.status == Status::Held),
            Command::Collect => ("collected", self.status.is_open()),
            Command::Cancel => ("cancelled", self.status.is_open()),
            Command::Extend { .. } => ("extended", self.status.is_open()),
            Command::Expire => ("expired", self.status.is_open() && overdue),
            Command::Anonymise { ended_before } => {
                let due = !self.status.is_open() && self.expires_at < ended_before;
                ("anonymised", due && !self.is_anonymous())
            }
        };
        if !allowed {
            return Err(Refusal::InvalidTransition { status: self.status, version: self.version, wanted });
        }
        let in_time_only = !matches!(command, Command::Cancel | Command::Expire | Command::Anonymise { .. });
        if overdue && in_time_only {
            return Err(Refusal::ReservationExpired(self.expires_at));
        }
        match command {
            Command::MakeReady => Ok(Event::MadeReady),
            Command::Collect => Ok(Event::Collected),
            Command::Cancel => Ok(Event::Cancelled),
            Command::Extend { most, .. } if self.extensions >= most => Err(Refusal::ExtensionLimit { most }),
            // A policy may have become shorter since: time once promised is not taken back.
            Command::Extend { until, .. } => Ok(Event::Extended { until: until.max(self.expires_at) }),
            Command::Expire => Ok(Event::Expired),
            Command::Anonymise { .. } => Ok(Event::Anonymised),
        }
    }

    /// The hold after an event. Never fails.
    #[must_use]
    pub fn evolve(self, event: &Event) -> Self {
        let version = self.version + 1;
        let status = match event {
            Event::Held(placed) => return (**placed).clone(),
            Event::Extended { until } => {
                return Self { version, expires_at: *until, extensions: self.extensions + 1, ..self };
            }
            Event::Anonymised => {
                return Self {
                    version,
                    customer: Customer::nobody(),
                    customer_keys: Vec::new(),
                    customer_id: None,
                    capability_hash: None,
                    ..self
                };
            }
            Event::MadeReady => Status::Ready,
            Event::Collected => Status::Collected,
            Event::Cancelled => Status::Cancelled,
            Event::Expired => Status::Expired,
        };
        Self { version, status, ..self }
    }
}
