//! What a reconciliation found, as it is told: counts of everything, examples of each kind.

use std::collections::BTreeMap;
use std::fmt;

/// Examples that are told of each kind of difference in each table: enough to see a pattern in.
const EXAMPLES: usize = 5;

/// In what a row differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
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

#[derive(Debug, Default)]
struct Tally {
    found: u64,
    repaired: u64,
    examples: Vec<String>,
}

/// Every difference that was found, counted.
#[derive(Debug, Default)]
pub struct Report {
    /// Items of command state that were compared.
    pub items: u64,
    kinds: BTreeMap<(&'static str, Kind), Tally>,
}

impl Report {
    pub(super) fn add(&mut self, difference: &Difference) {
        let Difference { table, kind, row, detail } = difference;
        let tally = self.kinds.entry((table, *kind)).or_default();
        tally.found += 1;
        if tally.examples.len() < EXAMPLES {
            tally.examples.push(format!("{row}: {detail}"));
        }
    }

    pub(super) fn repaired(&mut self, difference: &Difference) {
        self.kinds.entry((difference.table, difference.kind)).or_default().repaired += 1;
    }

    /// Adds what was found elsewhere.
    pub(super) fn merge(&mut self, other: Self) {
        for (kind, tally) in other.kinds {
            let ours = self.kinds.entry(kind).or_default();
            ours.found += tally.found;
            ours.repaired += tally.repaired;
            let space = EXAMPLES.saturating_sub(ours.examples.len());
            ours.examples.extend(tally.examples.into_iter().take(space));
        }
    }

    /// Differences that are still there.
    #[must_use]
    pub fn remaining(&self) -> u64 {
        self.kinds.values().map(|tally| tally.found.saturating_sub(tally.repaired)).sum()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for ((table, kind), Tally { found, repaired, examples }) in &self.kinds {
            writeln!(f, "{table}, {kind}: {found} found, {repaired} repaired")?;
            for example in examples {
                writeln!(f, "  {example}")?;
            }
        }
        write!(f, "{} items compared, {} differences remain", self.items, self.remaining())
    }
}
