//! What a run is to be like, from a TOML file: a chain, a day, who does what, and what must not be.
//!
//! Everything has to be said: a file without a field, with one that nobody knows, or with a value that makes no sense is an
//! error that names it.

use std::ops::Range;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

use super::kind::{Kind, Period};
use super::thresholds::Thresholds;

/// Most arrivals a second: more than one process can send on time, with all else on the same machine.
const MAX_RATE: f64 = 20_000.0;
/// Longest day, in seconds: the embedded engine gets slower with every transaction of the last ten minutes.
const MAX_SECONDS: u32 = 600;
/// Most counts of a chain, stores × SKUs: all go through the front door, some hundred a second.
const MAX_COUNTS: u32 = 50_000;
/// Most requests under way at once: connections that a service keeps open for one caller without a thought.
const MAX_IN_FLIGHT: usize = 2_048;
/// Most arrivals that wait: a task each.
const MAX_WAITING: usize = 1_000_000;
/// Most holds there are before the day, and most pieces of one count.
const MAX_HOLDS: u32 = 5_000;
const MAX_PIECES: u32 = 1_000_000;
/// Steepest preference: at 3 the first SKU is wanted by five of six.
const MAX_ZIPF: f64 = 3.0;

/// A run.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// What decides all that is left to chance: the same arrivals by the same seed.
    pub seed: u64,
    /// Requests under way at once, at most.
    pub in_flight: usize,
    /// Arrivals that wait until they can be sent, at most; a further one is not sent.
    pub waiting: usize,
    /// What there is.
    pub chain: Chain,
    /// When how many come.
    pub day: Day,
    /// Who does what.
    pub mix: Mix,
    /// Percent of the lookups.
    pub lookups: Lookups,
    /// Percent of the moves.
    pub moves: Moves,
    /// What is broken, and so the run fails, where it is more.
    pub thresholds: Thresholds,
}

/// The chain that the stack is filled with. Every store has counted every SKU.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Chain {
    /// Shops, all over Japan.
    pub stores: u32,
    /// Products, of five SKUs each.
    pub products: u32,
    /// Pieces of each SKU in each store.
    pub pieces: u32,
    /// Holds of before the day.
    pub holds: u32,
    /// How much more the first SKUs are wanted than those behind them: the nth is by 1/n to this power.
    pub zipf: f64,
    /// The first so many SKUs are what the sale is about...
    pub sale_skus: u32,
    /// ... in the first so many stores ...
    pub sale_stores: u32,
    /// ... which have so many pieces of each.
    pub sale_pieces: u32,
}

/// Arrivals over time.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Day {
    /// Arrivals a second, on average, while it is quiet.
    pub per_second: f64,
    /// Seconds before the burst.
    pub quiet_seconds: u32,
    /// Seconds of the burst.
    pub burst_seconds: u32,
    /// How many times as many arrivals a second the burst has.
    pub burst_times: f64,
    /// Seconds after it.
    pub after_seconds: u32,
}

/// Percent of all arrivals.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mix {
    /// Shoppers who look something up.
    pub lookups: f64,
    /// Holds, and what becomes of them.
    pub moves: f64,
    /// Counts by tills.
    pub counts: f64,
}

/// Percent of the lookups.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lookups {
    /// One SKU in one store.
    pub stock: f64,
    /// The nearest stores that have a SKU.
    pub nearest: f64,
    /// All sizes of a product, around a place.
    pub availability: f64,
    /// Products by words.
    pub search: f64,
    /// A hold, by whoever placed it.
    pub own_hold: f64,
}

/// Percent of the moves.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Moves {
    /// By guests, customers and staff.
    pub place: f64,
    /// By staff.
    pub ready: f64,
    /// By staff.
    pub collect: f64,
    /// By staff.
    pub cancel: f64,
}

impl Scenario {
    /// The scenario in a file.
    ///
    /// # Errors
    /// When it cannot be read, or is no scenario; the error names the field.
    pub fn open(path: &Path) -> Result<Self> {
        let text =
            std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
        Self::read(&text).with_context(|| format!("{} is no scenario", path.display()))
    }

    fn read(text: &str) -> Result<Self> {
        let scenario: Self = toml::from_str(text)?;
        scenario.check()?;
        Ok(scenario)
    }

