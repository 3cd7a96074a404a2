//! W3C Trace Context: the one line that ties a request to the events it caused.

use std::fmt;
use std::str::FromStr;

use uuid::Uuid;

/// A `traceparent`, version 00.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Traceparent {
    trace_id: u128,
    parent_id: u64,
    flags: u8,
}

/// Not a `traceparent` of version 00.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a W3C traceparent")]
pub struct TraceparentError;

impl Traceparent {
    /// The start of a new trace, sampled, from two ids that nobody used before.
    #[must_use]
    pub fn root(trace: Uuid, span: Uuid) -> Self {
        Self { trace_id: trace.as_u128(), parent_id: low_half(span), flags: 1 }
    }

    /// The same trace, one span deeper.
    #[must_use]
    pub fn child(self, span: Uuid) -> Self {
        Self { parent_id: low_half(span), ..self }
    }

    /// The id that all spans of one trace share.
    #[must_use]
    pub fn trace_id(self) -> String {
        format!("{:032x}", self.trace_id)
    }
}

/// The half of a UUIDv7 that is random.
fn low_half(id: Uuid) -> u64 {
    id.as_u64_pair().1
}

fn hex<T>(text: &str, parse: impl Fn(&str, u32) -> Result<T, std::num::ParseIntError>) -> Option<T> {
    let lower_hex = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
    text.bytes().all(lower_hex).then(|| parse(text, 16).ok()).flatten()
}

impl FromStr for Traceparent {
    type Err = TraceparentError;

    fn from_str(text: &str) -> Result<Self, TraceparentError> {
        let parts: Vec<&str> = text.split('-').collect();
        let &["00", trace, parent, flags] = parts.as_slice() else { return Err(TraceparentError) };
        if (trace.len(), parent.len(), flags.len()) != (32, 16, 2) {
            return Err(TraceparentError);
        }
        let trace_id = hex(trace, u128::from_str_radix).filter(|id| *id != 0);
        let parent_id = hex(parent, u64::from_str_radix).filter(|id| *id != 0);
        match (trace_id, parent_id, hex(flags, u8::from_str_radix)) {
            (Some(trace_id), Some(parent_id), Some(flags)) => Ok(Self { trace_id, parent_id, flags }),
            _ => Err(TraceparentError),
        }
    }
}

impl fmt::Display for Traceparent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "00-{:032x}-{:016x}-{:02x}", self.trace_id, self.parent_id, self.flags)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_traceparent_is_kept_to_the_letter() {
        let text = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        let parsed: Traceparent = text.parse().unwrap();
        assert_eq!(parsed.to_string(), text);
        assert_eq!(parsed.child(Uuid::from_u128(7)).trace_id(), parsed.trace_id());
    }

    #[test]
    fn what_is_no_traceparent_is_refused() {
        for text in [
            "",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
            "01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "00-+bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        ] {
            assert!(text.parse::<Traceparent>().is_err(), "{text}");
        }
    }
}
