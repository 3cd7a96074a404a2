//! What was measured, side by side.

use std::fmt;
use std::time::Duration;

use super::measure::Times;
use super::shape::Shape;

/// Lines of times, with a column for each size.
pub(super) struct Report {
    shapes: Vec<Shape>,
    lines: Vec<(&'static str, Vec<Times>)>,
    comparisons: Vec<String>,
}

impl Report {
    pub(super) fn new(shapes: impl Iterator<Item = Shape>) -> Self {
        Self { shapes: shapes.collect(), lines: Vec::new(), comparisons: Vec::new() }
    }

    pub(super) fn add(&mut self, name: &'static str, times: Vec<Times>) {
        self.lines.push((name, times));
    }

    /// Tells how much of one line's rate another has, for each size.
    pub(super) fn compare(&mut self, name: &'static str, yardstick: &'static str, goal: f64) {
        let rates = |wanted| self.line(wanted).iter().map(|times| times.per_second);
        let ratios = rates(name).zip(rates(yardstick)).map(|(rate, most)| format!("{:.2}", rate / most));
        let ratios: Vec<String> = ratios.collect();
        let ratios = ratios.join(", ");
        self.comparisons.push(format!("A second, {name} to {yardstick}: {ratios}; goal: {goal} at least."));
    }

    /// Tells how much longer a line takes at the last size than at the first.
    pub(super) fn growth(&mut self, name: &'static str, goal: f64) {
        if let [first, .., last] = self.line(name) {
            let ratio = ms(last.p50) / ms(first.p50);
            self.comparisons.push(format!("p50, {name}, last to first: {ratio:.2}; goal: {goal} at most."));
        }
    }

    fn line(&self, wanted: &str) -> &[Times] {
        self.lines.iter().find(|(name, _)| *name == wanted).map_or(&[], |(_, times)| times)
    }
}

/// As a table of Markdown, so that it can be kept as it is.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "| p50 ms / p99 ms / per second |")?;
        for shape in &self.shapes {
            write!(f, " {} rows |", shape.rows())?;
        }
        writeln!(f, " p50, last to first |")?;
        writeln!(f, "| --- |{} --- |", " --- |".repeat(self.shapes.len()))?;
        for (name, times) in &self.lines {
            write!(f, "| {name} |")?;
            for Times { p50, p99, per_second } in times {
                write!(f, " {:.2} / {:.2} / {per_second:.0} |", ms(*p50), ms(*p99))?;
            }
            match times.as_slice() {
                [first, .., last] => writeln!(f, " {:.2} |", ms(last.p50) / ms(first.p50).max(f64::EPSILON))?,
                _ => writeln!(f, "{} |", " |".repeat(self.shapes.len() - times.len()))?,
            }
        }
        self.comparisons.iter().try_for_each(|comparison| write!(f, "\n{comparison}\n"))
    }
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_stand_side_by_side() {
        let times =
            |ms| Times { p50: Duration::from_millis(ms), p99: Duration::from_millis(9), per_second: 400.4 };
        let mut report = Report::new([100, 1_000].map(Shape::of).into_iter());
        report.add("nothing", vec![times(1)]);
        report.add("something", vec![times(2), times(3)]);
        let text = report.to_string();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[2], "| nothing | 1.00 / 9.00 / 400 | | |");
        assert_eq!(lines[3], "| something | 2.00 / 9.00 / 400 | 3.00 / 9.00 / 400 | 1.50 |");
        assert!(lines.iter().all(|line| line.matches('|').count() == 5), "{text}");
        report.compare("something", "nothing", 0.7);
        let text = report.to_string();
        assert!(text.ends_with("\nA second, something to nothing: 1.00; goal: 0.7 at least.\n"), "{text}");
        report.growth("something", 1.3);
        let text = report.to_string();
        assert!(text.ends_with("\np50, something, last to first: 1.50; goal: 1.3 at most.\n"), "{text}");
    }
}