    fn check(&self) -> Result<()> {
        within("in_flight", self.in_flight, 1, MAX_IN_FLIGHT)?;
        within("waiting", self.waiting, 0, MAX_WAITING)?;
        let Chain { stores, products, pieces, holds, zipf, sale_skus, sale_stores, sale_pieces } = self.chain;
        within("chain.products", products, 1, MAX_COUNTS)?;
        within("chain.sale_skus", sale_skus, 1, self.chain.skus())?;
        within("chain.sale_stores", sale_stores, 1, MAX_COUNTS)?;
        // Counts of what is on sale are taken elsewhere: what the sale gave away is added up exactly.
        within("chain.stores", stores, sale_stores + 1, MAX_COUNTS / self.chain.skus().max(1))?;
        within("chain.pieces", pieces, 1, MAX_PIECES)?;
        within("chain.sale_pieces", sale_pieces, 1, MAX_PIECES)?;
        within("chain.holds", holds, 0, MAX_HOLDS)?;
        within("chain.zipf", zipf, 0.0, MAX_ZIPF)?;
        let Day { per_second, quiet_seconds, burst_seconds, burst_times, after_seconds } = self.day;
        within("day.per_second", per_second, 0.1, MAX_RATE)?;
        within("day.burst_times", burst_times, 1.0, MAX_RATE / per_second)?;
        within("day.quiet_seconds", quiet_seconds, 1, MAX_SECONDS)?;
        within("day.burst_seconds", burst_seconds, 1, MAX_SECONDS - quiet_seconds)?;
        within("day.after_seconds", after_seconds, 0, MAX_SECONDS - quiet_seconds - burst_seconds)?;
        let Mix { lookups, moves, counts } = self.mix;
        percent("mix", &[("lookups", lookups), ("moves", moves), ("counts", counts)])?;
        let Lookups { stock, nearest, availability, search, own_hold } = self.lookups;
        let named = [("stock", stock), ("nearest", nearest), ("availability", availability)];
        percent("lookups", &[&named[..], &[("search", search), ("own_hold", own_hold)]].concat())?;
        let Moves { place, ready, collect, cancel } = self.moves;
        percent("moves", &[("place", place), ("ready", ready), ("collect", collect), ("cancel", cancel)])?;
        self.thresholds.check()
    }

    /// How many of a thousand arrivals, on average, are of each kind.
    pub(super) fn shares(&self) -> [(Kind, f64); Kind::ALL.len()] {
        let Self { mix, lookups, moves, .. } = self;
        Kind::ALL.map(|kind| {
            let share = match kind {
                Kind::Stock => mix.lookups * lookups.stock,
                Kind::Nearest => mix.lookups * lookups.nearest,
                Kind::Availability => mix.lookups * lookups.availability,
                Kind::Search => mix.lookups * lookups.search,
                Kind::OwnHold => mix.lookups * lookups.own_hold,
                Kind::Place => mix.moves * moves.place,
                Kind::Ready => mix.moves * moves.ready,
                Kind::Collect => mix.moves * moves.collect,
                Kind::Cancel => mix.moves * moves.cancel,
                Kind::Count => mix.counts * 100.0,
            };
            (kind, share / 10.0)
        })
    }
}

impl Chain {
    /// SKUs of all products.
    pub(super) fn skus(&self) -> u32 {
        self.products.saturating_mul(super::chain::SKUS_PER_PRODUCT)
    }
}

impl Day {
    /// When the burst begins.
    pub(super) fn burst_at(&self) -> Duration {
        Duration::from_secs(self.quiet_seconds.into())
    }

    /// When it is over.
    pub(super) fn burst_until(&self) -> Duration {
        self.burst_at() + Duration::from_secs(self.burst_seconds.into())
    }

    /// The seconds of a part of it.
    pub(super) fn seconds(&self, period: Period) -> Range<usize> {
        let at = |time: Duration| usize::try_from(time.as_secs()).unwrap_or_default();
        match period {
            Period::Quiet => 0..at(self.burst_at()),
            Period::Burst => at(self.burst_at())..at(self.burst_until()),
            Period::After => at(self.burst_until())..at(self.until()),
        }
    }

    /// When the last have come.
    pub(super) fn until(&self) -> Duration {
        self.burst_until() + Duration::from_secs(self.after_seconds.into())
    }
}

