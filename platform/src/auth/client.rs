//! What a caller asks with.

use std::fmt;
use std::str::FromStr;

use serde::Deserialize;

/// A kind of client: those of one kind share what the service keeps for them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Client {
    /// A shopper's browser.
    Web,
    /// A shopper's app.
    App,
    /// The screen for staff.
    Staff,
    /// A till, or another of a brand's own systems.
    Pos,
    /// A system of somebody else.
    Partner,
    /// Whatever does not say, or is not believed.
    Unknown,
}

impl Client {
    /// Every client there is.
    pub const ALL: [Self; 6] = [Self::Web, Self::App, Self::Staff, Self::Pos, Self::Partner, Self::Unknown];

    /// The client as it stands in a token, a header and a metric.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Web => "web",
            Self::App => "app",
            Self::Staff => "staff",
            Self::Pos => "pos",
            Self::Partner => "partner",
            Self::Unknown => "unknown",
        }
    }
}

impl fmt::Display for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// No kind of client has this name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a client is web, app, staff, pos, partner or unknown")]
pub struct ClientError;

impl FromStr for Client {
    type Err = ClientError;

    fn from_str(text: &str) -> Result<Self, ClientError> {
        Self::ALL.into_iter().find(|client| client.as_str() == text).ok_or(ClientError)
    }
}
