//! What a page did that nobody sees: what it wrote to the console, whom it asked, what it left behind.

use serde::Deserialize;
use serde_json::{Value, json};

use super::Window;

/// Where the pages ask our APIs: what is refused there, they deal with, and Chromium logs it all the same.
const API: &str = "/v1/";

/// A line of the browser's log.
#[derive(Deserialize)]
struct Line {
    level: String,
    #[serde(default)]
    source: String,
    message: String,
}

/// An event of Chromium's, inside a line of the other log.
#[derive(Deserialize)]
struct Event {
    message: Message,
}

#[derive(Deserialize)]
struct Message {
    method: String,
    params: Value,
}

impl Window {
    /// The errors that were written to the console since it was asked last; what breaks the content security policy is
    /// among them.
    pub(super) async fn console(&self) -> anyhow::Result<Vec<String>> {
        let lines: Vec<Line> = serde_json::from_value(self.log("browser").await?)?;
        let counts =
            |line: &Line| line.level == "SEVERE" && !(line.source == "network" && line.message.contains(API));
        Ok(lines.into_iter().filter(counts).map(|line| line.message).collect())
    }

    /// All that no page may do: errors in the console, requests to any origin but these, cookies.
    ///
    /// # Errors
    /// When the browser does not tell.
    pub async fn misdeeds(&self, origins: &[&str]) -> anyhow::Result<Vec<String>> {
        let mut misdeeds = self.console().await?;
        let lines: Vec<Line> = serde_json::from_value(self.log("performance").await?)?;
        for line in lines {
            let Event { message } = serde_json::from_str(&line.message)?;
            if message.method != "Network.requestWillBeSent" {
                continue;
            }
            let url = message.params["request"]["url"].as_str().unwrap_or_default();
            if !origins
                .iter()
                .any(|origin| url.strip_prefix(origin).is_some_and(|rest| rest.starts_with('/')))
            {
                misdeeds.push(format!("asked {url}"));
            }
        }
        let cookies = self.devtools("Storage.getCookies", json!({})).await?;
        let cookies = cookies["cookies"].as_array().cloned().unwrap_or_default();
        misdeeds.extend(cookies.iter().map(|cookie| format!("has the cookie {cookie}")));
        Ok(misdeeds)
    }

    async fn log(&self, kind: &str) -> anyhow::Result<Value> {
        self.post("/se/log", json!({"type": kind})).await
    }
}
