//! The command API's own counters, before and after a day.

use std::collections::BTreeMap;

use anyhow::{Context, Result};

/// What is told of them, by how their lines begin.
const TOLD: [&str; 4] = [
    "torioki_command_lost_tries_total",
    "torioki_commands_total",
    "torioki_commit_commands_sum",
    "torioki_commit_commands_count",
];

/// By their names and labels.
pub(super) type Counters = BTreeMap<String, f64>;

/// What they are now.
///
/// # Errors
/// When the service does not say.
pub(super) async fn read(command_url: &str) -> Result<Counters> {
    let response = reqwest::get(format!("{command_url}/metrics")).await?.error_for_status();
    Ok(parse(&response.context("the command API's metrics")?.text().await?))
}

fn parse(text: &str) -> Counters {
    let told = text.lines().filter(|line| TOLD.iter().any(|name| line.starts_with(name)));
    let named = told.filter_map(|line| {
        let (name, value) = line.rsplit_once(' ')?;
        Some((name.to_owned(), value.parse().ok()?))
    });
    named.collect()
}

/// By how much each rose.
pub(super) fn rise(before: &Counters, after: &Counters) -> Counters {
    let rise = |(name, value): (&String, &f64)| {
        let by = value - before.get(name).copied().unwrap_or_default();
        (by > 0.0).then(|| (name.clone(), by))
    };
    after.iter().filter_map(rise).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_rose_is_told() {
        let before = parse("torioki_commands_total{command=\"place\",outcome=\"done\"} 5\n");
        let after = parse(
            "# TYPE torioki_commands_total counter\n\
             torioki_commands_total{command=\"place\",outcome=\"done\"} 7\n\
             torioki_command_lost_tries_total{reason=\"stale\"} 3\n\
             torioki_swept_holds_total 9\n\
             torioki_commit_commands_sum 0\n",
        );
        let rose: Vec<(String, f64)> = rise(&before, &after).into_iter().collect();
        let expected = [
            ("torioki_command_lost_tries_total{reason=\"stale\"}".to_owned(), 3.0),
            ("torioki_commands_total{command=\"place\",outcome=\"done\"}".to_owned(), 2.0),
        ];
        assert_eq!(rose, expected);
    }
}
