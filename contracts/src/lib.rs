//! The language that the services share: ids, quantities, events and problem codes.
//!
//! Owns what has to mean the same on both sides of the outbox. It must never do IO, read a clock, or know a service.

mod aggregate;
mod event;
mod hours;
mod id;
mod open;
mod pickup;
mod policy;
mod quantity;
mod table;
mod text;
mod wire;

pub mod consistency;
#[cfg(feature = "json")]
pub mod json;
#[cfg(feature = "openapi")]
pub mod openapi;
pub mod problem;
pub mod search;
pub mod trace;

pub use aggregate::{Aggregate, AggregateError};
pub use event::event_type;
pub use hours::{HoursError, LocalTime, OpeningHours, Span, SpecialDay};
pub use id::{Brand, IdError, ProductCode, ReservationId, Sku, StoreId};
pub use pickup::{PickupCode, PickupCodeError};
pub use policy::{HoldPolicy, Lasts, MAX_CUSTOMER_EXTENSIONS, MAX_STAFF_EXTENSIONS, PolicyError, Until};
pub use quantity::{Level, Quantity, QuantityError};
pub use table::{SCHEMA_LOCK, Table, TablePrefix, due, outbox};
pub use text::{Text, TextError};
pub use wire::WireError;

/// The protobuf event contract, `contracts/proto/torioki/events/v1`.
#[allow(missing_docs, unreachable_pub, clippy::doc_markdown)]
pub mod events {
    include!(concat!(env!("OUT_DIR"), "/torioki.events.v1.rs"));
}
