//! What is drawn of a day.

use super::super::Ran;
use super::super::tally::{Second, quantile};
use crate::plot::{Axis, Chart, Line};

/// What all of them have from left to right.
const SECONDS: &str = "seconds of the day";

/// All of them, in the order in which they are shown.
pub(super) fn plots(ran: &Ran) -> Vec<Chart> {
    vec![arrivals(ran), latencies(ran), lags(ran), cores(ran), memory(ran)]
}

fn chart(title: &str, y: Axis, lines: Vec<Line>) -> Chart {
    Chart { title: title.to_owned(), x: Axis::linear(SECONDS), y, lines }
}

/// A point for each second in which that is known.
#[allow(clippy::cast_precision_loss, reason = "seconds of a day")]
fn each_second(ran: &Ran, name: &str, of: impl Fn(&Second) -> Option<f64>) -> Line {
    let seconds = ran.counted.seconds.iter().enumerate();
    Line::new(name, seconds.filter_map(|(at, second)| Some((at as f64, of(second)?))))
}

fn arrivals(ran: &Ran) -> Chart {
    let lines = vec![
        each_second(ran, "came", |second| Some(second.came.into())),
        each_second(ran, "answered", |second| Some(second.answered.into())),
        each_second(ran, "turned away", |second| Some(second.shed.into())),
    ];
    chart("Who came, and who was answered", Axis::linear("a second"), lines)
}

fn latencies(ran: &Ran) -> Chart {
    let of = |name: &str, values: fn(&Second) -> &Vec<f64>, share: f64| {
        each_second(ran, name, |second| quantile(&mut values(second).clone(), share))
    };
    let lines = vec![
        of("lookups, p50", |second| &second.lookups_ms, 0.5),
        of("lookups, p99", |second| &second.lookups_ms, 0.99),
        of("commands, p50", |second| &second.commands_ms, 0.5),
        of("commands, p99", |second| &second.commands_ms, 0.99),
    ];
    chart("How long they took, by the second in which they came", Axis::logarithmic("ms"), lines)
}

fn lags(ran: &Ran) -> Chart {
    let mut lags: Vec<(f64, f64)> =
        ran.counted.lags.iter().map(|(at, lag)| (at.as_secs_f64(), lag.as_secs_f64() * 1_000.0)).collect();
    lags.sort_unstable_by(|(a, _), (b, _)| a.total_cmp(b));
    let lines = vec![Line::new("samples", lags)];
    chart("From a command's answer to a lookup that has it", Axis::logarithmic("ms"), lines)
}

fn cores(ran: &Ran) -> Chart {
    let lines = ran.usages.iter().map(|usages| Line::new(usages.name.clone(), usages.cores.clone()));
    chart("Processors kept busy", Axis::linear("cores"), lines.collect())
}

fn memory(ran: &Ran) -> Chart {
    let known = ran.usages.iter().filter(|usages| !usages.memory_mib.is_empty());
    let lines = known.map(|usages| Line::new(usages.name.clone(), usages.memory_mib.clone()));
    chart("Memory; the load generator's holds the embedded DynamoDB", Axis::linear("MiB"), lines.collect())
}
