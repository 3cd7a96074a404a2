//! Programs that we use and do not ship: finding them on this machine, or installing them.
//!
//! It must never run what it finds.

mod install;

use std::ffi::OsStr;
use std::path::PathBuf;

pub(crate) use install::{Package, Step, install};

/// Where packages put programs that are not on everybody's `PATH`.
const DIRECTORIES: [&str; 12] = [
    "/usr/sbin",
    "/usr/bin",
    "/usr/libexec",
    "/usr/local/sbin",
    "/usr/local/bin",
    "/usr/local/mysql/bin",
    "/usr/local/opt/mariadb/bin",
    "/usr/local/opt/mysql/bin",
    "/opt/homebrew/bin",
    "/opt/homebrew/opt/mariadb/bin",
    "/opt/homebrew/opt/mysql/bin",
    "/opt/local/lib/mariadb/bin",
];

/// Programs of these names on this machine, in order of the names, then of the directories.
pub(crate) fn programs(names: &'static [&'static str]) -> impl Iterator<Item = PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let on_path: Vec<PathBuf> = std::env::split_paths(OsStr::new(&path)).collect();
    names.iter().flat_map(move |name| {
        let on_path = on_path.clone();
        let directories = on_path.into_iter().chain(DIRECTORIES.iter().map(PathBuf::from));
        directories.map(move |directory| directory.join(name)).filter(|program| program.is_file())
    })
}
