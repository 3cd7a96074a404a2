//! Installing programs from the machine's own package manager.
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

/// A program, as package managers call it. It may take several packages.
pub(crate) struct Package {
    /// What it is, and what for, to whoever watches it being installed.
    pub(crate) name: &'static str,
    pub(crate) apt: &'static [&'static str],
    pub(crate) dnf: &'static [&'static str],
    pub(crate) apk: &'static [&'static str],
    pub(crate) pacman: &'static [&'static str],
    pub(crate) brew: &'static [&'static str],
}

/// A package manager and what it is told, in order, with the names of the packages behind `install`; the last step is the
/// one that changes the system.
struct Manager {
    program: &'static str,
    update: &'static [&'static str],
    download: &'static [&'static str],
    install: &'static [&'static str],
    packages: fn(&Package) -> &'static [&'static str],
    needs_root: bool,
}

const MANAGERS: [Manager; 5] = [
    Manager {
        program: "apt-get",
        update: &["update"],
        download: &["install", "--yes", "--no-install-recommends", "--download-only"],
        install: &["install", "--yes", "--no-install-recommends"],
        packages: |package| package.apt,
        needs_root: true,
    },
    Manager {
        program: "dnf",
        update: &[],
        download: &[],
        install: &["install", "-y"],
        packages: |package| package.dnf,
        needs_root: true,
    },
    Manager {
        program: "apk",
        update: &[],
        download: &[],
        install: &["add", "--no-cache"],
        packages: |package| package.apk,
        needs_root: true,
    },
    Manager {
        program: "pacman",
        update: &[],
        download: &[],
        install: &["-S", "--noconfirm", "--needed"],
        packages: |package| package.pacman,
        needs_root: true,
    },
    Manager {
        program: "brew",
        update: &[],
        download: &[],
        install: &["install"],
        packages: |package| package.brew,
        needs_root: false,
    },
];

impl Manager {
    fn steps(&self, package: &Package) -> Vec<Vec<&'static str>> {
        let packages = (self.packages)(package);
        let named = [self.download, self.install].into_iter().filter(|step| !step.is_empty());
        let update = (!self.update.is_empty()).then(|| self.update.to_vec());
        update.into_iter().chain(named.map(|step| [step, packages].concat())).collect()
    }
}

/// Installs what a package has.
///
/// # Errors
/// When there is no package manager that we know, we may not use it, or it fails.
pub(crate) async fn install(package: &Package) -> anyhow::Result<()> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let exists =
        |manager: &&Manager| std::env::split_paths(&path).any(|dir| dir.join(manager.program).is_file());
    let manager = MANAGERS.iter().find(exists).context("no known package manager was found")?;
    let steps = manager.steps(package);
    let sudo = manager.needs_root && !nix::unistd::geteuid().is_root();
    if sudo && !sudo_works().await {
        let last = steps.last().map(|step| step.join(" ")).unwrap_or_default();
        bail!("installing it needs root (`sudo {} {last}`)", manager.program);
    }
    say(format_args!("installing {}", package.name));
    for (number, arguments) in steps.iter().enumerate() {
        let last = number + 1 == steps.len();
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
pub(crate) struct Step {
    process: Process,
    line: String,
    sudo: bool,
    let_finish: bool,
}

impl Step {
    /// Shows the command and starts it.
    pub(crate) fn announce(program: &str, arguments: &[&str]) -> anyhow::Result<Self> {
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
    pub(crate) async fn finish(mut self, longest: Duration) -> anyhow::Result<()> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_step_installs_what_the_one_before_has_fetched() {
        let names = &["one", "two"];
        let package = Package { name: "", apt: names, dnf: names, apk: names, pacman: names, brew: names };
        let lines =
            |manager: &Manager| manager.steps(&package).iter().map(|step| step.join(" ")).collect::<Vec<_>>();
        assert_eq!(
            lines(&MANAGERS[0]),
            [
                "update",
                "install --yes --no-install-recommends --download-only one two",
                "install --yes --no-install-recommends one two",
            ]
        );
        assert_eq!(lines(&MANAGERS[4]), ["install one two"]);
    }
}
