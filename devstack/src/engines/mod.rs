//! The two databases, run on this machine for one stack or one test run.
//!
//! Owns their processes, ports and files. It must never touch an engine that somebody else runs.

pub mod dynamodb;
pub mod mysql;

pub use dynamodb::Dynamodb;
pub use mysql::Mysql;
