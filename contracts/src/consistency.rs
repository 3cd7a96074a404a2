//! Consistency tokens: what a command wrote, so that a query can wait until the projection has it.
//!
//! Opaque to callers. A token names events by ids that nobody but the command's caller was told, so one that was made up
//! is never there and says nothing of what is.

use std::fmt;
use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use uuid::Uuid;

use crate::{Aggregate, events};

/// The header that carries a token, in a command's answer and in a query.
pub const HEADER: &str = "Consistency-Token";
/// Most events of one token: a hold has 20 lines, and with its own event there can be one of a shortfall for each.
const MAX_EVENTS: usize = 21;
/// Longest token that is looked at, in bytes: above what the most events with the longest ids make, below what proxies
/// take as a header.
pub const MAX_BYTES: usize = 8 * 1024;

/// One event that a command wrote.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Written {
    /// What it is about.
    pub aggregate: Aggregate,
    /// The aggregate's version with it.
    pub version: u64,
    /// The event's own id.
    pub event_id: Uuid,
}

/// All events that one command wrote: one at least.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token(Vec<Written>);

/// Not a token of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a consistency token")]
pub struct TokenError;

impl Token {
    /// The token of these events; `None` where there are none.
    #[must_use]
    pub fn of(envelopes: &[events::Envelope]) -> Option<Self> {
        let written = envelopes.iter().map(|envelope| {
            let (aggregate, event_id) = (envelope.aggregate.parse().ok()?, envelope.event_id.parse().ok()?);
            Some(Written { aggregate, version: envelope.version, event_id })
        });
        written.collect::<Option<Vec<_>>>().filter(|written| !written.is_empty()).map(Self)
    }

    /// What the command wrote.
    #[must_use]
    pub fn written(&self) -> &[Written] {
        &self.0
    }
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let line = |Written { aggregate, version, event_id }: &Written| {
            format!("{aggregate} {version} {}", event_id.simple())
        };
        let lines: Vec<String> = self.0.iter().map(line).collect();
        f.write_str(&URL_SAFE_NO_PAD.encode(lines.join("\n")))
    }
}

impl FromStr for Token {
    type Err = TokenError;

    fn from_str(text: &str) -> Result<Self, TokenError> {
        if text.len() > MAX_BYTES {
            return Err(TokenError);
        }
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| TokenError)?;
        let lines = String::from_utf8(bytes).map_err(|_| TokenError)?;
        let written: Vec<Written> = lines.split('\n').map(parse).collect::<Option<_>>().ok_or(TokenError)?;
        if written.len() > MAX_EVENTS { Err(TokenError) } else { Ok(Self(written)) }
    }
}

fn parse(line: &str) -> Option<Written> {
    let parts: Vec<&str> = line.split(' ').collect();
    let &[aggregate, version, event_id] = parts.as_slice() else { return None };
    Some(Written {
        aggregate: aggregate.parse().ok()?,
        version: version.parse().ok()?,
        event_id: event_id.parse().ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn envelope(aggregate: &str, version: u64) -> events::Envelope {
        let event_id = Uuid::from_u128(u128::from(version)).to_string();
        events::Envelope { aggregate: aggregate.to_owned(), version, event_id, ..Default::default() }
    }

    #[test]
    fn a_token_comes_back_as_what_was_written() {
        assert_eq!(Token::of(&[]), None);
        let id = |n: usize| format!("hinata.{}", "x".repeat(60) + &format!("{n:04}"));
        let longest = "b".repeat(32);
        let store = format!("{longest}.{}", "s".repeat(64));
        let events: Vec<_> = (0..MAX_EVENTS)
            .map(|n| envelope(&format!("stock#{store}#{}", id(n)), u64::MAX - n as u64))
            .collect();
        let token = Token::of(&events).unwrap();
        let text = token.to_string();
        assert!(text.len() <= MAX_BYTES, "{}", text.len());
        assert!(text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_'));
        assert_eq!(text.parse(), Ok(token));
    }

    #[test]
    fn what_is_no_token_is_refused() {
        let good = Token::of(&[envelope("store#hinata.a", 3)]).unwrap().to_string();
        let made = |text: &str| URL_SAFE_NO_PAD.encode(text);
        let many = vec![envelope("store#hinata.a", 3); MAX_EVENTS + 1];
        for text in [
            String::new(),
            "garbage!".to_owned(),
            format!("{good}="),
            good[..good.len() - 3].to_owned(),
            "A".repeat(MAX_BYTES + 1),
            made("store#hinata.a 3"),
            made("store#hinata.a -1 00000000000000000000000000000003"),
            made("store#hinata.a' 3 00000000000000000000000000000003"),
            Token::of(&many).unwrap().to_string(),
        ] {
            assert_eq!(text.parse::<Token>(), Err(TokenError), "{text}");
        }
    }
}
