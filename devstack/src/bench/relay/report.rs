//! What was measured of the relay, side by side, and drawn.

use std::fmt;

use super::{Drained, Lag, Ours};
use crate::plot::{Axis, Chart, Line};

/// Points of each line of the chart.
const POINTS: usize = 20;

/// What was measured, as Markdown.
pub struct Relay {
    /// The relay.
    pub ours: Ours,
    /// Each event in a transaction of its own.
    pub one_by_one: Drained,
    /// The stream, read alone.
    pub read: Drained,
    /// The rows, written alone.
    pub upsert: Drained,
    /// Without the nudge and with it.
    pub lags: [Lag; 2],
}

impl Relay {
    fn yardsticks(&self) -> [(String, &Drained); 3] {
        [
            (format!("one event, one transaction ({} of them)", self.one_by_one.events()), &self.one_by_one),
            ("`GetRecords` alone".to_owned(), &self.read),
            ("multi-row upserts alone".to_owned(), &self.upsert),
        ]
    }

    /// Seconds against the size of the backlog.
    #[must_use]
    pub fn chart(&self) -> Chart {
        let lines = [("the relay".to_owned(), &self.ours.drained)].into_iter().chain(self.yardsticks());
        Chart {
            title: "How long a backlog takes".to_owned(),
            x: Axis::logarithmic("events in the backlog"),
            y: Axis::logarithmic("seconds until all are taken"),
            lines: lines
                .map(|(name, drained)| Line::new(name.replace('`', ""), drained.points(POINTS)))
                .collect(),
        }
    }
}

impl fmt::Display for Relay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ours = self.ours.drained.per_second();
        writeln!(
            f,
            "| a backlog of {} events | events a second | the relay to it |",
            self.ours.drained.events()
        )?;
        writeln!(f, "| --- | --- | --- |")?;
        writeln!(f, "| the relay | {ours:.0} | |")?;
        for (name, drained) in self.yardsticks() {
            let per_second = drained.per_second();
            writeln!(f, "| {name} | {per_second:.0} | {:.2} |", ours / per_second)?;
        }
        let quarters = self
            .ours
            .memory
            .map(|kib| format!("{:.0}", f64::from(u32::try_from(kib).unwrap_or(u32::MAX)) / 1024.0));
        writeln!(f, "\nThe relay's memory after each quarter of it, in MiB: {}.\n", quarters.join(", "))?;
        writeln!(f, "| 200 holds a second | p50 ms | p99 ms | idle `GetRecords` a second |")?;
        writeln!(f, "| --- | --- | --- | --- |")?;
        for (name, lag) in ["without the nudge", "with the nudge"].into_iter().zip(&self.lags) {
            let ms = |time: std::time::Duration| time.as_secs_f64() * 1_000.0;
            let (p50, p99) = (ms(lag.times.p50), ms(lag.times.p99));
            writeln!(f, "| {name} | {p50:.1} | {p99:.1} | {:.1} |", lag.idle_reads)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::super::measure::Times;
    use super::*;

    fn drained(events: usize, seconds: u64) -> Drained {
        let mut drained = Drained::default();
        drained.add(events, Duration::from_secs(seconds));
        drained
    }

    #[test]
    fn all_stand_beside_each_other() {
        let lag = |ms| Lag {
            times: Times {
                p50: Duration::from_millis(ms),
                p99: Duration::from_millis(2 * ms),
                per_second: 200.0,
            },
            idle_reads: 4.8,
        };
        let relay = Relay {
            ours: Ours { drained: drained(1_000, 2), memory: [20_480, 20_480, 21_504, 21_504] },
            one_by_one: drained(100, 10),
            read: drained(1_000, 1),
            upsert: drained(1_000, 2),
            lags: [lag(100), lag(5)],
        };
        let text = relay.to_string();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(
            lines[2..],
            [
                "| the relay | 500 | |",
                "| one event, one transaction (100 of them) | 10 | 50.00 |",
                "| `GetRecords` alone | 1000 | 0.50 |",
                "| multi-row upserts alone | 500 | 1.00 |",
                "",
                "The relay's memory after each quarter of it, in MiB: 20, 20, 21, 21.",
                "",
                "| 200 holds a second | p50 ms | p99 ms | idle `GetRecords` a second |",
                "| --- | --- | --- | --- |",
                "| without the nudge | 100.0 | 200.0 | 4.8 |",
                "| with the nudge | 5.0 | 10.0 | 4.8 |",
            ]
        );
        assert_eq!(relay.chart().lines.len(), 4);
    }
}
