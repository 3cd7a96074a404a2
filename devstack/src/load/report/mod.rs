//! What is told of a day: a summary for the terminal, and a page with plots.

mod figures;
mod page;
mod plots;

use std::fmt::Write;

use anyhow::Result;

use super::thresholds::Verdict;
use super::{Found, Ran};
use figures::{Line, figures, lines};

/// Lines of what was found that are printed: more than anybody reads, and where one rule is broken, often all of its rows are.
const SHOWN: usize = 50;

/// A day, and what is to be said of it.
#[derive(Debug)]
pub struct Report {
    ran: Ran,
    found: Found,
    lines: Vec<Line>,
    /// Each threshold of the scenario.
    pub verdicts: Vec<Verdict>,
}

impl Report {
    /// Of this day, after which that was found.
    ///
    /// # Errors
    /// When histograms cannot be added up, which these can.
    pub fn of(ran: Ran, found: Found) -> Result<Self> {
        let verdicts = ran.scenario.thresholds.judge(&figures(&ran, &found)?);
        Ok(Self { lines: lines(&ran.counted)?, ran, found, verdicts })
    }

    /// Whether every threshold was kept.
    #[must_use]
    pub fn passed(&self) -> bool {
        !self.verdicts.iter().any(Verdict::is_broken)
    }

    /// The page, whole: it asks nothing of any other place. `of` is what the figures are of.
    #[must_use]
    pub fn page(&self, title: &str, of: &str) -> String {
        page::page(self, title, of)
    }

    /// What is told at the end of a run.
    #[must_use]
    pub fn summary(&self) -> String {
        let mut text = String::new();
        let mut line = |shown: &dyn std::fmt::Display| {
            // Writing to a string does not fail.
            let _ = writeln!(text, "{shown}");
        };
        line(&Line::HEAD);
        self.lines.iter().for_each(|each| line(each));
        line(&"");
        self.totals().iter().for_each(|(name, value)| line(&format!("{name:<34} {value}")));
        line(&"");
        for found in self.found.lines().take(SHOWN) {
            line(found);
        }
        let more = self.found.lines().count().saturating_sub(SHOWN);
        if more > 0 {
            line(&format!("... and {more} more"));
        }
        self.verdicts.iter().for_each(|verdict| line(verdict));
        text
    }

    /// What is one number each, by its name.
    fn totals(&self) -> Vec<(String, String)> {
        figures::totals(&self.ran)
    }
}
