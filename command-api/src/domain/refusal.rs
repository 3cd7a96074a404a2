//! Why a command is refused: a decision, not a failure.

use chrono::{DateTime, Utc};
use contracts::{ProductCode, ReservationId, Sku, StoreId};

use super::reservation::Status;

/// One SKU of which fewer pieces are available than asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shortage {
    /// The SKU.
    pub sku: Sku,
    /// Pieces asked for.
    pub requested: u32,
    /// Pieces that can be held.
    pub available: u32,
}

impl Refusal {
    /// Whether what was read and leads to the refusal is conditioned on when the command is written. If it is not (a
    /// policy, the time), an earlier try of the same command that is still under way may yet go through.
    #[must_use]
    pub fn holds_for_earlier_tries(&self) -> bool {
        match self {
            Self::UnknownStock { .. }
            | Self::InsufficientStock(_)
            | Self::InvalidTransition { .. }
            | Self::VersionMismatch { .. }
            | Self::CustomerLimit { .. }
            | Self::ExtensionLimit { .. }
            | Self::CountTooOld { .. }
            | Self::StockOutOfRange { .. }
            | Self::StockShortfall { .. }
            | Self::SkuRemoved(_) => true,
            Self::UnknownStore(_)
            | Self::UnknownProduct(_)
            | Self::UnknownSku(_)
            | Self::UnknownReservation(_)
            | Self::HoldsNotAccepted(_)
            | Self::HoldTooLarge { .. }
            | Self::ReservationExpired(_)
            | Self::SkuOfOtherProduct { .. } => false,
        }
    }
}

/// Why a command is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// No such store.
    #[error("store `{0}` is not known")]
    UnknownStore(StoreId),
    /// No such SKU.
    #[error("SKU `{0}` is not known")]
    UnknownSku(Sku),
    /// The SKU was never counted in the store.
    #[error("SKU `{sku}` was never counted in store `{store_id}`; count it first")]
    UnknownStock {
        /// The store.
        store_id: StoreId,
        /// The SKU.
        sku: Sku,
    },
    /// No such reservation.
    #[error("reservation `{0}` is not known")]
    UnknownReservation(ReservationId),
    /// Fewer pieces are available than asked for, of each SKU named.
    #[error("fewer pieces are available than asked for; ask for fewer, or look in another store")]
    InsufficientStock(Vec<Shortage>),
    /// The reservation's state does not allow the move.
    #[error("a reservation that is {} cannot be {wanted}", status.as_str())]
    InvalidTransition {
        /// What the reservation is.
        status: Status,
        /// Its version.
        version: u64,
        /// What it was to become.
        wanted: &'static str,
    },
    /// The aggregate is not at the version that the caller has seen.
    #[error("the version is {current}, not the one in If-Match; look at it again, then decide")]
    VersionMismatch {
        /// What its version is; 0 when there is none.
        current: u64,
    },
    /// The store takes no holds, or is closed for as far as one can see.
    #[error("store `{0}` takes no holds now")]
    HoldsNotAccepted(StoreId),
    /// More pieces than the store keeps: of one SKU, or altogether.
    #[error("the store keeps at most {most} pieces {}; ask for fewer", match sku { Some(sku) => format!("of `{sku}`"), None => "in one hold".to_owned() })]
    HoldTooLarge {
        /// The SKU, if it is one of them.
        sku: Option<Sku>,
        /// How many it keeps.
        most: u32,
    },
    /// The customer has as many running holds as the store allows.
    #[error("the customer has {most} running holds; collect or cancel one first")]
    CustomerLimit {
        /// How many it allows.
        most: u32,
    },
    /// The hold was extended as often as whoever asks may do.
    #[error(
        "the hold has been extended, and cannot be again: at most {most} times by you or by the store together"
    )]
    ExtensionLimit {
        /// How often they may.
        most: u32,
    },
    /// A count was taken before movements that are forgotten.
    #[error(
        "the count was taken before {oldest}, and what came and went until then is forgotten; count again"
    )]
    CountTooOld {
        /// The oldest time for which a count can still be rebased.
        oldest: DateTime<Utc>,
    },
    /// No such product.
    #[error("product `{0}` is not known")]
    UnknownProduct(ProductCode),
    /// The hold's time is over.
    #[error("the hold ended at {0}; place a new one")]
    ReservationExpired(DateTime<Utc>),
    /// The movement leads out of the range of a count.
    #[error("{on_hand} pieces are on hand; a movement of {delta} leaves no possible count")]
    StockOutOfRange {
        /// Pieces on hand.
        on_hand: u32,
        /// The movement.
        delta: i32,
    },
    /// Fewer pieces are on hand, by the count, than are to be handed over.
    #[error(
        "the count of `{sku}` says {on_hand}, fewer than are handed over; correct the count, then collect"
    )]
    StockShortfall {
        /// The SKU.
        sku: Sku,
        /// Pieces on hand.
        on_hand: u32,
    },
    /// The SKU belongs to another product.
    #[error("SKU `{sku}` belongs to product `{product_code}`")]
    SkuOfOtherProduct {
        /// The SKU.
        sku: Sku,
        /// The product that has it.
        product_code: ProductCode,
    },
    /// A product's new definition leaves out a SKU.
    #[error("SKU `{0}` belongs to the product and is left out; send all of its SKUs")]
    SkuRemoved(Sku),
}
