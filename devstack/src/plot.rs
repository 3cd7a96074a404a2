//! Line charts as SVG, for documents and reports.
//!
//! A chart is one `<svg>` element and needs nothing beside it: it stands in a page of HTML as it is, and in a file of its own.
//! It must never know what the numbers are of.

mod scale;

use std::fmt::{self, Display, Formatter};

pub use scale::Scale;
use scale::Span;

/// Size of the picture, and where in it the points are, in its own units.
const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 420.0;
const LEFT: f64 = 76.0;
const RIGHT: f64 = 704.0;
const TOP: f64 = 40.0;
const BOTTOM: f64 = 320.0;
/// Where the names of the lines begin below the axis, and how many stand beside each other.
const NAMES_TOP: f64 = 376.0;
const NAMES_IN_A_ROW: usize = 3;
/// How far apart names are.
const NAME_WIDTH: f64 = 212.0;
const NAME_HEIGHT: f64 = 18.0;
/// Colours that people with any kind of sight tell apart (Okabe and Ito); after them they begin anew.
const COLOURS: [&str; 7] = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000"];

/// Some lines over a common pair of axes.
#[derive(Debug, Clone, PartialEq)]
pub struct Chart {
    /// What it shows.
    pub title: String,
    /// From left to right.
    pub x: Axis,
    /// From the bottom up.
    pub y: Axis,
    /// What is drawn.
    pub lines: Vec<Line>,
}

/// What one direction stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Axis {
    /// Its name, with the unit.
    pub name: String,
    /// How numbers lie on it.
    pub scale: Scale,
}

/// Points that belong together.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// What it is called under the chart.
    pub name: String,
    /// In the order in which they are joined. A point that the axes have no place for (not a number; nothing or less on a
    /// logarithmic one) is left out.
    pub points: Vec<(f64, f64)>,
}

impl Axis {
    /// An axis that begins at nothing.
    #[must_use]
    pub fn linear(name: &str) -> Self {
        Self { name: name.to_owned(), scale: Scale::Linear }
    }

    /// An axis on which each power of ten is as long as the one before.
    #[must_use]
    pub fn logarithmic(name: &str) -> Self {
        Self { name: name.to_owned(), scale: Scale::Logarithmic }
    }
}

impl Line {
    /// Points, and what they are called.
    pub fn new(name: impl Into<String>, points: impl IntoIterator<Item = (f64, f64)>) -> Self {
        Self { name: name.into(), points: points.into_iter().collect() }
    }
}

/// The `<svg>` element.
impl Display for Chart {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let drawn: Vec<Vec<(f64, f64)>> = self.lines.iter().map(|line| self.drawable(line)).collect();
        let points = || drawn.iter().flatten();
        let x = Span::over(self.x.scale, points().map(|(x, _)| *x));
        let y = Span::over(self.y.scale, points().map(|(_, y)| *y));
        let across = |value: f64| LEFT + x.part(value) * (RIGHT - LEFT);
        let up = |value: f64| BOTTOM - y.part(value) * (BOTTOM - TOP);

