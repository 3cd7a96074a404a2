//! One session of WebDriver: a driver's process, and calls to it.

use std::fs::File;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use reqwest::{Client, Method};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::Chromium;
use crate::process::{Group, POLL, Process};

/// What the driver prints when it listens; its port follows.
const ANNOUNCEMENT: &str = "ChromeDriver was started successfully on port ";
/// What it says in its end when its port was taken.
const PORT_TAKEN: &str = "Address already in use";
/// How often a driver is started for that.
const PORT_TRIES: u32 = 5;
/// How long the driver may take until it listens: on a machine that builds, seconds.
const LISTEN_DEADLINE: Duration = Duration::from_secs(30);
/// Longest that one call may take: that of a page which is loaded on a machine that is busy.
const CALL_TIMEOUT: Duration = Duration::from_secs(90);
/// How long a driver may take to end after its browser has.
const STOP_GRACE: Duration = Duration::from_secs(5);
/// What every browser is started with. The pipe is what ends it when its driver is gone, however that went.
const FLAGS: [&str; 7] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--remote-debugging-pipe",
];

/// A driver with one browser. Dropping it kills both.
#[derive(Debug)]
pub(super) struct Session {
    driver: Process,
    http: Client,
    url: String,
    /// The browser's profile is in it, empty at first. Behind the driver: it is in use until that is gone.
    _dir: TempDir,
}

impl Session {
    /// A browser of its own, which asks for pages in this language.
    pub(super) async fn start(chromium: &Chromium, lang: &str) -> anyhow::Result<Self> {
        let dir = tempfile::tempdir()?;
        let (driver, address) = drive(chromium, dir.path()).await?;
        let http = Client::builder().timeout(CALL_TIMEOUT).build()?;
        let mut session = Self { driver, http, url: format!("{address}/session"), _dir: dir };
        let flags: Vec<String> =
            FLAGS.map(str::to_owned).into_iter().chain([format!("--accept-lang={lang}")]).collect();
        let wanted = json!({
            "browserName": "chrome",
            "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"},
            "goog:chromeOptions": {"binary": chromium.browser, "args": flags},
        });
        let asked = json!({"capabilities": {"alwaysMatch": wanted}});
        let made = session.call(Method::POST, "", &asked).await.context("no browser was started")?;
        let id = made["sessionId"].as_str().context("the driver names no session")?;
        session.url = format!("{address}/session/{id}");
        Ok(session)
    }

    /// What a call answers.
    ///
    /// # Errors
    /// When the driver refuses; the error has its reason.
    pub(super) async fn call(&self, method: Method, path: &str, body: &Value) -> anyhow::Result<Value> {
        let mut request = self.http.request(method.clone(), format!("{}{path}", self.url));
        if method == Method::POST {
            request = request.json(body);
        }
        let answer = request.send().await.with_context(|| format!("the driver does not answer {path}"))?;
        let (status, mut body) = (answer.status(), answer.json::<Value>().await?);
        let value = body["value"].take();
        if !status.is_success() {
            let said = |member: &str| value[member].as_str().unwrap_or_default().to_owned();
            bail!("{path}: {}: {}", said("error"), said("message").lines().next().unwrap_or_default());
        }
        Ok(value)
    }

    /// Ends the browser in order, so that it leaves no file behind.
    pub(super) async fn end(mut self) -> anyhow::Result<()> {
        self.call(Method::DELETE, "", &Value::Null).await?;
        self.driver.stop(STOP_GRACE).await?;
        Ok(())
    }
}

/// Starts a driver with its files in this directory; answers where it listens. It chooses a port that is free for one kind of
/// address, and ends where that is taken for the other.
async fn drive(chromium: &Chromium, dir: &Path) -> anyhow::Result<(Process, String)> {
    let mut tries = 1;
    loop {
        match drive_once(chromium, dir).await {
            Err(error) if tries < PORT_TRIES && error.to_string().contains(PORT_TAKEN) => tries += 1,
            driven => return driven,
        }
    }
}

async fn drive_once(chromium: &Chromium, dir: &Path) -> anyhow::Result<(Process, String)> {
    let (output, log) = (dir.join("driver.out"), dir.join("driver.log"));
    let mut command = Command::new(&chromium.driver);
    command
        .arg("--port=0")
        .env("TMPDIR", dir)
        .stdin(Stdio::null())
        .stdout(File::create(&output)?)
        .stderr(File::create(&log)?);
    let mut driver = Process::spawn("chromedriver", &mut command, Group::Shared, Some(&log))?;
    let deadline = Instant::now() + LISTEN_DEADLINE;
    loop {
        let printed = std::fs::read_to_string(&output)?;
        let port = printed.split_once(ANNOUNCEMENT).and_then(|(_, rest)| rest.split_once('.'));
        if let Some((port, _)) = port {
            return Ok((driver, format!("http://127.0.0.1:{port}")));
        }
        driver.check()?;
        if Instant::now() >= deadline {
            return Err(driver.failure("does not listen"));
        }
        tokio::time::sleep(POLL).await;
    }
}
