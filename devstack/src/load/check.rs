//! What has to be true after a day: nothing is lost, nothing was given away twice, and both sides say the same.

use std::collections::BTreeMap;

use super::book::Hold;
use super::chain::{sku, store};
use super::scenario::Chain;
use crate::compare::{Sides, Taken};

/// States in which a hold has pieces that nobody else can have.
const TAKES: [&str; 3] = ["held", "ready", "collected"];

/// What is not true: a line each.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Found {
    /// Holds that were acknowledged, and are not there or not as far as was acknowledged.
    pub lost: Vec<String>,
    /// Counts of which more was given away than there was.
    pub oversold: Vec<String>,
    /// How many pieces that were, together.
    pub oversold_pieces: u64,
    /// Customers of one hold who have several.
    pub doubled: Vec<String>,
    /// All else that the judge finds.
    pub differences: Vec<String>,
}

impl Found {
    /// Everything, the gravest first.
    pub fn lines(&self) -> impl Iterator<Item = &String> {
        self.lost.iter().chain(&self.oversold).chain(&self.doubled).chain(&self.differences)
    }

    /// What is wrong with these sides after a day on this chain, on which these holds were acknowledged, and whose customers'
    /// addresses begin so.
    pub(super) fn on(sides: &Sides, chain: &Chain, acknowledged: &[Hold], run: &str) -> Self {
        let taken: Vec<Taken<'_>> = sides.taken().collect();
        let (oversold, oversold_pieces) = oversold(sides, chain, &taken);
        let mut differences = sides.differences();
        differences.extend(miscounted(sides, chain, &taken));
        Self {
            lost: acknowledged.iter().flat_map(|hold| lost(sides, hold)).collect(),
            oversold,
            oversold_pieces,
            doubled: doubled(&taken, run),
            differences,
        }
    }
}

fn lost(sides: &Sides, hold: &Hold) -> Vec<String> {
    let Hold { id, status, perhaps, .. } = hold;
    let mut missing = Vec::new();
    for (side, is) in sides.statuses(id) {
        if is == Some(status.as_str()) || (perhaps.is_some() && is == perhaps.map(|status| status.as_str())) {
            continue;
        }
        let is = is.map_or_else(|| "is not there".to_owned(), |is| format!("is {is}"));
        missing.push(format!("hold {id}: acknowledged as {}, {is} in {side}", status.as_str()));
    }
    missing
}

/// Pieces of each count that holds have in one of these states.
fn pieces_in(taken: &[Taken<'_>], states: &[&str]) -> BTreeMap<String, i64> {
    let mut pieces = BTreeMap::new();
    for hold in taken.iter().filter(|hold| states.contains(&hold.status)) {
        for (sku, quantity) in hold.lines {
            *pieces.entry(format!("{}#{sku}", hold.store_id)).or_default() += quantity;
        }
    }
    pieces
}

/// The counts that nobody counted anew, and what they began with.
fn on_sale(chain: &Chain) -> BTreeMap<String, i64> {
    let pairs = (0..chain.sale_stores).flat_map(|at| (0..chain.sale_skus).map(move |of| (at, of)));
    pairs.map(|(at, of)| (format!("{}#{}", store(at), sku(of)), chain.pieces_of(at, of).into())).collect()
}

/// What was on sale is added up from the holds; of what was counted anew meanwhile, no more may be held than is there.
fn oversold(sides: &Sides, chain: &Chain, taken: &[Taken<'_>]) -> (Vec<String>, u64) {
    let (sale, given_away) = (on_sale(chain), pieces_in(taken, &TAKES));
    let (mut lines, mut pieces) = (Vec::new(), 0);
    for (key, on_hand, held) in sides.counts() {
        let (promised, there) = match sale.get(key) {
            Some(there) => (given_away.get(key).copied().unwrap_or_default(), *there),
            None => (held, on_hand),
        };
        if promised > there {
            lines.push(format!("stock {key}: {promised} were given away of {there}"));
            pieces += promised.abs_diff(there);
        }
    }
    (lines, pieces)
}

/// What was on sale is what there was, less what was handed over.
fn miscounted(sides: &Sides, chain: &Chain, taken: &[Taken<'_>]) -> Vec<String> {
    let (sale, handed_over) = (on_sale(chain), pieces_in(taken, &["collected"]));
    let mut lines = Vec::new();
    for (key, on_hand, _) in sides.counts() {
        let Some(there) = sale.get(key) else { continue };
        let gone = handed_over.get(key).copied().unwrap_or_default();
        if on_hand != there - gone {
            lines.push(format!(
                "stock {key}: {on_hand} are there, of {there} of which {gone} were handed over"
            ));
        }
    }
    lines
}

fn doubled(taken: &[Taken<'_>], run: &str) -> Vec<String> {
    let mut holds: BTreeMap<&str, usize> = BTreeMap::new();
    for email in taken.iter().filter_map(|hold| hold.email).filter(|email| email.starts_with(run)) {
        *holds.entry(email).or_default() += 1;
    }
    let several = holds.into_iter().filter(|(_, holds)| *holds > 1);
    several.map(|(email, holds)| format!("customer {email}: {holds} holds of one command")).collect()
}
