//! Secrets of one stack: made when they are first asked for, and kept in files that nobody but their owner reads.
//!
//! Owns the files. A secret must never be compiled in, printed, or made anew while its file is there.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use anyhow::{Context, Result, anyhow};
use ring::rand::{SecureRandom, SystemRandom};

/// Bytes of a secret that services derive their own from, or sign with: as many as an HMAC with SHA-256 makes use of.
const KEY_BYTES: usize = 32;
/// Only for its owner.
const MODE: u32 = 0o600;
/// File of the secret that services derive their own from, in the directory of a stack.
pub const SERVICES: &str = "secret-key";
/// File of the key that cursors are signed with, there.
pub const CURSORS: &str = "cursor-key";

/// A secret of the stack with this state, kept in this file of it: 64 hexadecimal digits.
///
/// # Errors
/// When it can neither be read nor written.
pub fn key(state_dir: &Path, file: &str) -> Result<String> {
    let kept = kept(&state_dir.join(file), || {
        let mut key = [0; KEY_BYTES];
        SystemRandom::new().fill(&mut key).map_err(|_| anyhow!("the system gives no random numbers"))?;
        Ok(hex::encode(key).into_bytes())
    })?;
    String::from_utf8(kept).context("the secret key's file holds something else")
}

/// What the file holds; what `make` makes, where there is none yet. Of two that make it at once one wins, and both
/// return its secret.
pub(crate) fn kept(path: &Path, make: impl FnOnce() -> Result<Vec<u8>>) -> Result<Vec<u8>> {
    let named = || path.display().to_string();
    match std::fs::read(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        read => return read.with_context(named),
    }
    if let Some(dir) = path.parent() {
        std::fs::create_dir_all(dir).with_context(named)?;
    }
    // Written elsewhere and then linked to its place, which fails where there is one: so it is whole or not there.
    let draft = path.with_extension(format!("{}.new", std::process::id()));
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(MODE).open(&draft)?;
    file.write_all(&make()?)?;
    file.sync_all()?;
    let linked = std::fs::hard_link(&draft, path);
    std::fs::remove_file(&draft)?;
    match linked {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(error).with_context(named),
        _ => std::fs::read(path).with_context(named),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_stack_keeps_its_secret_to_itself() {
        let (dir, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let made = key(&dir.path().join("up"), SERVICES).unwrap();
        assert_eq!(made.len(), 2 * KEY_BYTES);
        assert_eq!(key(&dir.path().join("up"), SERVICES).unwrap(), made);
        assert_ne!(key(other.path(), SERVICES).unwrap(), made);
        let files: Vec<_> = std::fs::read_dir(dir.path().join("up")).unwrap().map(Result::unwrap).collect();
        assert_eq!(files.len(), 1);
        assert_eq!(files[0].metadata().unwrap().permissions().mode() & 0o777, MODE);
    }

    #[test]
    fn the_first_of_two_wins() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("secret");
        let late = kept(&path, || {
            std::fs::write(&path, "first")?;
            Ok(b"second".to_vec())
        });
        assert_eq!(late.unwrap(), b"first");
    }
}