/// Not for a number that is none: that is nowhere.
pub(super) fn within<N: PartialOrd + std::fmt::Display>(field: &str, is: N, least: N, most: N) -> Result<()> {
    ensure!(is >= least && is <= most, "{field} is {is}, and has to be from {least} to {most}");
    Ok(())
}

fn percent(table: &str, shares: &[(&str, f64)]) -> Result<()> {
    for (name, share) in shares {
        within(&format!("{table}.{name}"), *share, 0.0, 100.0)?;
    }
    let (sum, names): (f64, Vec<&str>) = (shares.iter().map(|(_, share)| share).sum(), names(shares));
    ensure!(
        (sum - 100.0).abs() < 1e-6,
        "{table}: {} are {sum} together, and have to be 100",
        names.join(" + ")
    );
    Ok(())
}

fn names<'n>(shares: &[(&'n str, f64)]) -> Vec<&'n str> {
    shares.iter().map(|(name, _)| *name).collect()
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    const SALE_DAY: &str = include_str!("../../../tests/scenarios/sale-day.toml");

    pub(in crate::load) fn sale_day() -> Scenario {
        Scenario::read(SALE_DAY).unwrap()
    }

    /// What is wrong with the sale day where this part of it is that instead.
    fn wrong(part: &str, instead: &str) -> String {
        assert!(SALE_DAY.contains(part), "{part}");
        format!("{:#}", Scenario::read(&SALE_DAY.replacen(part, instead, 1)).unwrap_err())
    }

    #[test]
    fn the_sale_day_is_what_it_is_said_to_be() {
        let Scenario { mix, day, .. } = sale_day();
        assert_eq!(mix, Mix { lookups: 95.0, moves: 4.0, counts: 1.0 });
        assert_eq!((day.burst_times, day.burst_seconds), (20.0, 30));
    }

    #[test]
    fn a_field_that_nobody_knows_is_named() {
        let error = wrong("burst_times", "burst_factor");
        assert!(error.contains("unknown field `burst_factor`") && error.contains("burst_times"), "{error}");
        let error = wrong("[thresholds]", "[threshold]");
        assert!(error.contains("unknown field `threshold`"), "{error}");
        let error = wrong("lost = 0", "last = 0");
        assert!(error.contains("unknown field `last`"), "{error}");
    }

    #[test]
    fn a_field_that_is_not_there_or_of_another_type_is_named() {
        let error = wrong("burst_times = 20.0", "");
        assert!(error.contains("missing field `burst_times`"), "{error}");
        let error = wrong("burst_times = 20.0", "burst_times = \"many\"");
        assert!(error.contains("burst_times = \"many\"") && error.contains("invalid type"), "{error}");
        let error = wrong("burst_seconds = 30", "burst_seconds = -30");
        assert!(error.contains("burst_seconds = -30"), "{error}");
    }

    #[test]
    fn a_value_that_makes_no_sense_is_named() {
        for (part, instead, says) in [
            ("burst_times = 20.0", "burst_times = nan", "day.burst_times is NaN"),
            ("burst_times = 20.0", "burst_times = 0.5", "day.burst_times is 0.5, and has to be from 1"),
            ("burst_seconds = 30", "burst_seconds = 0", "day.burst_seconds is 0, and has to be from 1"),
            ("burst_seconds = 30", "burst_seconds = 3000", "day.burst_seconds is 3000"),
            ("lookups = 95", "lookups = 96", "mix: lookups + moves + counts are 101 together"),
            ("sale_stores = ", "sale_stores = 9", "chain.stores is"),
            ("lost = 0", "lost = -1", "lost = -1"),
        ] {
            let error = wrong(part, instead);
            assert!(error.contains(says), "{instead}: {error}");
        }
    }

    #[test]
    fn shares_are_of_a_thousand() {
        let shares = sale_day().shares();
        let sum: f64 = shares.iter().map(|(_, share)| share).sum();
        assert!((sum - 1_000.0).abs() < 1e-6, "{shares:?}");
        let lookups: f64 = shares.iter().filter(|(kind, _)| kind.is_lookup()).map(|(_, share)| share).sum();
        assert!((lookups - 950.0).abs() < 1e-6, "{shares:?}");
    }
}
