//! Limits for a machine that plays all clients at once.

use std::io;
use std::path::{Path, PathBuf};

/// What the file says.
pub const WIDE: &str = include_str!("../throttle.toml");

/// What a service needs in its environment to keep to [`WIDE`], from a file in this directory.
///
/// # Errors
/// When the file cannot be written.
pub fn environment(dir: &Path) -> io::Result<(&'static str, PathBuf)> {
    let file = dir.join("throttle.toml");
    std::fs::write(&file, WIDE)?;
    Ok(("THROTTLE_FILE", file))
}
