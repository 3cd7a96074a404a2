//! The databases of a stack: its own, or given ones.
//!
//! Owns the choice. It must never stop or empty an engine that it was given.

use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use reqwest::Url;

use super::Options;
use crate::console::say;
use crate::engines::{Dynamodb, Mysql};

#[derive(Debug)]
pub(super) struct Engines {
    dynamodb: Option<Dynamodb>,
    pub(super) dynamodb_endpoint: String,
    mysql: Option<Mysql>,
    pub(super) mysql_url: String,
}

impl Engines {
    pub(super) async fn start(options: &Options) -> anyhow::Result<Self> {
        let given =
            options.mysql_url.as_deref().map(|url| with_database(url, &options.database)).transpose()?;
        let (dynamodb, dynamodb_endpoint) = match &options.dynamodb_endpoint {
            Some(endpoint) => (None, endpoint.clone()),
            None => {
                say("starting the embedded DynamoDB ...");
                let engine = Dynamodb::start(&options.state_dir.join("dynamodb"))?;
                let endpoint = engine.endpoint();
                (Some(engine), endpoint)
            }
        };
        let (mysql, mysql_url) = match given {
            Some(url) => (None, url),
            None => {
                say("starting a private MySQL ...");
                let engine = Mysql::start(&mysql_dir(&options.state_dir)).await?;
                let url = with_database(&engine.url(), &options.database)?;
                (Some(engine), url)
            }
        };
        Ok(Self { dynamodb, dynamodb_endpoint, mysql, mysql_url })
    }

    /// The process of a MySQL that was started here; in a container, of Docker's client.
    pub(super) fn mysql_pid(&self) -> Option<u32> {
        self.mysql.as_ref().map(Mysql::pid)
    }

    pub(super) fn check(&mut self) -> anyhow::Result<()> {
        self.dynamodb.as_ref().map_or(Ok(()), Dynamodb::check)?;
        self.mysql.as_mut().map_or(Ok(()), Mysql::check)
    }

    pub(super) async fn stop(self) -> anyhow::Result<()> {
        if let Some(engine) = self.dynamodb {
            engine.stop();
        }
        match self.mysql {
            Some(engine) => engine.stop().await,
            None => Ok(()),
        }
    }
}

/// Where the private MySQL of a stack with this state keeps its data.
fn mysql_dir(state_dir: &Path) -> PathBuf {
    state_dir.join("mysql")
}

/// Deletes all that stacks with this state have stored. None may run.
///
/// # Errors
/// When something cannot be deleted.
pub fn forget(state_dir: &Path) -> anyhow::Result<()> {
    crate::engines::mysql::forget(&mysql_dir(state_dir))?;
    match std::fs::remove_dir_all(state_dir) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot delete {}", state_dir.display()))
        }
        _ => Ok(()),
    }
}

/// The URL of a MySQL server with this database, unless it names one already.
///
/// # Errors
/// When it is no such URL.
pub fn with_database(url: &str, database: &str) -> anyhow::Result<String> {
    // Not shown in the error: it may hold a password.
    let mut url =
        Url::parse(url).context("--mysql-url is not a URL (mysql://USER:PASSWORD@HOST:PORT/DATABASE)")?;
    if !matches!(url.scheme(), "mysql" | "mariadb") || !url.has_host() {
        bail!("--mysql-url has to start with mysql://HOST");
    }
    if url.path().trim_matches('/').is_empty() {
        url.set_path(database);
    }
    Ok(url.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_is_added_only_where_none_is_named() {
        for (given, expected) in [
            ("mysql://root@127.0.0.1:3306", "mysql://root@127.0.0.1:3306/torioki"),
            ("mysql://root@127.0.0.1:3306/", "mysql://root@127.0.0.1:3306/torioki"),
            ("mysql://u:p@db/shop", "mysql://u:p@db/shop"),
            ("mysql://u:p@db?ssl-mode=REQUIRED", "mysql://u:p@db/torioki?ssl-mode=REQUIRED"),
        ] {
            assert_eq!(with_database(given, "torioki").unwrap(), expected);
        }
        for wrong in ["127.0.0.1:3306", "http://db", "mysql:", ""] {
            assert!(with_database(wrong, "torioki").is_err(), "{wrong}");
        }
    }
}
