//! Who is asking.
//!
//! Owns the check of bearer tokens (JWT) against the keys of one issuer, and the capabilities by which a guest is known
//! again. It says who a caller is, and must never decide what a caller may do; a token or a capability must never reach
//! a log.

mod capability;
mod client;
mod crypto;
mod denied;
mod error;
mod fetch;
mod jwks;
mod keys;
mod options;
mod principal;
mod user;
mod verifier;

#[cfg(test)]
mod tests;

pub use capability::{Capability, CapabilityError};
pub use client::{Client, ClientError};
pub use denied::Denied;
pub use error::Error;
pub use options::Options;
pub use principal::{Principal, layer};
pub(crate) use principal::{Refusal, principal};
pub use user::{Role, User, UserError};
pub use verifier::Verifier;
