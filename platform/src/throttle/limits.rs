//! The file that says how much each client may do.
//!
//! Owns its form, its bounds, and looking at it again. A file that cannot be taken changes nothing.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use axum::http::HeaderName;
use serde::Deserialize;

use super::bucket::Quota;
use super::proxies::Proxies;
use crate::auth::Client;

/// The limits unless told otherwise.
pub(super) const DEFAULT: &str = include_str!("../../throttle.toml");

/// How often the file is looked at: a limit that was changed in need counts as soon as whoever changed it looks.
const LOOK_AGAIN: Duration = Duration::from_secs(2);
/// Most of anything that a limit may allow: above it a limit would keep nobody from anything.
const MOST: u32 = 10_000_000;
/// Longest window of a quota, in seconds: an hour, after which nobody knows what was refused and why.
const MAX_SECONDS: u32 = 3_600;

/// Why limits cannot be taken.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file cannot be read.
    #[error("{} cannot be read", .0.display())]
    Read(PathBuf, #[source] io::Error),
    /// It is no TOML, or has a field that there is not.
    #[error("{0}")]
    Form(#[from] toml::de::Error),
    /// A client without limits.
    #[error("[clients.{0}] is missing")]
    Missing(Client),
    /// A number out of its bounds.
    #[error("{0} must be 1 to {1}")]
    Bound(String, u32),
    /// One caller would be allowed more than all together.
    #[error("{0}_each must be at most {0}")]
    Each(String),
    /// No range of addresses.
    #[error("proxies.trusted: `{0}` is no range of addresses like 10.0.0.0/8")]
    Range(String),
    /// No name of a header.
    #[error("proxies.client_header: `{0}` is no name of a header")]
    Header(String),
}

/// What one kind of client may do in one process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClientLimits {
    /// Requests under way at once.
    pub in_flight: u32,
    /// Of these, those of one user or address.
    pub in_flight_each: u32,
    /// Streams open at once.
    pub streams: u32,
    /// Of these, those of one user or address.
    pub streams_each: u32,
    /// Requests of one user or address.
    pub requests: Quota,
    /// Of these, those that place a hold.
    pub holds: Quota,
}

/// What everybody may do.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Wrong tokens and capabilities from one address.
    pub guesses: Quota,
    pub(super) proxies: Proxies,
    clients: [ClientLimits; Client::ALL.len()],
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    proxies: FileProxies,
    guesses: Quota,
    clients: BTreeMap<Client, ClientLimits>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileProxies {
    trusted: Vec<String>,
    client_header: Option<String>,
}

impl Limits {
    /// Those of this client.
    #[must_use]
    pub fn of(&self, client: Client) -> &ClientLimits {
        &self.clients[client as usize]
    }

    /// What a file says.
    ///
    /// # Errors
    /// When it cannot be taken; the error names what to change.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let File { proxies, guesses, clients } = toml::from_str(text)?;
        bounded("guesses", guesses)?;
        let mut all = Vec::new();
        for client in Client::ALL {
            let limits = clients.get(&client).copied().ok_or(Error::Missing(client))?;
            limits.check(&format!("clients.{client}"))?;
            all.push(limits);
        }
        let clients = all.try_into().map_err(|_| Error::Missing(Client::Unknown))?;
        Ok(Self { proxies: proxies.parse()?, guesses, clients })
    }

    /// The limits of who names no file.
    ///
    /// # Errors
    /// None that a test would not have found.
    pub fn built_in() -> Result<Self, Error> {
        Self::parse(DEFAULT)
    }
}

pub(super) fn read(path: &Path) -> Result<String, Error> {
    std::fs::read_to_string(path).map_err(|error| Error::Read(path.to_owned(), error))
}

impl ClientLimits {
    fn check(&self, name: &str) -> Result<(), Error> {
        let pairs = [
            ("in_flight", self.in_flight, self.in_flight_each),
            ("streams", self.streams, self.streams_each),
        ];
        for (limit, all, each) in pairs {
            in_bounds(&format!("{name}.{limit}"), all, MOST)?;
            in_bounds(&format!("{name}.{limit}_each"), each, MOST)?;
            if each > all {
                return Err(Error::Each(format!("{name}.{limit}")));
            }
        }
        bounded(&format!("{name}.requests"), self.requests)?;
        bounded(&format!("{name}.holds"), self.holds)
    }
}

