//! Installing a server from the machine's own package manager.
//!
//! It must never ask for a password, and never leave a package half installed: the step that changes the system is
//! finished even when everything else is told to stop.

use std::io::{BufRead, BufReader, PipeReader};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, bail};

use crate::console::say;
use crate::process::{Group, Process};

/// How long a step may take: a slow mirror and the package's dependencies.
const STEP_TIMEOUT: Duration = Duration::from_secs(600);
/// How long an installation that has begun is let finish when everything else stops.
const FINISH_TIMEOUT: Duration = Duration::from_secs(60);
/// How long a step that was told to end may take.
const END_TIMEOUT: Duration = Duration::from_secs(5);
/// How long `sudo` may take to say whether it works without a password.
const SUDO_TIMEOUT: Duration = Duration::from_secs(10);

/// A package manager and what it is told, in order; the last step is the one that changes the system.
struct Manager {
    program: &'static str,
    steps: &'static [&'static [&'static str]],
    needs_root: bool,
}

/// The server programs only, where there is such a package: nothing then starts a service of its own.
const MANAGERS: [Manager; 5] = [
    Manager {
        program: "apt-get",
        steps: &[
            &["update"],
            // The client's package has a program that `mariadb-install-db` calls.
            &[
                "install",
                "--yes",
                "--no-install-recommends",
                "--download-only",
                "mariadb-server-core",
                "mariadb-client-core",
            ],
            &["install", "--yes", "--no-install-recommends", "mariadb-server-core", "mariadb-client-core"],
        ],
        needs_root: true,
    },
    Manager { program: "dnf", steps: &[&["install", "-y", "mariadb-server"]], needs_root: true },
    Manager { program: "apk", steps: &[&["add", "--no-cache", "mariadb"]], needs_root: true },
    Manager { program: "pacman", steps: &[&["-S", "--noconfirm", "--needed", "mariadb"]], needs_root: true },
    Manager { program: "brew", steps: &[&["install", "mariadb"]], needs_root: false },
];

/// Installs MariaDB's server.
///
/// # Errors
/// When there is no package manager that we know, we may not use it, or it fails.
pub(super) async fn install() -> anyhow::Result<()> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let exists =
        |manager: &&Manager| std::env::split_paths(&path).any(|dir| dir.join(manager.program).is_file());
    let manager = MANAGERS.iter().find(exists).context("no known package manager was found")?;
    let sudo = manager.needs_root && !nix::unistd::geteuid().is_root();
    if sudo && !sudo_works().await {
        let (program, steps) = (manager.program, manager.steps);
        let last = steps.last().map(|step| step.join(" ")).unwrap_or_default();
        bail!("installing it needs root (`sudo {program} {last}`)");
    }
    say("installing MariaDB, which is used for this project's private database only");
    for (number, arguments) in manager.steps.iter().enumerate() {
        let last = number + 1 == manager.steps.len();
        let mut step = Step::start(manager.program, arguments, sudo)?;
        step.let_finish = last;
        let finished = step.finish(STEP_TIMEOUT).await;
        // A stale mirror list of somebody else's makes `update` fail without harm; the last step tells.
        if last {
            finished?;
        }
    }
    Ok(())
}

async fn sudo_works() -> bool {
    let mut command = Command::new("sudo");
    command.args(["-n", "true"]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let Ok(mut sudo) = Process::spawn("sudo", &mut command, Group::Own, None) else { return false };
    let status = tokio::time::timeout(SUDO_TIMEOUT, sudo.wait()).await;
    matches!(status, Ok(Ok(status)) if status.success())
}

/// A command that is shown to the user with what it prints.
pub(super) struct Step {
    process: Process,
    line: String,
    sudo: bool,
    let_finish: bool,
}

impl Step {
    /// Shows the command and starts it.
    pub(super) fn announce(program: &str, arguments: &[&str]) -> anyhow::Result<Self> {
        Self::start(program, arguments, false)
    }

    fn start(program: &str, arguments: &[&str], sudo: bool) -> anyhow::Result<Self> {
        let mut line = format!("{program} {}", arguments.join(" "));
        let mut command = if sudo {
            line = format!("sudo {line}");
            let mut command = Command::new("sudo");
            command.args(["-n", "env", "DEBIAN_FRONTEND=noninteractive", program]);
            command
        } else {
            let mut command = Command::new(program);
            command.env("DEBIAN_FRONTEND", "noninteractive");
            command
        };
        say(format_args!("> {line}"));
        // Through a pipe: a package manager that sees a terminal draws on it and asks it questions.
        let (output, input) = std::io::pipe()?;
        command.args(arguments).stdin(Stdio::null()).stdout(input.try_clone()?).stderr(input);
        let process = Process::spawn(&line, &mut command, Group::Own, None)?;
        std::thread::spawn(move || show(output));
        Ok(Self { process, line, sudo, let_finish: false })
    }

    /// Waits for its end.
    pub(super) async fn finish(mut self, longest: Duration) -> anyhow::Result<()> {
        match tokio::time::timeout(longest, self.process.wait()).await {
            Ok(status) => match status? {
                status if status.success() => Ok(()),
                status => bail!("`{}` failed ({status})", self.line),
            },
            Err(_) => bail!("`{}` takes longer than {longest:?}", self.line),
        }
    }

    /// What runs as root takes no signal from us; `sudo` hands one on.
    fn end_as_root(&self) {
        let pid = self.process.pid().to_string();
        let _ = Command::new("sudo").args(["-n", "kill", "-TERM", &pid]).stdin(Stdio::null()).status();
    }
}

impl Drop for Step {
    fn drop(&mut self) {
        if !matches!(self.process.exited(), Ok(None)) {
            return;
        }
        if self.let_finish {
            say(format_args!("letting `{}` finish first ...", self.line));
            if matches!(self.process.wait_blocking(FINISH_TIMEOUT), Ok(Some(_))) {
                return;
            }
        }
        if self.sudo {
            self.end_as_root();
            let _ = self.process.wait_blocking(END_TIMEOUT);
        }
    }
}

fn show(output: PipeReader) {
    use std::io::Write;
    for line in BufReader::new(output).lines().map_while(Result::ok) {
        let _ = writeln!(std::io::stderr(), "  {line}");
    }
}
