//! What a run is measured by.

use std::fmt;

use anyhow::Result;
use serde::Deserialize;

use super::scenario::within;

/// Most that a ratio, or a time in milliseconds, may be asked to be: more is no threshold.
const MAX_LIMIT: f64 = 1e6;

/// What is broken where it is more.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Thresholds {
    /// Holds that were acknowledged and are not there, or not as far as was acknowledged.
    pub lost: u64,
    /// Pieces that were promised or handed over beyond those that there were.
    pub oversold: u64,
    /// Holds that one command placed beside its first.
    pub doubled: u64,
    /// What else the judge finds.
    pub differences: u64,
    /// Arrivals that ended in an error that is no shed.
    pub failed: u64,
    /// Arrivals for which there was no room.
    pub not_sent: u64,
    /// Of all answers, those that turned somebody away and said for how long.
    pub shed_share: f64,
    /// 99th percentile of lookups in the burst, to that of the quiet part.
    pub burst_lookup_p99_to_quiet: f64,
    /// The same of commands.
    pub burst_command_p99_to_quiet: f64,
    /// Median of lookups in the quiet part, to that of a request for nothing.
    pub quiet_lookup_p50_to_nothing: f64,
    /// From a command's answer to a lookup that has it.
    pub lag_p99_ms: f64,
}

/// What a run came to, where that could be told; each is held against the threshold of the same name.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Figures {
    pub(super) lost: u64,
    pub(super) oversold: u64,
    pub(super) doubled: u64,
    pub(super) differences: u64,
    pub(super) failed: u64,
    pub(super) not_sent: u64,
    pub(super) shed_share: Option<f64>,
    pub(super) burst_lookup_p99_to_quiet: Option<f64>,
    pub(super) burst_command_p99_to_quiet: Option<f64>,
    pub(super) quiet_lookup_p50_to_nothing: Option<f64>,
    pub(super) lag_p99_ms: Option<f64>,
}

/// A figure, held against its threshold.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Verdict {
    /// The threshold's name in the scenario.
    pub name: &'static str,
    /// What it was, where that could be told.
    pub was: Option<f64>,
    /// What it was to be, at most.
    pub limit: f64,
}

impl Verdict {
    /// Whether the run fails by it. What could not be measured was not kept.
    #[must_use]
    pub fn is_broken(&self) -> bool {
        !self.was.is_some_and(|was| was <= self.limit)
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, was, limit } = self;
        let was = was.map_or_else(|| "not measured".to_owned(), |was| format!("{}", Short(was)));
        let how = if self.is_broken() { "BROKEN" } else { "kept" };
        write!(f, "{how:<6} {name}: {was}, at most {}", Short(*limit))
    }
}

/// A number with no more digits than tell it.
struct Short(f64);

impl fmt::Display for Short {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", (self.0 * 1_000.0).round() / 1_000.0)
    }
}

impl Thresholds {
    pub(super) fn check(&self) -> Result<()> {
        within("thresholds.shed_share", self.shed_share, 0.0, 1.0)?;
        for (name, limit) in [
            ("burst_lookup_p99_to_quiet", self.burst_lookup_p99_to_quiet),
            ("burst_command_p99_to_quiet", self.burst_command_p99_to_quiet),
            ("quiet_lookup_p50_to_nothing", self.quiet_lookup_p50_to_nothing),
            ("lag_p99_ms", self.lag_p99_ms),
        ] {
            within(&format!("thresholds.{name}"), limit, 0.0, MAX_LIMIT)?;
        }
        Ok(())
    }

    /// Every figure against its threshold.
    pub(super) fn judge(&self, is: &Figures) -> Vec<Verdict> {
        #[allow(clippy::cast_precision_loss, reason = "counts of a run are far below 2^52")]
        let count = |name, was: u64, limit: u64| Verdict { name, was: Some(was as f64), limit: limit as f64 };
        let ratio = |name, was, limit| Verdict { name, was, limit };
        vec![
            count("lost", is.lost, self.lost),
            count("oversold", is.oversold, self.oversold),
            count("doubled", is.doubled, self.doubled),
            count("differences", is.differences, self.differences),
            count("failed", is.failed, self.failed),
            count("not_sent", is.not_sent, self.not_sent),
            ratio("shed_share", is.shed_share, self.shed_share),
            ratio("burst_lookup_p99_to_quiet", is.burst_lookup_p99_to_quiet, self.burst_lookup_p99_to_quiet),
            ratio(
                "burst_command_p99_to_quiet",
                is.burst_command_p99_to_quiet,
                self.burst_command_p99_to_quiet,
            ),
            ratio(
                "quiet_lookup_p50_to_nothing",
                is.quiet_lookup_p50_to_nothing,
                self.quiet_lookup_p50_to_nothing,
            ),
            ratio("lag_p99_ms", is.lag_p99_ms, self.lag_p99_ms),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_threshold_is_broken_by_more_and_by_what_is_not_known() {
        let verdict = |was| Verdict { name: "lag_p99_ms", was, limit: 50.0 };
        assert!(!verdict(Some(50.0)).is_broken());
        for broken in [None, Some(50.1), Some(f64::NAN), Some(f64::INFINITY)] {
            assert!(verdict(broken).is_broken(), "{broken:?}");
        }
        assert_eq!(verdict(Some(61.23456)).to_string(), "BROKEN lag_p99_ms: 61.235, at most 50");
        assert_eq!(verdict(None).to_string(), "BROKEN lag_p99_ms: not measured, at most 50");
        assert_eq!(verdict(Some(3.0)).to_string(), "kept   lag_p99_ms: 3, at most 50");
    }
}
