//! A window of a browser: what is in it, and what is done with it.

use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use reqwest::Method;
use serde_json::{Value, json};

use super::Chromium;
use super::wire::Session;

/// How long a window is given to become what is waited for: far more than it takes, on a machine that builds as well.
const DEADLINE: Duration = Duration::from_secs(60);
/// Pause between two looks.
const LOOK_AGAIN: Duration = Duration::from_millis(50);
/// The member by which WebDriver names an element.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// What a window looks like to a page.
#[derive(Debug, Clone, Copy)]
pub struct Look {
    /// Width in CSS pixels; below 600 it is a phone's, with fingers.
    pub width: u32,
    /// Height in CSS pixels.
    pub height: u32,
    /// The language that pages are asked for in.
    pub lang: &'static str,
    /// Whether it is dark.
    pub dark: bool,
    /// Whether scripts run.
    pub script: bool,
}

impl Look {
    /// A phone.
    #[must_use]
    pub const fn phone(lang: &'static str) -> Self {
        Self { width: 390, height: 844, lang, dark: false, script: true }
    }

    /// A screen on a desk.
    #[must_use]
    pub const fn desk(lang: &'static str) -> Self {
        Self { width: 1280, height: 900, lang, dark: false, script: true }
    }
}

/// A window with a profile of its own. Dropping it kills the browser.
#[derive(Debug)]
pub struct Window {
    session: Session,
}

impl Window {
    /// An empty window.
    ///
    /// # Errors
    /// When the browser does not start.
    pub async fn open(chromium: &Chromium, look: Look) -> anyhow::Result<Self> {
        let window = Self { session: Session::start(chromium, look.lang).await? };
        window.look(look).await?;
        Ok(window)
    }

    /// Gives it another look; its language stays.
    ///
    /// # Errors
    /// When the browser refuses.
    pub async fn look(&self, look: Look) -> anyhow::Result<()> {
        let mobile = look.width < 600;
        let size =
            json!({"width": look.width, "height": look.height, "deviceScaleFactor": 1, "mobile": mobile});
        self.devtools("Emulation.setDeviceMetricsOverride", size).await?;
        self.devtools("Emulation.setTouchEmulationEnabled", json!({"enabled": mobile})).await?;
        let scheme = if look.dark { "dark" } else { "light" };
        let features = json!({"features": [{"name": "prefers-color-scheme", "value": scheme}]});
        self.devtools("Emulation.setEmulatedMedia", features).await?;
        self.devtools("Emulation.setScriptExecutionDisabled", json!({"value": !look.script})).await?;
        Ok(())
    }

    /// Goes to an address, and returns when its page is loaded.
    ///
    /// # Errors
    /// When nothing is there.
    pub async fn go(&self, url: &str) -> anyhow::Result<()> {
        self.post("/url", json!({"url": url})).await.map(drop).with_context(|| format!("cannot go to {url}"))
    }

    /// Goes back to the page before.
    ///
    /// # Errors
    /// When the browser does not.
    pub async fn back(&self) -> anyhow::Result<()> {
        self.post("/back", json!({})).await.map(drop)
    }

    /// What an expression is worth on the page.
    ///
    /// # Errors
    /// When it throws.
    pub async fn value(&self, expression: &str) -> anyhow::Result<Value> {
        self.run(&format!("return ({expression});"), json!([])).await
    }

    /// What a script returns; it finds the arguments in `arguments`. A promise is waited for.
    ///
    /// # Errors
    /// When it throws.
    pub async fn run(&self, script: &str, arguments: Value) -> anyhow::Result<Value> {
        self.post("/execute/sync", json!({"script": script, "args": arguments})).await
    }

    /// Waits until an expression is true on the page; while the page changes it may throw.
    ///
    /// # Errors
    /// When it is not in time; the error tells what the page shows instead.
    pub async fn until(&self, expression: &str) -> anyhow::Result<()> {
        let script = format!("return Boolean({expression});");
        let is_so = || async {
            let value = self.run(&script, json!([])).await?;
            value.as_bool().filter(|is| *is).map(drop).context("it is not so")
        };
        self.in_time(expression, is_so).await
    }

    /// Waits until the text of an element has these words in it, and can be seen.
    ///
    /// # Errors
    /// When it has not in time.
    pub async fn shows(&self, selector: &str, words: &str) -> anyhow::Result<()> {
        let (selector, words) = (Value::from(selector), Value::from(words));
        let visible = "element.checkVisibility() && element.innerText";
        self.until(&format!(
            "[...document.querySelectorAll({selector})].some(element => ({visible}).includes({words}))"
        ))
        .await
    }

