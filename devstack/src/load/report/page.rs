//! The report as one page of HTML, which asks for nothing else: readable on a phone, by day and by night.

use super::figures::QUANTILES;
use super::plots::plots;
use super::{Line, Report};
use crate::plot::Escaped;

/// Dark where whoever looks wants it so. Plots bring the colours of a light page, which lose against these.
const STYLE: &str = "
:root { color-scheme: light dark; --paper: #fff; --ink: #1a1a1a; --rule: #ddd; --bad: #b00020; --good: #1b6e3a; }
@media (prefers-color-scheme: dark) {
  :root { --paper: #15171a; --ink: #e6e6e6; --rule: #3a3d42; --bad: #ff7a85; --good: #7bd49b; }
}
body { margin: 0 auto; padding: 1rem; max-width: 60rem; background: var(--paper); color: var(--ink);
  font: 16px/1.5 system-ui, sans-serif; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { padding: .3rem .6rem; border-bottom: 1px solid var(--rule); text-align: right; white-space: nowrap; }
th:first-child, th:nth-child(2), td:first-child { text-align: left; }
td.text { min-width: 11rem; text-align: left; white-space: normal; }
.broken { color: var(--bad); font-weight: 600; }
.kept { color: var(--good); }
svg { width: 100%; min-width: 36rem; height: auto; margin: 1rem 0; }
svg > rect:first-of-type { fill: var(--paper); }
svg text { fill: var(--ink); }
svg line { stroke: var(--rule); }
svg [stroke='#000000'] { stroke: var(--ink); }
";

pub(super) fn page(report: &Report, title: &str, of: &str) -> String {
    let (title, of) = (Escaped(title), Escaped(of));
    let outcome = if report.passed() {
        r#"<p class="kept">Every threshold was kept.</p>"#
    } else {
        r#"<p class="broken">A threshold was broken.</p>"#
    };
    let verdicts = report.verdicts.iter().map(|verdict| {
        let class = if verdict.is_broken() { "broken" } else { "kept" };
        format!(r#"<tr><td class="text {class}">{}</td></tr>"#, Escaped(&verdict.to_string()))
    });
    let found = report
        .found
        .lines()
        .map(|line| format!(r#"<tr><td class="text broken">{}</td></tr>"#, Escaped(line)));
    let totals = report.totals().into_iter().map(|(name, value)| {
        format!(r#"<tr><td class="text">{}</td><td>{}</td></tr>"#, Escaped(&name), Escaped(&value))
    });
    let quantiles: String = QUANTILES.iter().map(|name| format!("<th>{name} ms</th>")).collect();
    let lines = report.lines.iter().map(|Line { period, what, answered, ms }| {
        let ms: String = ms.iter().map(|ms| format!("<td>{ms:.1}</td>")).collect();
        format!(r#"<tr><td>{period}</td><td class="text">{}</td><td>{answered}</td>{ms}</tr>"#, Escaped(what))
    });
    let plots: String =
        plots(&report.ran).iter().map(|plot| format!(r#"<div class="wide">{plot}</div>"#)).collect();
    format!(
        r#"<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>{STYLE}</style>
</head>
<body>
<h1>{title}</h1>
<p>{of}</p>
{outcome}
<div class="wide"><table>{}{}</table></div>
<h2>How long it took</h2>
<p>Since somebody came, whether their request could be sent by then or not. Who was turned away is not in it.</p>
<div class="wide"><table><tr><th>when</th><th>what</th><th>answered</th>{quantiles}</tr>{}</table></div>
<h2>Over the day</h2>
{plots}
<h2>In all</h2>
<div class="wide"><table>{}</table></div>
</body>
</html>
"#,
        verdicts.collect::<String>(),
        found.collect::<String>(),
        lines.collect::<String>(),
        totals.collect::<String>(),
    )
}
