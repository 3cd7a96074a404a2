//! A headless browser, driven as a person drives one.
//!
//! Owns where Chromium and its driver come from, their processes, and the calls of WebDriver (W3C) that we make. It must
//! never know what a page is about, and never leave a browser behind.
//!
//! The client is our own: WebDriver is JSON over HTTP, and of it we need a dozen calls. `fantoccini` would bring eight
//! crates, and has no call for what half of our questions are put to: the logs, and Chromium's own commands.

mod chromium;
mod keys;
mod watch;
mod window;
mod wire;

pub use chromium::Chromium;
pub use keys::Key;
pub use window::{Look, Window};