    /// Clicks on the first element of a selector, once it is there and nothing lies over it.
    ///
    /// # Errors
    /// When it cannot be clicked in time.
    pub async fn click(&self, selector: &str) -> anyhow::Result<()> {
        let clicked = || async {
            let element = self.element(selector).await?;
            self.post(&format!("/element/{element}/click"), json!({})).await.map(drop)
        };
        self.in_time(&format!("a click on {selector}"), clicked).await
    }

    /// Taps twice on an element, as fast as a finger that is not sure.
    ///
    /// # Errors
    /// When it is not there.
    pub async fn tap_twice(&self, selector: &str) -> anyhow::Result<()> {
        let element = self.element(selector).await?;
        let tap = [json!({"type": "pointerDown", "button": 0}), json!({"type": "pointerUp", "button": 0})];
        let to = json!({"type": "pointerMove", "duration": 0, "origin": {ELEMENT: element}, "x": 0, "y": 0});
        let steps: Vec<Value> = [to].into_iter().chain(tap.clone()).chain(tap).collect();
        let finger = json!({"type": "pointer", "id": "finger", "parameters": {"pointerType": "touch"}, "actions": steps});
        self.post("/actions", json!({"actions": [finger]})).await.map(drop)
    }

    /// Puts a text into a field, instead of what is in it.
    ///
    /// # Errors
    /// When it takes none in time.
    pub async fn fill(&self, selector: &str, text: &str) -> anyhow::Result<()> {
        let filled = || async {
            let element = self.element(selector).await?;
            self.post(&format!("/element/{element}/clear"), json!({})).await?;
            self.post(&format!("/element/{element}/value"), json!({"text": text})).await.map(drop)
        };
        self.in_time(&format!("{selector} to be filled in"), filled).await
    }

    /// Presses keys, one after the other, wherever the focus is.
    ///
    /// # Errors
    /// When the browser refuses.
    pub async fn press(&self, keys: &str) -> anyhow::Result<()> {
        let press =
            |key: char| [json!({"type": "keyDown", "value": key}), json!({"type": "keyUp", "value": key})];
        let steps: Vec<Value> = keys.chars().flat_map(press).collect();
        let keyboard = json!({"type": "key", "id": "keyboard", "actions": steps});
        self.post("/actions", json!({"actions": [keyboard]})).await.map(drop)
    }

    /// Cuts the window off from all networks, or lets it reach them again.
    ///
    /// # Errors
    /// When the browser refuses.
    pub async fn offline(&self, offline: bool) -> anyhow::Result<()> {
        let network =
            json!({"offline": offline, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1});
        self.devtools("Network.emulateNetworkConditions", network).await.map(drop)
    }

    /// The whole page as a PNG, or what is seen of it while a dialog lies over it.
    ///
    /// # Errors
    /// When the browser draws none.
    pub async fn picture(&self) -> anyhow::Result<Vec<u8>> {
        // As broad as the page would be without: its right edge would be cut off.
        self.devtools("Emulation.setScrollbarsHidden", json!({"hidden": true})).await?;
        let whole = self.value("!document.querySelector('dialog[open]')").await?;
        let shot = json!({"format": "png", "captureBeyondViewport": whole});
        let taken = self.devtools("Page.captureScreenshot", shot).await?;
        let encoded = taken["data"].as_str().context("there is no picture")?;
        Ok(BASE64_STANDARD.decode(encoded)?)
    }

    /// Closes it in order.
    ///
    /// # Errors
    /// When the browser does not end.
    pub async fn close(self) -> anyhow::Result<()> {
        self.session.end().await
    }

    /// A command of Chromium's own (Chrome DevTools Protocol).
    pub(super) async fn devtools(&self, command: &str, parameters: Value) -> anyhow::Result<Value> {
        self.post("/goog/cdp/execute", json!({"cmd": command, "params": parameters})).await
    }

    pub(super) async fn post(&self, path: &str, body: Value) -> anyhow::Result<Value> {
        self.session.call(Method::POST, path, &body).await
    }

    async fn element(&self, selector: &str) -> anyhow::Result<String> {
        let found = self.post("/element", json!({"using": "css selector", "value": selector})).await?;
        Ok(found[ELEMENT].as_str().context("the driver names no element")?.to_owned())
    }

    async fn in_time<F>(&self, what: &str, mut attempt: impl FnMut() -> F) -> anyhow::Result<()>
    where
        F: Future<Output = anyhow::Result<()>>,
    {
        let deadline = Instant::now() + DEADLINE;
        loop {
            let Err(error) = attempt().await else { return Ok(()) };
            if Instant::now() >= deadline {
                let shown = self.value("location.href + '\\n' + document.body.innerText").await;
                let shown = shown.ok().and_then(|text| text.as_str().map(str::to_owned)).unwrap_or_default();
                let said = self.console().await.unwrap_or_default().join("\n");
                bail!("waited in vain for {what} ({error:#})\nthe page: {shown}\nits console: {said}");
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }
}
