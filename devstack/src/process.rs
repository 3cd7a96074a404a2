//! Child processes that never outlive their guard.
//!
//! Owns spawning, signalling and reaping. It must never wait without a bound, and never signal a process that it did
//! not start or has not recognised by its command line.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus};
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow};
use nix::errno::Errno;
use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::Pid;

/// How often a child is asked whether it still runs. Short against every start that is waited for.
pub(crate) const POLL: Duration = Duration::from_millis(20);
/// How much of the end of a log is looked at for its last lines.
const TAIL_BYTES: u64 = 8 * 1024;
/// How many of its last log lines are shown of a process that failed.
const TAIL_LINES: usize = 20;
/// How long a killed process may take until it is gone: only a process stuck in the kernel takes longer.
const KILL_WAIT: Duration = Duration::from_secs(5);

/// Which process group a child belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Group {
    /// One of its own: Ctrl-C in a terminal does not reach it, and whoever started it stops it in order.
    Own,
    /// That of the process that starts it: whoever ends that group ends the child too.
    Shared,
}

/// A running child. Dropping it kills it, and its group when that is its own.
#[derive(Debug)]
pub struct Process {
    name: String,
    child: Child,
    group: Group,
    log: Option<PathBuf>,
    status: Option<ExitStatus>,
}

impl Process {
    /// Starts the command. `log` is the file in which its last words are found, should it fail.
    ///
    /// # Errors
    /// When the program cannot be started.
    pub fn spawn(
        name: &str,
        command: &mut Command,
        group: Group,
        log: Option<&Path>,
    ) -> anyhow::Result<Self> {
        if group == Group::Own {
            command.process_group(0);
        }
        let child = command
            .spawn()
            .with_context(|| format!("cannot start {name} ({})", command.get_program().to_string_lossy()))?;
        Ok(Self { name: name.to_owned(), child, group, log: log.map(Path::to_owned), status: None })
    }

    /// The process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// How the process ended, if it has.
    ///
    /// # Errors
    /// When the system cannot tell.
    pub fn exited(&mut self) -> io::Result<Option<ExitStatus>> {
        if self.status.is_none() {
            self.status = self.child.try_wait()?;
            // What the process started and left behind goes with it. Only now: later the group's id may be another's.
            if self.status.is_some() && self.group == Group::Own {
                self.send(Signal::SIGKILL)?;
            }
        }
        Ok(self.status)
    }

    /// # Errors
    /// When the process has ended; the error names it and shows its last log lines.
    pub fn check(&mut self) -> anyhow::Result<()> {
        match self.exited()? {
            None => Ok(()),
            Some(status) => Err(self.failure(&format!("ended ({status})"))),
        }
    }

    /// An error about this process, with its last log lines.
    #[must_use]
    pub fn failure(&self, what: &str) -> anyhow::Error {
        let name = &self.name;
        match self.log.as_deref() {
            None => anyhow!("{name} {what}"),
            Some(log) => match tail(log) {
                lines if lines.is_empty() => anyhow!("{name} {what}; its log {} is empty", log.display()),
                lines => anyhow!("{name} {what}; the end of {}:\n{lines}", log.display()),
            },
        }
    }

