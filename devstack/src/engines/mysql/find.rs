//! Finding the server programs that this machine already has.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Where packages put server programs that are not on everybody's `PATH`.
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

/// What a server program is; the two take different options and cannot read each other's data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flavour {
    /// MariaDB.
    MariaDb,
    /// Oracle's MySQL.
    MySql,
}

impl Flavour {
    /// The data directory of servers of this kind, inside the engine's directory.
    pub(super) fn data(self, dir: &Path) -> PathBuf {
        dir.join(match self {
            Self::MariaDb => "mariadb",
            Self::MySql => "mysql",
        })
    }
}

/// A server program.
#[derive(Debug, Clone)]
pub(super) struct Server {
    pub(super) program: PathBuf,
    pub(super) flavour: Flavour,
}

/// The server program to use: the one whose data is already in the directory, else the first that is found.
pub(super) fn server(dir: &Path) -> Option<Server> {
    let servers = servers();
    let with_data = servers.iter().find(|server| server.flavour.data(dir).exists());
    with_data.or(servers.first()).cloned()
}

/// Every server program on this machine.
pub(super) fn servers() -> Vec<Server> {
    programs(&["mariadbd", "mysqld"]).filter_map(recognise).collect()
}

/// Programs of these names on this machine, in order of the names, then of the directories.
pub(super) fn programs(names: &'static [&'static str]) -> impl Iterator<Item = PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let on_path: Vec<PathBuf> = std::env::split_paths(OsStr::new(&path)).collect();
    names.iter().flat_map(move |name| {
        let on_path = on_path.clone();
        let directories = on_path.into_iter().chain(DIRECTORIES.iter().map(PathBuf::from));
        directories.map(move |directory| directory.join(name)).filter(|program| program.is_file())
    })
}

/// On many systems `mysqld` is MariaDB under its old name.
fn recognise(program: PathBuf) -> Option<Server> {
    let output =
        Command::new(&program).args(["--no-defaults", "--version"]).stdin(Stdio::null()).output().ok()?;
    let version = String::from_utf8_lossy(&output.stdout);
    let flavour = match &version {
        version if !output.status.success() || version.is_empty() => return None,
        version if version.contains("MariaDB") => Flavour::MariaDb,
        _ => Flavour::MySql,
    };
    Some(Server { program, flavour })
}
