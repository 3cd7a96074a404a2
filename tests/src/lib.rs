//! What integration tests stand on: real engines, real processes, and a judge.
//!
//! Every test has a database and a table prefix of its own, so all run at once. It must never be part of what is
//! deployed; it panics where a test should fail.

mod api;
mod database;
mod faults;
mod ledger;
mod limits;
mod pair;
mod proxy;
mod records;
mod runtime;
mod system;
mod tables;
pub mod tokens;

use nix::sys::resource::{Resource, getrlimit, setrlimit};

pub use api::{Answer, Api, unique};
pub use database::Database;
pub use faults::{Call, Fault, Faults, HeldBack};
pub use ledger::{Count, Hold, Ledger};
pub use limits::{LimitsFile, WIDE_LIMITS};
pub use pair::Pair;
pub use proxy::Proxy;
pub use records::{kinesis_record, stream_records};
pub use runtime::Runtime;
pub use system::{System, until};
pub use tables::Tables;

/// Lets this process have so many files and sockets open, as far as the system does.
pub fn allow_files(count: usize) {
    let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
    setrlimit(Resource::RLIMIT_NOFILE, soft.max(count as u64).min(hard), hard).unwrap();
}

/// A variable that `cargo dev test` sets.
///
/// # Panics
/// When it is not set.
#[must_use]
pub fn variable(name: &str) -> String {
    match std::env::var(name) {
        Ok(value) if !value.is_empty() => value,
        _ => panic!("{name} is not set: run the tests with `cargo dev test`"),
    }
}
