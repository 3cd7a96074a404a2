//! One of our services as a process of its own.
//!
//! Owns starting it, learning its port, asking for its health and stopping it. It must never know what the service
//! does.

use std::ffi::OsStr;
use std::fs::File;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::Context;
use nix::sys::signal::Signal;

use crate::process::{Group, POLL, Process, stop_leftover};

/// What a service prints, once, when it listens; its base URL follows.
const ANNOUNCEMENT: &str = "listening on ";
/// How long a service may take until it listens. It connects to nothing before that.
const LISTEN_DEADLINE: Duration = Duration::from_secs(30);
/// How long a service may take to finish what it accepted: a little more than it allows itself.
const STOP_GRACE: Duration = Duration::from_secs(25);
/// Longest that one question for its health may take.
const HEALTH_TIMEOUT: Duration = Duration::from_secs(5);
/// Pause between two questions for its health.
const HEALTH_PAUSE: Duration = Duration::from_millis(50);

/// How to start a service.
#[derive(Debug, Clone)]
pub struct Spec {
    /// What it is called in messages and file names.
    pub name: String,
    /// The program.
    pub program: PathBuf,
    /// Its arguments.
    pub arguments: Vec<String>,
    /// Variables of its environment, beside those it inherits.
    pub environment: Vec<(String, String)>,
    /// Where its log and the file with its process id are kept.
    pub dir: PathBuf,
    /// Its process group.
    pub group: Group,
}

impl Spec {
    fn file(&self, extension: &str) -> PathBuf {
        self.dir.join(format!("{}.{extension}", self.name))
    }

    /// Stops the service of an earlier run in the same directory that was killed and could not.
    ///
    /// # Errors
    /// When it is there and cannot be stopped.
    pub async fn stop_leftover(&self) -> anyhow::Result<()> {
        let Ok(text) = std::fs::read_to_string(self.file("pid")) else { return Ok(()) };
        let Ok(pid) = text.trim().parse() else { return Ok(()) };
        let program = self.program.to_string_lossy();
        stop_leftover(pid, &program, STOP_GRACE)
            .await
            .with_context(|| format!("cannot stop {} of an earlier run (process {pid})", self.name))?;
        Ok(())
    }
}

/// A running service. Dropping it kills it.
#[derive(Debug)]
pub struct Service {
    spec: Spec,
    process: Process,
    base_url: String,
}

impl Service {
    /// Starts the service and returns once it listens.
    ///
    /// # Errors
    /// When it cannot be started, ends, or does not listen in time; the error shows the end of its log.
    pub async fn start(spec: Spec) -> anyhow::Result<Self> {
        std::fs::create_dir_all(&spec.dir).with_context(|| format!("cannot make {}", spec.dir.display()))?;
        let (output, log) = (spec.file("out"), spec.file("log"));
        let mut command = Command::new(&spec.program);
        command
            .args(&spec.arguments)
            .envs(spec.environment.iter().map(|(name, value)| (OsStr::new(name), OsStr::new(value))))
            .stdin(Stdio::null())
            .stdout(File::create(&output)?)
            // Kept over restarts: what happened before one is what explains it.
            .stderr(File::options().create(true).append(true).open(&log)?);
        let mut process = Process::spawn(&spec.name, &mut command, spec.group, Some(&log))?;
        std::fs::write(spec.file("pid"), process.pid().to_string())?;

        let deadline = Instant::now() + LISTEN_DEADLINE;
        let base_url = loop {
            let text = std::fs::read_to_string(&output)?;
            if let Some(url) = announced(&text) {
                break url.to_owned();
            }
            process.check()?;
            if Instant::now() >= deadline {
                return Err(process.failure(&format!("does not listen after {LISTEN_DEADLINE:?}")));
            }
            tokio::time::sleep(POLL).await;
        };
        Ok(Self { spec, process, base_url })
    }

    /// How it was started, to start it again.
    #[must_use]
    pub fn spec(&self) -> &Spec {
        &self.spec
    }

