//! The command side: decides commands and makes them durable, each in one transaction with its events.
//!
//! `domain` decides, `store` reads and writes, `app` joins the two, `http` is the API. It must never answer a command
//! that is not committed, and never publish anything but through the outbox.

pub mod app;
pub mod bell;
pub mod domain;
pub mod http;
pub mod purge;
pub mod store;
pub mod sweeper;