fn bounded(name: &str, quota: Quota) -> Result<(), Error> {
    in_bounds(&format!("{name}.quota"), quota.quota, MOST)?;
    in_bounds(&format!("{name}.seconds"), quota.seconds, MAX_SECONDS)
}

fn in_bounds(name: &str, value: u32, most: u32) -> Result<(), Error> {
    if (1..=most).contains(&value) { Ok(()) } else { Err(Error::Bound(name.to_owned(), most)) }
}

impl FileProxies {
    fn parse(self) -> Result<Proxies, Error> {
        let trusted = self.trusted.into_iter().map(|range| range.parse().map_err(|_| Error::Range(range)));
        let header =
            self.client_header.map(|name| name.parse::<HeaderName>().map_err(|_| Error::Header(name)));
        Ok(Proxies { trusted: trusted.collect::<Result<_, _>>()?, client_header: header.transpose()? })
    }
}

/// Looks at the file again and again, and hands on what it says whenever that is something else than was taken. Each thing
/// that cannot be taken is told once.
pub(super) async fn follow(path: &Path, taken: String, changed: impl Fn(Limits)) -> std::convert::Infallible {
    let mut seen = Ok(taken);
    loop {
        tokio::time::sleep(LOOK_AGAIN).await;
        let now = read(path).map_err(|error| error.to_string());
        if now == seen {
            continue;
        }
        match now.as_deref().map(Limits::parse) {
            Ok(Ok(limits)) => {
                tracing::info!(file = %path.display(), "limits are as the file says now");
                changed(limits);
            }
            Ok(Err(error)) => tracing::error!(%error, "limits stay as they were: the file cannot be taken"),
            Err(error) => tracing::error!(error, "limits stay as they were"),
        }
        seen = now;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_can_be_taken() {
        let limits = Limits::built_in().unwrap();
        assert!(limits.of(Client::Unknown).holds.quota < limits.of(Client::Unknown).requests.quota);
    }

    #[test]
    fn what_cannot_be_taken_is_named() {
        for (from, to, expected) in [
            ("[clients.pos]", "[clients.till]", "unknown variant `till`"),
            ("trusted = []", "trusted = [\"10.0.0.0/33\"]", "`10.0.0.0/33` is no range"),
            ("trusted = []", "trusted = []\nclient_header = \"a b\"", "`a b` is no name of a header"),
            ("in_flight = 200", "in_flight = 0", ".in_flight must be 1 to 10000000"),
            ("in_flight = 200", "in_flight = 1", ".in_flight_each must be at most clients."),
            ("in_flight = 200", "in_flights = 200", "unknown field `in_flights`"),
            ("seconds = 60", "seconds = 3601", ".seconds must be 1 to 3600"),
            ("quota = ", "quota = -", "invalid value"),
        ] {
            assert!(DEFAULT.contains(from), "{from}");
            let error = Limits::parse(&DEFAULT.replacen(from, to, 1)).unwrap_err().to_string();
            assert!(error.contains(expected), "{to}: {error}");
        }
        let without = DEFAULT.split("[clients.unknown]").next().unwrap();
        assert_eq!(Limits::parse(without).unwrap_err().to_string(), "[clients.unknown] is missing");
    }

    #[tokio::test(start_paused = true)]
    async fn what_changed_before_the_first_look_is_seen() {
        let path = std::env::temp_dir().join(format!("torioki-limits-{}.toml", std::process::id()));
        std::fs::write(&path, DEFAULT.replacen("in_flight = 200", "in_flight = 201", 1)).unwrap();
        let (changed, mut told) = tokio::sync::mpsc::unbounded_channel();
        let following = follow(&path, DEFAULT.to_owned(), |limits| changed.send(limits).unwrap());
        let limits =
            tokio::select! { limits = told.recv() => limits.unwrap(), never = following => match never {} };
        assert_eq!(limits.of(Client::Staff).in_flight, 201);
        std::fs::remove_file(&path).unwrap();
    }
}