    /// Sends a signal to the process, and to its group when that is its own. One that has ended takes none.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn signal(&mut self, signal: Signal) -> io::Result<()> {
        if self.exited()?.is_some() {
            return Ok(());
        }
        self.send(signal)
    }

    fn send(&self, signal: Signal) -> io::Result<()> {
        let pid = pid(self.child.id())?;
        let sent = match self.group {
            Group::Own => killpg(pid, signal),
            Group::Shared => kill(pid, signal),
        };
        match sent {
            Ok(()) | Err(Errno::ESRCH) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Waits until the process ends by itself; without a bound, so the caller sets one.
    ///
    /// # Errors
    /// When the system cannot tell.
    pub async fn wait(&mut self) -> io::Result<ExitStatus> {
        loop {
            if let Some(status) = self.exited()? {
                return Ok(status);
            }
            tokio::time::sleep(POLL).await;
        }
    }

    /// Asks the process to end (SIGTERM), and kills it when it has not ended after `grace`.
    ///
    /// # Errors
    /// When the system refuses, or the process survives SIGKILL.
    pub async fn stop(&mut self, grace: Duration) -> io::Result<ExitStatus> {
        self.signal(Signal::SIGTERM)?;
        // A process that is paused sees the request only when it runs again.
        self.signal(Signal::SIGCONT)?;
        match tokio::time::timeout(grace, self.wait()).await {
            Ok(status) => status,
            Err(_) => self.kill(),
        }
    }

    /// Kills the process (SIGKILL), with its group when that is its own, and waits until it is gone.
    ///
    /// # Errors
    /// When the system refuses, or the process survives.
    pub fn kill(&mut self) -> io::Result<ExitStatus> {
        self.signal(Signal::SIGKILL)?;
        match self.wait_blocking(KILL_WAIT)? {
            Some(status) => Ok(status),
            None => Err(io::Error::other(format!("{} survives SIGKILL", self.name))),
        }
    }

    /// Blocks the thread until the process ends, or the time is over.
    pub(crate) fn wait_blocking(&mut self, longest: Duration) -> io::Result<Option<ExitStatus>> {
        let deadline = Instant::now() + longest;
        loop {
            let status = self.exited()?;
            if status.is_some() || Instant::now() >= deadline {
                return Ok(status);
            }
            std::thread::sleep(POLL);
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.kill();
    }
}

fn pid(pid: u32) -> io::Result<Pid> {
    i32::try_from(pid).map(Pid::from_raw).map_err(io::Error::other)
}

/// Ends a process that an earlier run left behind, if the pid still is what that run started: its command line has
/// `mark` as a part of it.
///
/// # Errors
/// When the system refuses.
pub async fn stop_leftover(left: u32, mark: &str, grace: Duration) -> io::Result<bool> {
    let is_it = || command_line(left).is_some_and(|line| line.contains(mark));
    if !is_it() {
        return Ok(false);
    }
    for (signal, longest) in [(Signal::SIGTERM, grace), (Signal::SIGKILL, KILL_WAIT)] {
        match kill(pid(left)?, signal) {
            Ok(()) | Err(Errno::ESRCH) => {}
            Err(error) => return Err(error.into()),
        }
        let deadline = Instant::now() + longest;
        while is_it() {
            if Instant::now() >= deadline {
                break;
            }
            tokio::time::sleep(POLL).await;
        }
        if !is_it() {
            return Ok(true);
        }
    }
    Err(io::Error::other(format!("process {left} of an earlier run survives SIGKILL")))
}

/// The arguments of a running process, as one line. A process that has ended and is not yet reaped has none.
fn command_line(pid: u32) -> Option<String> {
    if Path::new("/proc/self/cmdline").exists() {
        let arguments = std::fs::read(format!("/proc/{pid}/cmdline")).ok()?;
        return Some(String::from_utf8_lossy(&arguments).replace('\0', " "));
    }
    let output = Command::new("ps").args(["-ww", "-o", "command=", "-p", &pid.to_string()]).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

/// The last lines of a log; empty when there are none.
#[must_use]
pub fn tail(log: &Path) -> String {
    let read = || -> io::Result<String> {
        let mut file = File::open(log)?;
        let length = file.metadata()?.len();
        file.seek(SeekFrom::Start(length.saturating_sub(TAIL_BYTES)))?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    };
    let text = read().unwrap_or_default();
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    lines[lines.len().saturating_sub(TAIL_LINES)..].join("\n")
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt;
    use std::process::Stdio;

    use super::*;

    fn shell(script: &str, log: &Path, group: Group) -> Process {
        let mut command = Command::new("sh");
        command.args(["-c", script]).stdout(Stdio::null()).stderr(File::create(log).unwrap());
        Process::spawn("shell", &mut command, group, Some(log)).unwrap()
    }

    /// While a process changes from the shell to another program, it has no command line.
    async fn becomes(pid: u32, program: &str) {
        let deadline = Instant::now() + KILL_WAIT;
        while !command_line(pid).is_some_and(|line| line.starts_with(program)) {
            assert!(Instant::now() < deadline, "process {pid} never became `{program}`");
            tokio::time::sleep(POLL).await;
        }
    }

    #[tokio::test]
    async fn a_process_that_ignores_the_request_is_killed() {
        let dir = tempfile::tempdir().unwrap();
        let log = dir.path().join("log");
        let mut child = shell("trap '' TERM; echo ready >&2; while :; do sleep 1; done", &log, Group::Own);
        while tail(&log).is_empty() {
            tokio::time::sleep(POLL).await;
        }
        let status = child.stop(Duration::from_millis(200)).await.unwrap();
        assert_eq!(status.signal(), Some(9));
    }

    #[tokio::test]
    async fn a_paused_process_can_be_stopped() {
        let dir = tempfile::tempdir().unwrap();
        let mut child = shell("sleep 60", &dir.path().join("log"), Group::Own);
        child.signal(Signal::SIGSTOP).unwrap();
        let status = child.stop(Duration::from_secs(10)).await.unwrap();
        assert_eq!(status.signal(), Some(15));
    }

    #[tokio::test]
    async fn a_death_tells_its_last_words() {
        let dir = tempfile::tempdir().unwrap();
        let mut child = shell("echo out of luck >&2; exit 3", &dir.path().join("log"), Group::Own);
        child.wait().await.unwrap();
        let error = child.check().unwrap_err().to_string();
        assert!(error.contains("exit status: 3") && error.ends_with("out of luck"), "{error}");
    }

    #[tokio::test]
    async fn dropping_the_guard_ends_the_whole_group() {
        let dir = tempfile::tempdir().unwrap();
        let log = dir.path().join("log");
        let child = shell("sleep 4321 & echo $! >&2; sleep 60", &log, Group::Own);
        while tail(&log).is_empty() {
            tokio::time::sleep(POLL).await;
        }
        let grandchild: u32 = tail(&log).parse().unwrap();
        becomes(grandchild, "sleep 4321").await;
        drop(child);
        let deadline = Instant::now() + KILL_WAIT;
        while command_line(grandchild).is_some_and(|line| line.contains("4321")) {
            assert!(Instant::now() < deadline, "process {grandchild} is still there");
            tokio::time::sleep(POLL).await;
        }
    }

    #[tokio::test]
    async fn only_a_recognised_leftover_is_stopped() {
        let dir = tempfile::tempdir().unwrap();
        let mut child = shell("exec sleep 4322", &dir.path().join("log"), Group::Own);
        becomes(child.pid(), "sleep 4322").await;
        assert!(!stop_leftover(child.pid(), "something-else", KILL_WAIT).await.unwrap());
        child.check().unwrap();
        assert!(stop_leftover(child.pid(), "sleep 4322", KILL_WAIT).await.unwrap());
        assert_eq!(child.wait().await.unwrap().signal(), Some(15));
    }
}
