//! Holds of distinct SKUs beside transactions of the same items with nothing around them.

use std::collections::BTreeMap;
use std::fmt;

use super::bare::Sent;
use super::placed::Placed;

/// One run of each, on engines of their own, one after the other.
pub struct Beside {
    /// How many clients, each about a SKU of its own.
    pub clients: usize,
    /// The bare loop.
    pub bare: Sent,
    /// The command API.
    pub placed: Placed,
}

/// What was measured, as Markdown.
pub struct Path(pub Vec<Beside>);

impl Beside {
    /// Holds a second and CPU time of a hold, each to that of the bare loop, and calls of a hold.
    fn ratios(&self) -> [f64; 3] {
        let Self { bare, placed, .. } = self;
        let ratio = |ours: f64, theirs: f64| ours / theirs.max(f64::EPSILON);
        let cost = placed.cost();
        [ratio(placed.per_second(), bare.per_second), ratio(cost.cpu_us, bare.cpu_us), cost.calls]
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "| clients, each a SKU | a second: bare loop | holds | holds to bare | CPU µs each: bare loop | hold | hold to bare | \
             calls a hold |"
        )?;
        writeln!(f, "| --- | --- | --- | --- | --- | --- | --- | --- |")?;
        let mut rounds: BTreeMap<usize, Vec<[f64; 3]>> = BTreeMap::new();
        for beside in &self.0 {
            let Beside { clients, bare, placed } = beside;
            let ratios = beside.ratios();
            rounds.entry(*clients).or_default().push(ratios);
            let [rate, cpu, calls] = ratios;
            let (per_second, cpu_us) = (placed.per_second(), placed.cost().cpu_us);
            writeln!(
                f,
                "| {clients} | {:.0} | {per_second:.0} | {rate:.2} | {:.0} | {cpu_us:.0} | {cpu:.2} | {calls:.2} |",
                bare.per_second, bare.cpu_us,
            )?;
        }
        for (clients, ratios) in rounds {
            let [rate, cpu, calls] = [0, 1, 2].map(|n| median(ratios.iter().map(|ratios| ratios[n])));
            writeln!(f, "| {clients}, median | | | {rate:.2} | | | {cpu:.2} | {calls:.2} |")?;
        }
        Ok(())
    }
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_unstable_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::measure::Times;
    use super::super::placed::Cost;
    use super::*;

    #[test]
    fn each_round_stands_beside_the_loop_and_the_middle_of_them_below() {
        let round = |per_second, cpu_us| {
            let times = Times { p50: Duration::ZERO, p99: Duration::ZERO, per_second };
            let placed = Placed { times, turned_away: 0, cost: Cost { cpu_us, calls: 1.0 } };
            Beside { clients: 64, bare: Sent { per_second: 1_000.0, cpu_us: 200.0 }, placed }
        };
        let text = Path(vec![round(900.0, 300.0), round(500.0, 400.0), round(950.0, 250.0)]).to_string();
        let lines: Vec<&str> = text.lines().skip(2).collect();
        let expected = [
            "| 64 | 1000 | 900 | 0.90 | 200 | 300 | 1.50 | 1.00 |",
            "| 64 | 1000 | 500 | 0.50 | 200 | 400 | 2.00 | 1.00 |",
            "| 64 | 1000 | 950 | 0.95 | 200 | 250 | 1.25 | 1.00 |",
            "| 64, median | | | 0.90 | | | 1.50 | 1.00 |",
        ];
        assert_eq!(lines, expected);
    }
}
