//! What a reconciliation found, as it is told: counts of everything, examples of each kind.

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Serialize};

/// Examples that are told of each kind of difference in each table: enough to see a pattern in.
const EXAMPLES: usize = 5;

/// In what a row differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Kind {
    /// Not in the projection.
    Missing,
    /// Only in the projection.
    Stray,
    /// The projection's version is lower.
    Behind,
    /// The projection's version is higher.
    Ahead,
    /// Same version, other values.
    Differs,
    /// The item is not what the command side writes.
    Unreadable,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Missing => "missing",
            Self::Stray => "stray",
            Self::Behind => "version behind",
            Self::Ahead => "version ahead",
            Self::Differs => "field differs",
            Self::Unreadable => "unreadable",
        })
    }
}

/// A row in which the two sides differ, or an item that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Difference {
    pub table: &'static str,
    pub kind: Kind,
    /// Its key.
    pub row: String,
    /// Never a value: it may be a customer's.
    pub detail: String,
}

/// The differences of one kind in one table.
#[derive(Debug, Serialize, Deserialize)]
struct Tally {
    table: Cow<'static, str>,
    kind: Kind,
    found: u64,
    repaired: u64,
    examples: Vec<String>,
}

/// Every difference that was found, counted.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Report {
    /// Items of command state that were compared.
    pub items: u64,
    /// Losses that the relay told of while it was compared. A repair cannot have mended them: repair again.
    pub losses_left: i64,
    tallies: Vec<Tally>,
}

impl Report {
    fn tally(&mut self, table: Cow<'static, str>, kind: Kind) -> &mut Tally {
        match self.tallies.binary_search_by(|tally| (&tally.table, tally.kind).cmp(&(&table, kind))) {
            Ok(at) => &mut self.tallies[at],
            Err(at) => {
                let tally = Tally { table, kind, found: 0, repaired: 0, examples: Vec::new() };
                self.tallies.insert(at, tally);
                &mut self.tallies[at]
            }
        }
    }

    pub(super) fn add(&mut self, difference: &Difference) {
        let Difference { table, kind, row, detail } = difference;
        let tally = self.tally(Cow::Borrowed(table), *kind);
        tally.found += 1;
        if tally.examples.len() < EXAMPLES {
            tally.examples.push(format!("{row}: {detail}"));
        }
    }

    pub(super) fn repaired(&mut self, difference: &Difference) {
        self.tally(Cow::Borrowed(difference.table), difference.kind).repaired += 1;
    }

    /// Adds what was found elsewhere.
    pub(super) fn merge(&mut self, other: Self) {
        for theirs in other.tallies {
            let ours = self.tally(theirs.table, theirs.kind);
            ours.found += theirs.found;
            ours.repaired += theirs.repaired;
            let space = EXAMPLES.saturating_sub(ours.examples.len());
            ours.examples.extend(theirs.examples.into_iter().take(space));
        }
    }

    /// Differences that are still there.
    #[must_use]
    pub fn remaining(&self) -> u64 {
        self.tallies.iter().map(|tally| tally.found.saturating_sub(tally.repaired)).sum()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Tally { table, kind, found, repaired, examples } in &self.tallies {
            writeln!(f, "{table}, {kind}: {found} found, {repaired} repaired")?;
            for example in examples {
                writeln!(f, "  {example}")?;
            }
        }
        write!(f, "{} items compared, {} differences remain", self.items, self.remaining())
    }
}
