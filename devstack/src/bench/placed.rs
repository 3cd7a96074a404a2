//! What holds took, and how that is shown.

use std::fmt;
use std::time::Duration;

use anyhow::{Context, Result};

use super::hold::Case;
use super::measure::Times;
use crate::usage::Usage;

/// What the command API counts its calls as.
const CALLS: &str = "torioki_dynamodb_calls_total ";

/// What became of it.
#[derive(Debug, Clone, Copy)]
pub struct Placed {
    pub(super) times: Times,
    /// How often somebody was told to come again.
    pub(super) turned_away: u64,
    pub(super) cost: Cost,
}

/// What each hold took of the command API.
#[derive(Debug, Clone, Copy)]
pub struct Cost {
    /// Microseconds of CPU time.
    pub cpu_us: f64,
    /// Requests sent to DynamoDB, as the command API counts them.
    pub calls: f64,
}

/// What a command API has taken since it began.
pub(super) struct Taken {
    cpu: Duration,
    calls: u64,
}

impl Taken {
    /// With what it says of itself.
    pub(super) fn of(process: u32, metrics: &str) -> Result<Self> {
        let calls = metrics.lines().find_map(|line| line.strip_prefix(CALLS)?.trim().parse().ok());
        let used = Usage::of(process).context("what the command API uses is not known here")?;
        Ok(Self { cpu: used.cpu, calls: calls.context("the calls are not counted")? })
    }

    #[allow(clippy::cast_precision_loss, reason = "far below 2^52")]
    pub(super) fn since(&self, before: &Self, holds: usize) -> Cost {
        let calls = (self.calls - before.calls) as f64 / holds.max(1) as f64;
        Cost { cpu_us: super::micros_each(self.cpu.saturating_sub(before.cpu), holds), calls }
    }
}

impl Placed {
    /// Holds a second.
    #[must_use]
    pub fn per_second(&self) -> f64 {
        self.times.per_second
    }

    /// What each took.
    #[must_use]
    pub fn cost(&self) -> Cost {
        self.cost
    }

    /// So much of the holds a second that these are.
    #[must_use]
    pub fn share_of_rate(&self, share: f64) -> f64 {
        self.times.per_second * share
    }
}

/// What was measured, as Markdown.
pub struct Holds {
    /// Each case, each alone and combined.
    pub cases: Vec<(Case, [Placed; 2])>,
    /// Combined, on one SKU, at a fixed rate.
    pub at_rate: Placed,
}

impl fmt::Display for Holds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "| p50 ms / p99 ms / holds a second (turned away) | each alone | combined | a second, combined to alone | \
             p50 | p99 |"
        )?;
        writeln!(f, "| --- | --- | --- | --- | --- | --- |")?;
        for (Case { clients, skus }, [alone, combined]) in &self.cases {
            let ratio = |of: fn(&Times) -> f64| of(&combined.times) / of(&alone.times).max(f64::EPSILON);
            let (faster, p50, p99) = (ratio(|t| t.per_second), ratio(|t| ms(t.p50)), ratio(|t| ms(t.p99)));
            writeln!(
                f,
                "| {clients} clients, {skus} SKUs | {alone} | {combined} | {faster:.2} | {p50:.2} | {p99:.2} |"
            )?;
        }
        let lone = self.cases.iter().find(|(case, _)| case.clients == 1);
        let lone = lone.map_or(0.0, |(_, [_, combined])| ms(combined.times.p99));
        let slower = ms(self.at_rate.times.p99) / lone.max(f64::EPSILON);
        writeln!(f, "| one SKU, at a fixed rate; beside one client | | {} | | | {slower:.2} |", self.at_rate)
    }
}

impl fmt::Display for Placed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { times: Times { p50, p99, per_second }, turned_away, .. } = self;
        write!(f, "{:.1} / {:.1} / {per_second:.0} ({turned_away})", ms(*p50), ms(*p99))
    }
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}

#[cfg(test)]
mod tests {
    use super::super::hold::CASES;
    use super::*;

    #[test]
    fn both_stand_side_by_side() {
        let placed = |ms, per_second| {
            let times = Times { p50: Duration::from_millis(ms), p99: Duration::from_millis(45), per_second };
            Placed { times, turned_away: 3, cost: Cost { cpu_us: 300.0, calls: 1.0 } }
        };
        let cases = vec![
            (CASES[0], [placed(2, 400.0), placed(2, 420.0)]),
            (CASES[1], [placed(40, 20.0), placed(10, 300.0)]),
        ];
        let text = Holds { cases, at_rate: placed(5, 210.0) }.to_string();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(
            lines[2..],
            [
                "| 1 clients, 1 SKUs | 2.0 / 45.0 / 400 (3) | 2.0 / 45.0 / 420 (3) | 1.05 | 1.00 | 1.00 |",
                "| 64 clients, 1 SKUs | 40.0 / 45.0 / 20 (3) | 10.0 / 45.0 / 300 (3) | 15.00 | 0.25 | 1.00 |",
                "| one SKU, at a fixed rate; beside one client | | 5.0 / 45.0 / 210 (3) | | | 1.00 |",
            ]
        );
        assert!(lines.iter().all(|line| line.matches('|').count() == 7), "{text}");
    }
}
