//! Finding the server programs that this machine already has.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::programs::{Package, programs};

/// The server program only, where there is such a package: nothing then starts a service of its own.
pub(super) const MARIADB: Package = Package {
    name: "MariaDB, which is used for this project's private database only",
    // The client's package has a program that `mariadb-install-db` calls.
    apt: &["mariadb-server-core", "mariadb-client-core"],
    dnf: &["mariadb-server"],
    apk: &["mariadb"],
    pacman: &["mariadb"],
    brew: &["mariadb"],
};

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
