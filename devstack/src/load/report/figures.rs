//! The numbers of a day.

use std::collections::BTreeMap;
use std::fmt;

use anyhow::Result;
use hdrhistogram::Histogram;

use super::super::kind::{Kind, Period};
use super::super::tally::{Counted, Second};
use super::super::thresholds::Figures;
use super::super::{Found, Ran};

/// How long those took who came in one period for one thing.
#[derive(Debug, Clone)]
pub(super) struct Line {
    pub(super) period: Period,
    pub(super) what: String,
    pub(super) answered: u64,
    /// p50, p90, p99, p99.9 and the longest.
    pub(super) ms: [f64; 5],
}

/// The names of [`Line::ms`].
pub(super) const QUANTILES: [&str; 5] = ["p50", "p90", "p99", "p99.9", "max"];

impl Line {
    /// What stands above the lines on a terminal.
    pub(super) const HEAD: &'static str =
        "period  what                       answered   p50 ms   p90 ms   p99 ms p99.9 ms   max ms";

    fn of(period: Period, what: String, took: &Histogram<u64>) -> Option<Self> {
        let [p50, p90, p99, p999] = [0.5, 0.9, 0.99, 0.999].map(|share| ms(took.value_at_quantile(share)));
        let longest = ms(took.max());
        (!took.is_empty()).then(|| Self {
            period,
            what,
            answered: took.len(),
            ms: [p50, p90, p99, p999, longest],
        })
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:<7} {:<26} {:>8}", self.period, self.what, self.answered)?;
        self.ms.iter().try_for_each(|ms| write!(f, " {ms:>8.1}"))
    }
}

#[allow(clippy::cast_precision_loss, reason = "minutes, in microseconds")]
fn ms(us: u64) -> f64 {
    us as f64 / 1_000.0
}

/// By period: all lookups, all commands, and each kind.
pub(super) fn lines(counted: &Counted) -> Result<Vec<Line>> {
    let mut lines = Vec::new();
    for period in Period::ALL {
        let lookups = counted.took(period, Kind::is_lookup)?;
        let commands = counted.took(period, |kind| !kind.is_lookup())?;
        lines.extend(Line::of(period, "all lookups".to_owned(), &lookups));
        lines.extend(Line::of(period, "all commands".to_owned(), &commands));
        for kind in Kind::ALL {
            lines.extend(Line::of(period, kind.to_string(), &counted.took(period, |of| of == kind)?));
        }
    }
    Ok(lines)
}

/// What is held against the thresholds.
pub(super) fn figures(ran: &Ran, found: &Found) -> Result<Figures> {
    let quantile = |period, lookups: bool, share: f64| {
        let took = ran.counted.took(period, |kind| kind.is_lookup() == lookups)?;
        anyhow::Ok((!took.is_empty()).then(|| ms(took.value_at_quantile(share))))
    };
    let ratio = |lookups| {
        let burst = quantile(Period::Burst, lookups, 0.99)?;
        let quiet = quantile(Period::Quiet, lookups, 0.99)?;
        anyhow::Ok(burst.zip(quiet).map(|(burst, quiet)| burst / quiet))
    };
    let nothing = ran.nothing.as_secs_f64() * 1_000.0;
    Ok(Figures {
        lost: count(&found.lost),
        oversold: found.oversold_pieces,
        doubled: count(&found.doubled),
        differences: count(&found.differences),
        failed: ran.counted.failed.values().sum(),
        not_sent: ran.counted.not_sent,
        shed_share: ran.counted.shed_share(),
        burst_lookup_p99_to_quiet: ratio(true)?,
        burst_command_p99_to_quiet: ratio(false)?,
        quiet_lookup_p50_to_nothing: quantile(Period::Quiet, true, 0.5)?.map(|p50| p50 / nothing),
        lag_p99_ms: ran.counted.lag_ms(0.99),
    })
}

fn count(lines: &[String]) -> u64 {
    u64::try_from(lines.len()).unwrap_or(u64::MAX)
}

/// What is one number each, by its name.
pub(super) fn totals(ran: &Ran) -> Vec<(String, String)> {
    let Ran { counted, scenario, .. } = ran;
    let mut totals = Vec::new();
    let mut add = |name: &str, value: String| totals.push((name.to_owned(), value));
    for period in Period::ALL {
        let seconds = scenario.day.seconds(period);
        let of = |counted_in: fn(&Second) -> u32| -> f64 {
            let each = counted.seconds.iter().take(seconds.end).skip(seconds.start);
            each.map(|second| f64::from(counted_in(second))).sum()
        };
        #[allow(clippy::cast_precision_loss, reason = "seconds of a day")]
        let length = seconds.len().max(1) as f64;
        let (came, answered) = (of(|second| second.came) / length, of(|second| second.answered) / length);
        add(&format!("{period}: came, answered a second"), format!("{came:.0}, {answered:.0}"));
    }
    add("answered after the day's end, for", format!("{:.1} s", ran.overtime.as_secs_f64()));
    add("done", counted.done.to_string());
    listed(&mut add, "refused", &counted.refused);
    listed(&mut add, "turned away (503, 429)", &counted.shed);
    add("  gave up after that", counted.given_up.to_string());
    listed(&mut add, "failed", &counted.failed);
    listed(&mut add, "sent again, unanswered", &counted.repeated);
    add("not sent, no room", counted.not_sent.to_string());
    add("nothing to do", counted.idle.to_string());
    add("acknowledged holds", ran.acknowledged.len().to_string());
    let lag = |share| counted.lag_ms(share).map_or_else(|| "-".to_owned(), |ms| format!("{ms:.0}"));
    let lags = format!("{}, {}, {} ({} samples)", lag(0.5), lag(0.99), lag(1.0), counted.lags.len());
    add("visible after ms: p50, p99, max", lags);
    add("a request for nothing, p50", format!("{:.2} ms", ran.nothing.as_secs_f64() * 1_000.0));
    ran.counters.iter().for_each(|(name, by)| add(name, format!("+{by}")));
    for used in &ran.usages {
        let most = |points: &[(f64, f64)]| points.iter().map(|(_, value)| *value).fold(0.0, f64::max);
        add(&format!("{}: most cores", used.name), format!("{:.2}", most(&used.cores)));
        if !used.memory_mib.is_empty() {
            add("  most MiB", format!("{:.0}", most(&used.memory_mib)));
        }
    }
    totals
}

fn listed(add: &mut impl FnMut(&str, String), name: &str, by: &BTreeMap<String, u64>) {
    add(name, by.values().sum::<u64>().to_string());
    by.iter().for_each(|(what, count)| add(&format!("  {what}"), count.to_string()));
}
