//! The development stack: everything that runs Torioki on one machine.
//!
//! Owns the embedded engines, the processes of the services, demo data, and the runners behind `cargo dev`. It must
//! never be part of what is deployed, and no service may depend on it.

pub mod bench;
pub mod browser;
pub mod cli;
pub mod compare;
pub mod console;
pub mod dataset;
pub mod engines;
pub mod fill;
pub mod issuer;
pub mod limits;
pub mod load;
pub mod plot;
pub mod process;
mod programs;
pub mod replay;
pub mod secret;
pub mod service;
pub mod shots;
pub mod stack;
pub mod usage;
