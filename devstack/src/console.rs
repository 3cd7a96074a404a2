//! What a person is told while they wait.

use std::fmt::Display;
use std::io::{Write, stderr, stdout};

/// Tells of progress, on standard error. A terminal that has gone away is no reason to stop halfway.
pub fn say(text: impl Display) {
    let _ = writeln!(stderr(), "{text}");
}

/// Tells a result, on standard output.
pub fn tell(text: impl Display) {
    let _ = writeln!(stdout(), "{text}");
}