    /// Where it listens, without a slash at the end.
    #[must_use]
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// Its process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.process.pid()
    }

    /// The file with its log.
    #[must_use]
    pub fn log(&self) -> PathBuf {
        self.spec.file("log")
    }

    /// # Errors
    /// When it has ended; the error shows how, and the end of its log.
    pub fn check(&mut self) -> anyhow::Result<()> {
        self.process.check()
    }

    /// Returns once it says that it is ready.
    ///
    /// # Errors
    /// When it ends, or is not ready in time; the error tells what it says instead.
    pub async fn wait_ready(&mut self, longest: Duration) -> anyhow::Result<()> {
        let client = reqwest::Client::builder().timeout(HEALTH_TIMEOUT).build()?;
        let url = format!("{}/readyz", self.base_url);
        let deadline = Instant::now() + longest;
        loop {
            self.check()?;
            let said = match client.get(&url).send().await {
                Ok(response) if response.status().is_success() => return Ok(()),
                Ok(response) => response.text().await.unwrap_or_default(),
                Err(error) => format!("{:#}", anyhow::Error::from(error)),
            };
            if Instant::now() >= deadline {
                return Err(self.process.failure(&format!("is not ready after {longest:?} ({said})")));
            }
            tokio::time::sleep(HEALTH_PAUSE).await;
        }
    }

    /// Stops it as an operator would (SIGTERM), and kills it when it does not end.
    ///
    /// # Errors
    /// When it cannot be stopped.
    pub async fn stop(&mut self) -> anyhow::Result<()> {
        self.process.stop(STOP_GRACE).await.with_context(|| format!("cannot stop {}", self.spec.name))?;
        Ok(())
    }

    /// Kills it (SIGKILL) and returns when it is gone.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn kill(&mut self) -> anyhow::Result<()> {
        self.process.kill().with_context(|| format!("cannot kill {}", self.spec.name))?;
        Ok(())
    }

    /// Halts it where it is (SIGSTOP), as a machine that hangs would.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn pause(&mut self) -> anyhow::Result<()> {
        Ok(self.process.signal(Signal::SIGSTOP)?)
    }

    /// Lets it go on (SIGCONT).
    ///
    /// # Errors
    /// When the system refuses.
    pub fn resume(&mut self) -> anyhow::Result<()> {
        Ok(self.process.signal(Signal::SIGCONT)?)
    }
}

/// The URL in a whole announcement; half a line is none yet.
fn announced(output: &str) -> Option<&str> {
    output
        .split_inclusive('\n')
        .filter_map(|line| line.strip_suffix('\n'))
        .find_map(|line| line.strip_prefix(ANNOUNCEMENT))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(dir: &std::path::Path, script: &str) -> Spec {
        Spec {
            name: "shell".to_owned(),
            program: "/bin/sh".into(),
            arguments: vec!["-c".to_owned(), script.to_owned()],
            environment: vec![("GREETING".to_owned(), "hello".to_owned())],
            dir: dir.to_owned(),
            group: Group::Shared,
        }
    }

    #[test]
    fn half_an_announcement_is_not_believed() {
        assert_eq!(announced("listening on http://127.0.0.1:80"), None);
        assert_eq!(announced("warning\nlistening on http://127.0.0.1:8080\n"), Some("http://127.0.0.1:8080"));
    }

    #[tokio::test]
    async fn a_service_is_started_once_it_listens_and_can_be_stopped() {
        let dir = tempfile::tempdir().unwrap();
        let spec = shell(dir.path(), "sleep 0.1; echo listening on http://$GREETING; exec sleep 60");
        let mut service = Service::start(spec).await.unwrap();
        assert_eq!(service.base_url(), "http://hello");
        service.check().unwrap();
        service.pause().unwrap();
        service.resume().unwrap();
        service.stop().await.unwrap();
        assert!(service.check().unwrap_err().to_string().contains("signal: 15"));
    }

    #[tokio::test]
    async fn a_service_that_dies_first_is_an_error_with_its_log() {
        let dir = tempfile::tempdir().unwrap();
        let error = Service::start(shell(dir.path(), "echo no such table >&2; exit 1")).await.unwrap_err();
        let error = error.to_string();
        assert!(error.contains("shell ended (exit status: 1)") && error.contains("no such table"), "{error}");
    }

    #[tokio::test]
    async fn a_service_of_a_killed_run_is_stopped() {
        let dir = tempfile::tempdir().unwrap();
        let spec = shell(dir.path(), "echo listening on http://x; while :; do sleep 0.1; done");
        let mut left = Service::start(spec.clone()).await.unwrap();
        spec.stop_leftover().await.unwrap();
        assert!(left.check().is_err());
    }

    #[tokio::test]
    async fn one_that_is_never_ready_says_why() {
        let dir = tempfile::tempdir().unwrap();
        let spec = shell(dir.path(), "echo listening on http://127.0.0.1:1; exec sleep 60");
        let mut service = Service::start(spec).await.unwrap();
        let error = service.wait_ready(Duration::from_millis(100)).await.unwrap_err().to_string();
        assert!(error.contains("is not ready after 100ms"), "{error}");
    }
}
