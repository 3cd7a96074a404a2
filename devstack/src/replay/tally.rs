//! What became of the sales.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::Duration;

/// What became of one.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum End {
    Collected,
    Cancelled,
    /// With the problem's code.
    Refused(String),
}

/// Counts.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    collected: usize,
    cancelled: usize,
    refused: BTreeMap<String, usize>,
}

impl Tally {
    pub(super) fn add(&mut self, end: End) {
        match end {
            End::Collected => self.collected += 1,
            End::Cancelled => self.cancelled += 1,
            End::Refused(code) => *self.refused.entry(code).or_default() += 1,
        }
    }

    pub(super) fn plus(mut self, other: Self) -> Self {
        self.collected += other.collected;
        self.cancelled += other.cancelled;
        for (code, count) in other.refused {
            *self.refused.entry(code).or_default() += count;
        }
        self
    }

    /// For people. `sold` is the time until the last command was answered, `projected` until its event was projected.
    pub(super) fn report(&self, events: usize, sold: Duration, projected: Duration) -> String {
        let mut report = String::new();
        let mut line = |name: &str, value: String| {
            // Writing to a string does not fail.
            let _ = writeln!(report, "{name:<22} {value:>10}");
        };
        line("holds", (self.collected + self.cancelled).to_string());
        line("  collected", self.collected.to_string());
        line("  cancelled", self.cancelled.to_string());
        line("refusals", self.refused.values().sum::<usize>().to_string());
        for (code, count) in &self.refused {
            line(&format!("  {code}"), count.to_string());
        }
        line("events", events.to_string());
        let seconds = projected.as_secs_f64();
        line("seconds", format!("{seconds:.1}"));
        line("  commands", format!("{:.1}", sold.as_secs_f64()));
        line("  projection, behind", format!("{:.1}", projected.saturating_sub(sold).as_secs_f64()));
        #[allow(clippy::cast_precision_loss, reason = "counts of events are far below 2^52")]
        line("events/s", format!("{:.0}", events as f64 / seconds.max(f64::EPSILON)));
        report.trim_end().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_end_is_counted_once() {
        let mut one = Tally::default();
        for end in [End::Collected, End::Cancelled, End::Refused("insufficient_stock".into())] {
            one.add(end);
        }
        let mut two = Tally::default();
        for end in
            [End::Collected, End::Refused("insufficient_stock".into()), End::Refused("unknown_stock".into())]
        {
            two.add(end);
        }
        let report = one.plus(two).report(50, Duration::from_secs(4), Duration::from_secs(5));
        let counts: Vec<Vec<&str>> = report.lines().map(|line| line.split_whitespace().collect()).collect();
        let expected = [
            ["holds", "3"],
            ["collected", "2"],
            ["cancelled", "1"],
            ["refusals", "3"],
            ["insufficient_stock", "2"],
            ["unknown_stock", "1"],
            ["events", "50"],
            ["seconds", "5.0"],
            ["commands", "4.0"],
        ];
        assert_eq!(counts[..9], expected.map(|pair| pair.to_vec()));
        assert_eq!(counts[9], ["projection,", "behind", "1.0"]);
        assert_eq!(counts[10], ["events/s", "10"]);
    }
}