        let rows = self.lines.len().div_ceil(NAMES_IN_A_ROW);
        let height = HEIGHT.max(NAMES_TOP + NAME_HEIGHT * count(rows) + NAME_HEIGHT);
        writeln!(
            f,
            r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" role="img" font-family="system-ui, sans-serif" font-size="12">"#
        )?;
        // White behind it: a picture does not know on what it is shown.
        writeln!(f, r##"<rect width="100%" height="100%" fill="#ffffff"/>"##)?;
        let title = Escaped(&self.title);
        writeln!(f, "<title>{title}</title>")?;
        writeln!(f, r#"<text x="{LEFT}" y="24" font-size="15" font-weight="600">{title}</text>"#)?;
        for tick in x.ticks() {
            let at = across(tick);
            vertical(f, at, "#e5e5e5")?;
            writeln!(f, r#"<text x="{at:.1}" y="336" text-anchor="middle">{}</text>"#, Figure(tick))?;
        }
        for tick in y.ticks() {
            let at = up(tick);
            horizontal(f, at, "#e5e5e5")?;
            writeln!(f, r#"<text x="68" y="{:.1}" text-anchor="end">{}</text>"#, at + 4.0, Figure(tick))?;
        }
        horizontal(f, BOTTOM, "#666666")?;
        vertical(f, LEFT, "#666666")?;
        let middle = f64::midpoint(LEFT, RIGHT);
        writeln!(f, r#"<text x="{middle}" y="358" text-anchor="middle">{}</text>"#, Escaped(&self.x.name))?;
        let middle = f64::midpoint(TOP, BOTTOM);
        writeln!(
            f,
            r#"<text transform="translate(16 {middle}) rotate(-90)" text-anchor="middle">{}</text>"#,
            Escaped(&self.y.name)
        )?;
        for (number, (line, points)) in self.lines.iter().zip(&drawn).enumerate() {
            let colour = COLOURS[number % COLOURS.len()];
            let path: Vec<String> =
                points.iter().map(|(x, y)| format!("{:.1},{:.1}", across(*x), up(*y))).collect();
            let path = path.join(" ");
            writeln!(f, r#"<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>"#)?;
            // A line of one point would not be seen, and one of few is read at its points.
            if points.len() <= FEW {
                for (x, y) in points {
                    writeln!(
                        f,
                        r#"<circle cx="{:.1}" cy="{:.1}" r="3" fill="{colour}"/>"#,
                        across(*x),
                        up(*y)
                    )?;
                }
            }
            let left = LEFT + NAME_WIDTH * count(number % NAMES_IN_A_ROW);
            let base = NAMES_TOP + NAME_HEIGHT * count(number / NAMES_IN_A_ROW);
            writeln!(
                f,
                r#"<rect x="{left}" y="{}" width="14" height="4" fill="{colour}"/><text x="{}" y="{base}">{}</text>"#,
                base - 6.0,
                left + 20.0,
                Escaped(&line.name)
            )?;
        }
        writeln!(f, "</svg>")
    }
}

/// Most points of a line whose points are marked.
const FEW: usize = 32;

impl Chart {
    /// The points of a line that the axes have a place for.
    fn drawable(&self, line: &Line) -> Vec<(f64, f64)> {
        let has = |(x, y): &&(f64, f64)| self.x.scale.has(*x) && self.y.scale.has(*y);
        line.points.iter().filter(has).copied().collect()
    }
}

fn vertical(f: &mut Formatter<'_>, x: f64, colour: &str) -> fmt::Result {
    writeln!(f, r#"<line x1="{x:.1}" y1="{TOP}" x2="{x:.1}" y2="{BOTTOM}" stroke="{colour}"/>"#)
}

fn horizontal(f: &mut Formatter<'_>, y: f64, colour: &str) -> fmt::Result {
    writeln!(f, r#"<line x1="{LEFT}" y1="{y:.1}" x2="{RIGHT}" y2="{y:.1}" stroke="{colour}"/>"#)
}

#[allow(clippy::cast_precision_loss, reason = "a few lines")]
fn count(number: usize) -> f64 {
    number as f64
}

/// A number as one reads it: thousands as `k`, millions as `M`, and no more digits than tell it.
struct Figure(f64);

impl Display for Figure {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let (value, unit) = match self.0.abs() {
            size if size >= 1e6 => (self.0 / 1e6, "M"),
            size if size >= 1e4 => (self.0 / 1e3, "k"),
            _ => (self.0, ""),
        };
        // What steps are added up to is off in its last digits.
        write!(f, "{}{unit}", (value * 1e6).round() / 1e6)
    }
}

/// Text between tags, of SVG or of HTML.
pub(crate) struct Escaped<'t>(pub(crate) &'t str);

impl Display for Escaped<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.0.chars().try_for_each(|sign| match sign {
            '&' => f.write_str("&amp;"),
            '<' => f.write_str("&lt;"),
            '>' => f.write_str("&gt;"),
            sign => write!(f, "{sign}"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chart(y: Axis, lines: Vec<Line>) -> String {
        Chart { title: "Cost & size".to_owned(), x: Axis::linear("rows"), y, lines }.to_string()
    }

    /// Where the points of each line were drawn.
    fn drawn(svg: &str) -> Vec<&str> {
        let lines = svg.lines().filter_map(|line| line.strip_prefix("<polyline points=\""));
        lines.filter_map(|rest| Some(rest.split_once('"')?.0)).collect()
    }

    #[test]
    fn points_lie_where_the_axes_say() {
        let svg = chart(Axis::linear("ms"), vec![Line::new("a<b", [(0.0, 0.0), (50.0, 5.0), (100.0, 10.0)])]);
        assert_eq!(drawn(&svg), ["76.0,320.0 390.0,180.0 704.0,40.0"]);
        assert!(svg.contains("Cost &amp; size") && svg.contains(">a&lt;b<"), "{svg}");
        assert_eq!(svg.matches("<circle").count(), 3);
    }

    #[test]
    fn powers_of_ten_are_as_far_from_each_other() {
        let svg = chart(
            Axis::logarithmic("a second"),
            vec![Line::new("a", [(0.0, 10.0), (1.0, 100.0), (2.0, 1000.0)])],
        );
        assert_eq!(drawn(&svg), ["76.0,320.0 390.0,180.0 704.0,40.0"]);
        assert!(svg.contains(">1000<") && svg.contains(">100<") && svg.contains(">10<"), "{svg}");
    }

    #[test]
    fn what_cannot_be_drawn_is_left_out() {
        let points = [(0.0, 0.0), (1.0, f64::NAN), (2.0, 1.0), (3.0, f64::INFINITY), (4.0, 10.0)];
        let svg = chart(Axis::logarithmic("ms"), vec![Line::new("a", points), Line::new("b", [])]);
        assert_eq!(drawn(&svg), ["390.0,320.0 704.0,40.0", ""]);
        assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
    }

    #[test]
    fn nothing_at_all_is_a_chart_as_well() {
        let svg = chart(Axis::linear("ms"), Vec::new());
        assert!(svg.starts_with("<svg") && svg.trim_end().ends_with("</svg>"));
        assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
    }

    #[test]
    fn figures_are_short() {
        let shown = |value: f64| Figure(value).to_string();
        assert_eq!([0.0, 0.1 + 0.2, 2500.0, 20_000.0, 1.5e6].map(shown), ["0", "0.3", "2500", "20k", "1.5M"]);
    }
}
