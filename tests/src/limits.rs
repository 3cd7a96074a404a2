//! Limits of callers that a test chooses.

use std::path::PathBuf;

use tempfile::TempDir;

pub use devstack::limits::WIDE as WIDE_LIMITS;

/// A file with limits that are wide but for what a test changes. Gone when dropped.
pub struct LimitsFile {
    _dir: TempDir,
    path: PathBuf,
}

impl LimitsFile {
    /// With these changes: section, name and value of each.
    #[must_use]
    pub fn new(changes: &[(&str, &str, &str)]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("throttle.toml");
        let file = Self { _dir: dir, path };
        file.write(changes);
        file
    }

    /// From now on it has these changes instead.
    pub fn write(&self, changes: &[(&str, &str, &str)]) {
        let mut section = String::new();
        let lines = WIDE_LIMITS.lines().map(|line| {
            if line.starts_with('[') {
                section = line.trim_matches(['[', ']']).to_owned();
            }
            let change = changes
                .iter()
                .find(|(of, name, _)| section == *of && line.split(" = ").next() == Some(*name));
            change.map_or_else(|| line.to_owned(), |(_, name, value)| format!("{name} = {value}"))
        });
        let text: Vec<String> = lines.collect();
        std::fs::write(&self.path, text.join("\n")).unwrap();
    }

    /// What a service needs in its environment to keep to it.
    #[must_use]
    pub fn environment(&self) -> [(&str, &str); 1] {
        [("THROTTLE_FILE", self.path.to_str().unwrap())]
    }
}
