//! One run at a time on one state directory.

use std::fs::{File, TryLockError};
use std::path::Path;

use anyhow::{Context, Result, bail};

/// Held for as long as this lives; the system lets go of it even when the process is killed.
pub(super) struct Lock {
    _file: File,
}

impl Lock {
    pub(super) fn take(state_dir: &Path) -> Result<Self> {
        // Beside the directory: a reset deletes the directory itself.
        let path = state_dir.with_extension("lock");
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent).with_context(|| format!("cannot make {}", parent.display()))?;
        }
        let file = File::create(&path).with_context(|| format!("cannot write {}", path.display()))?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => bail!(
                "another `cargo dev` is using {}; stop it first (Ctrl-C in its terminal)",
                state_dir.display()
            ),
            Err(TryLockError::Error(error)) => Err(error).context(format!("cannot lock {}", path.display())),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    #[test]
    fn a_second_run_is_refused_until_the_first_is_over() {
        let dir = tempfile::tempdir().unwrap();
        let state_dir = dir.path().join("up");
        let first = Lock::take(&state_dir).unwrap();
        assert!(Lock::take(&state_dir).is_err());
        drop(first);
        // A child that another test is starting just now has the file open until it runs its own program.
        let deadline = Instant::now() + Duration::from_secs(5);
        while Lock::take(&state_dir).is_err() {
            assert!(Instant::now() < deadline, "the lock is still held");
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}
