//! The rules of stock and holds.
//!
//! `decide` may refuse; `evolve` never does. Nothing here sees a clock, randomness or IO: whoever calls says what time
//! it is and which ids are new. Every decision raises the version of what it changes by exactly one.

pub mod customer;
pub mod hold;
pub mod master;
pub mod reservation;
pub mod stock;

mod refusal;

pub use refusal::{Refusal, Shortage};
