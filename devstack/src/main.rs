//! `cargo dev`: see [`devstack::cli`].

use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    devstack::cli::run().await
}
