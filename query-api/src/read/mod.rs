//! Reading the projection.
//!
//! Owns every SQL statement of this service. Each is an index range with bound parameters and a bounded number of
//! rows; none uses OFFSET.
//!
//! **Whose a hold is, only [`customers`] reads**, and only for staff (docs/adr, 0022). No other statement in this folder may
//! select a customer's name, phone or mail, not even to leave it out later, and none at all a phone whole or a mail.
//! `tests/privacy.rs` fails when one does.

mod applied;
mod as_of;
mod connections;
mod error;
mod schema;
mod session;
mod source;
mod takes;
mod waiting;

pub(crate) mod brands;
pub(crate) mod changes;
pub(crate) mod counts;
pub(crate) mod customers;
pub(crate) mod described;
pub(crate) mod geo;
pub(crate) mod history;
pub(crate) mod inventory;
mod list;
pub(crate) mod places;
pub(crate) mod products;
pub(crate) mod reservations;
pub(crate) mod search;
pub(crate) mod shops;
pub(crate) mod shortfalls;
pub(crate) mod stock;
pub(crate) mod store_stock;
pub(crate) mod stores;

pub(crate) use as_of::AsOf;
pub(crate) use error::Error;
pub(crate) use schema::check_schema;
pub(crate) use session::{First, Session};
pub(crate) use source::Needs;
pub use source::Source;

/// What was asked for is not in the projection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Missing {
    Store,
    Sku,
    Product,
    /// Store and SKU are both known, but the SKU was never counted there.
    Stock,
    Reservation,
}

/// Up to `limit` rows, and whether there are more behind them.
#[derive(Debug)]
pub(crate) struct Page<T> {
    pub(crate) rows: Vec<T>,
    pub(crate) more: bool,
}

impl<T> Page<T> {
    /// How many rows to ask for, to learn whether there are more than `limit`.
    fn fetch_limit(limit: u32) -> u32 {
        limit.saturating_add(1)
    }

    /// Makes a page of what was fetched with [`Page::fetch_limit`].
    fn of(mut rows: Vec<T>, limit: u32) -> Self {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let more = rows.len() > limit;
        rows.truncate(limit);
        Self { rows, more }
    }
}
