//! What every Torioki binary boots with.
//!
//! Owns how a service talks HTTP, learns who is asking, logs, is asked for its health, reaches its databases and stops.
//! It must never know what a service does.

pub mod cors;
pub mod extract;
pub mod health;
pub mod metrics;
pub mod server;
pub mod telemetry;

#[cfg(feature = "auth")]
pub mod auth;
#[cfg(feature = "docs")]
pub mod docs;
#[cfg(feature = "dynamodb")]
pub mod dynamodb;
#[cfg(feature = "mysql")]
pub mod mysql;
#[cfg(feature = "docs")]
pub mod openapi;
#[cfg(feature = "auth")]
pub mod throttle;

#[cfg(feature = "lambda")]
pub mod lambda;
mod problem;
mod problem_pages;
mod trace;

pub use problem::Problem;
