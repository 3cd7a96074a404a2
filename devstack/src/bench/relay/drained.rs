//! How far something was after how long.

use std::fmt;
use std::time::Duration;

/// How many events were taken by when.
#[derive(Debug, Clone, Default)]
pub struct Drained(Vec<(usize, Duration)>);

impl Drained {
    /// So many more events, by then.
    pub(super) fn add(&mut self, events: usize, after: Duration) {
        self.reach(self.events() + events, after);
    }

    /// So many events in all, by then.
    pub(super) fn reach(&mut self, events: usize, after: Duration) {
        if events > self.events() {
            self.0.push((events, after));
        }
    }

    /// How many there were.
    pub(super) fn events(&self) -> usize {
        self.0.last().map_or(0, |(events, _)| *events)
    }

    /// Events a second, over all of them.
    #[allow(clippy::cast_precision_loss, reason = "far below 2^52")]
    pub(super) fn per_second(&self) -> f64 {
        self.0.last().map_or(0.0, |(events, after)| *events as f64 / after.as_secs_f64())
    }

    /// For a backlog of so many events, the seconds that it takes: at most so many points, evenly apart.
    #[allow(clippy::cast_precision_loss, reason = "far below 2^52")]
    pub(super) fn points(&self, most: usize) -> Vec<(f64, f64)> {
        let whole = self.events();
        let reached = |part: usize| self.0.iter().find(|(events, _)| events * most >= whole * part);
        (1..=most).filter_map(reached).map(|(events, after)| (*events as f64, after.as_secs_f64())).collect()
    }
}

impl fmt::Display for Drained {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} events, {:.0} a second", self.events(), self.per_second())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_curve_ends_with_the_last_event() {
        let mut drained = Drained::default();
        for n in 1..=100 {
            drained.add(10, Duration::from_millis(20 * n));
        }
        drained.reach(900, Duration::from_secs(9));
        assert_eq!(drained.events(), 1_000);
        assert!((drained.per_second() - 500.0).abs() < 1e-9);
        assert_eq!(drained.points(4), [(250.0, 0.5), (500.0, 1.0), (750.0, 1.5), (1_000.0, 2.0)]);
    }
}
