//! Logs: JSON lines on standard error, so that standard output stays free for what a person asked for.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

/// Starts logging. The filter comes from `RUST_LOG`; without it, from `info` up.
pub fn init() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    if std::io::stderr().is_terminal() {
        builder.init();
    } else {
        builder.json().flatten_event(true).with_current_span(true).with_span_list(false).init();
    }
}
