//! Where events go, and what it says to each.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use clap::ValueEnum;
use contracts::json::CloudEvent;

use super::eventbridge::EventBridge;
use super::sqs::Sqs;
use super::webhook::{Secret, Webhook};

/// Longest name of a target: what its column holds.
const MAX_NAME_CHARS: usize = 64;

/// What became of one event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Outcome {
    /// The target has it.
    Taken,
    /// The target will not have this event, however often it comes; others it might.
    Refused(String),
    /// The target takes nothing now, or nobody knows whether it took this; and when to come again, if it says.
    Failed(String, Option<Duration>),
    /// The target has too much to do, says it itself; and when to come again. That is never the event's fault.
    Busy(String, Option<Duration>),
}

impl Outcome {
    pub(super) fn failed(reason: impl fmt::Display) -> Self {
        Self::Failed(reason.to_string(), None)
    }

    /// The same, of a service of AWS that says why.
    pub(super) fn failed_by(code: &str, reason: String) -> Self {
        // `ThrottlingException`, `RequestThrottled`, `KmsThrottled` and so on.
        if code.contains("Throttl") { Self::Busy(reason, None) } else { Self::Failed(reason, None) }
    }

    /// Why it was not taken.
    pub(super) fn reason(&self) -> Option<String> {
        match self {
            Self::Taken => None,
            Self::Refused(reason) | Self::Failed(reason, _) | Self::Busy(reason, _) => Some(reason.clone()),
        }
    }
}

/// The kinds of targets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Kind {
    /// An SQS queue; of a FIFO queue, the message group is the aggregate.
    Sqs,
    /// An EventBridge bus.
    Eventbridge,
    /// An HTTP endpoint, signed by Standard Webhooks.
    Webhook,
}

/// What a target's place is kept under.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Name(String);

impl Name {
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Name {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        if (1..=MAX_NAME_CHARS).contains(&text.len()) && text.bytes().all(allowed) {
            Ok(Self(text.to_owned()))
        } else {
            Err(format!("a target's name has 1 to {MAX_NAME_CHARS} of a-z, 0-9 and -, not `{text}`"))
        }
    }
}

/// Where to publish.
#[derive(Debug, Clone, clap::Args)]
pub struct Options {
    /// What kind of target it is.
    #[arg(long, value_enum, env = "PUBLISH_TARGET")]
    target: Kind,
    /// Where it is: the queue's URL, the bus's name or ARN, or the webhook's URL.
    #[arg(long, env = "PUBLISH_TO")]
    to: String,
    /// What its place in the stream is kept under: another name begins at the oldest event there is.
    #[arg(long, env = "PUBLISH_NAME")]
    name: Name,
    /// Endpoint of a local SQS or EventBridge; without it, AWS's own for the region.
    #[arg(long, env = "PUBLISH_ENDPOINT")]
    endpoint: Option<String>,
    /// What webhooks are signed with: `whsec_` and 24 to 64 bytes in base64.
    #[arg(long, env = "WEBHOOK_SECRET", hide_env_values = true, required_if_eq("target", "webhook"))]
    webhook_secret: Option<Hidden>,
}

/// A text that is shown to nobody. It is read later: clap repeats what it finds wrong.
#[derive(Clone)]
struct Hidden(String);

impl From<String> for Hidden {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl fmt::Debug for Hidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hidden(…)")
    }
}

/// Why there is no such target.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The webhook's URL cannot be used.
    #[error("`{0}` is no http or https URL")]
    Url(String),
    /// There is nothing to sign with.
    #[error("a webhook needs WEBHOOK_SECRET")]
    NoSecret,
    /// It is none to sign with.
    #[error("WEBHOOK_SECRET is not right: {0}")]
    Secret(String),
    /// HTTPS needs them.
    #[error("the system's certificates cannot be read")]
    Certificates(#[from] std::io::Error),
}

/// A target.
pub(super) enum Target {
    Sqs(Sqs),
    EventBridge(EventBridge),
    Webhook(Box<Webhook>),
}

impl Target {
    pub(super) async fn new(options: &Options) -> Result<Self, Error> {
        let to = options.to.as_str();
        Ok(match options.target {
            Kind::Sqs => Self::Sqs(Sqs::new(&options.sdk_config().await, to)),
            Kind::Eventbridge => Self::EventBridge(EventBridge::new(&options.sdk_config().await, to)),
            Kind::Webhook => {
                let Hidden(secret) = options.webhook_secret.as_ref().ok_or(Error::NoSecret)?;
                let secret: Secret = secret.parse().map_err(Error::Secret)?;
                Self::Webhook(Box::new(Webhook::new(to, secret)?))
            }
        })
    }

    /// Most events of one delivery.
    pub(super) fn most(&self) -> usize {
        match self {
            Self::Sqs(_) => super::sqs::MAX_ENTRIES,
            Self::EventBridge(_) => super::eventbridge::MAX_ENTRIES,
            Self::Webhook(_) => super::webhook::MAX_AT_ONCE,
        }
    }

    /// Sends events of different aggregates; one outcome each, in their order. It always ends: every call has its time.
    pub(super) async fn deliver(&self, events: &[&CloudEvent]) -> Vec<Outcome> {
        match self {
            Self::Sqs(sqs) => sqs.deliver(events).await,
            Self::EventBridge(bus) => bus.deliver(events).await,
            Self::Webhook(webhook) => webhook.deliver(events).await,
        }
    }
}

impl Options {
    pub(super) fn name(&self) -> &Name {
        &self.name
    }

    async fn sdk_config(&self) -> aws_config::SdkConfig {
        platform::dynamodb::sdk_config(self.endpoint.as_deref()).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_plain() {
        assert!("orders-2".parse::<Name>().is_ok());
        for name in ["", "Orders", "a b", "取り置き", &"a".repeat(65)] {
            assert!(name.parse::<Name>().is_err(), "{name}");
        }
    }
}
