//! Who comes when, and what for: decided before anybody comes, from a seed.
//!
//! It must never look at how the service does: what comes late, or not at all, has still come.

use std::time::Duration;

use anyhow::Result;
use rand::distr::Distribution;
use rand::distr::weighted::WeightedIndex;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::kind::{Kind, Period};
use super::scenario::{Chain, Day, Scenario};

/// One person, or one till, with one thing to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Arrival {
    /// When, after the day began.
    pub(super) due: Duration,
    pub(super) period: Period,
    pub(super) kind: Kind,
    /// The store and the SKU that it is about, by their numbers.
    pub(super) store: u32,
    pub(super) sku: u32,
    /// What else is left to chance: whose hold it is, and which.
    pub(super) luck: u32,
}

/// Everybody, in the order in which they come: each for themselves (Poisson), and so many a second on average.
///
/// # Errors
/// When there are no chances in the scenario's numbers, which its own check excludes.
pub(super) fn arrivals(scenario: &Scenario) -> Result<Vec<Arrival>> {
    let day = scenario.day;
    let mut chance = Chance::of(scenario)?;
    let mut arrivals = Vec::new();
    let mut due = Duration::ZERO;
    while due < day.until() {
        let period = day.period(due);
        let times = if period == Period::Burst { day.burst_times } else { 1.0 };
        // All who come to the burst beside those who come anyway come for the sale.
        let for_sale = chance.random.random::<f64>() >= 1.0 / times;
        arrivals.push(chance.arrival(due, period, for_sale));
        // From one to the next, where each moment is as likely: 1 less a number below 1 is never nothing.
        let gap = -(1.0 - chance.random.random::<f64>()).ln() / (day.per_second * times);
        due += Duration::from_secs_f64(gap);
    }
    Ok(arrivals)
}

/// Holds of before the day: nothing of what is on sale.
///
/// # Errors
/// As above.
pub(super) fn holds_before(scenario: &Scenario) -> Result<Vec<Arrival>> {
    let mut chance = Chance::of(scenario)?;
    let holds = (0..scenario.chain.holds).map(|_| {
        let hold = chance.arrival(Duration::ZERO, Period::Quiet, false);
        Arrival { kind: Kind::Place, store: chance.elsewhere(), ..hold }
    });
    Ok(holds.collect())
}

impl Day {
    fn period(&self, due: Duration) -> Period {
        match due {
            due if due < self.burst_at() => Period::Quiet,
            due if due < self.burst_until() => Period::Burst,
            _ => Period::After,
        }
    }
}

/// What is more likely than what.
struct Chance {
    random: StdRng,
    chain: Chain,
    kinds: WeightedIndex<f64>,
    skus: WeightedIndex<f64>,
    sale_skus: WeightedIndex<f64>,
}

impl Chance {
    fn of(scenario: &Scenario) -> Result<Self> {
        let chain = scenario.chain.clone();
        let wanted = |skus: u32| WeightedIndex::new((1..=skus).map(|n| f64::from(n).powf(-chain.zipf)));
        Ok(Self {
            random: StdRng::seed_from_u64(scenario.seed),
            kinds: WeightedIndex::new(scenario.shares().map(|(_, share)| share))?,
            skus: wanted(chain.skus())?,
            sale_skus: wanted(chain.sale_skus)?,
            chain,
        })
    }

    fn arrival(&mut self, due: Duration, period: Period, for_sale: bool) -> Arrival {
        let kind = Kind::ALL[self.kinds.sample(&mut self.random)];
        let skus = if for_sale { &self.sale_skus } else { &self.skus };
        let sku = u32::try_from(skus.sample(&mut self.random)).unwrap_or_default();
        let store = match kind {
            // A count of what is on sale would say anew how much there is to sell.
            Kind::Count => self.elsewhere(),
            // Who wants a bargain goes where it is; who only looks, looks where they are.
            Kind::Place if for_sale => self.random.random_range(0..self.chain.sale_stores),
            _ => self.random.random_range(0..self.chain.stores),
        };
        Arrival { due, period, kind, store, sku, luck: self.random.random() }
    }

    /// A store without the sale.
    fn elsewhere(&mut self) -> u32 {
        self.random.random_range(self.chain.sale_stores..self.chain.stores)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::scenario::tests::sale_day;

    fn share(of: &[Arrival], is: impl Fn(&Arrival) -> bool) -> f64 {
        of.iter().filter(|arrival| is(arrival)).count() as f64 / of.len() as f64
    }

    #[test]
    fn the_same_seed_brings_the_same_and_another_brings_others() {
        let scenario = sale_day();
        let first = arrivals(&scenario).unwrap();
        assert_eq!(arrivals(&scenario).unwrap(), first);
        assert_ne!(arrivals(&Scenario { seed: scenario.seed + 1, ..scenario }).unwrap(), first);
    }

    #[test]
    fn they_come_as_often_as_the_scenario_says() {
        let scenario = sale_day();
        let all = arrivals(&scenario).unwrap();
        assert!(all.is_sorted_by_key(|arrival| arrival.due));
        let Day { per_second, quiet_seconds, burst_seconds, burst_times, .. } = scenario.day;
        let come = |period| all.iter().filter(|arrival| arrival.period == period).count() as f64;
        let quiet = come(Period::Quiet) / (per_second * f64::from(quiet_seconds));
        let burst = come(Period::Burst) / (per_second * burst_times * f64::from(burst_seconds));
        assert!((0.9..1.1).contains(&quiet) && (0.97..1.03).contains(&burst), "{quiet} {burst}");
        for (kind, of_a_thousand) in scenario.shares() {
            let is = share(&all, |arrival| arrival.kind == kind) * 1_000.0;
            assert!((is - of_a_thousand).abs() < 10.0, "{kind}: {is} of a thousand, not {of_a_thousand}");
        }
    }

    #[test]
    fn few_skus_are_wanted_by_many_and_the_sale_by_almost_all() {
        let scenario = sale_day();
        let all = arrivals(&scenario).unwrap();
        let (burst, others): (Vec<Arrival>, Vec<Arrival>) =
            all.into_iter().partition(|arrival| arrival.period == Period::Burst);
        let [first, tenth] = [0, 9].map(|sku| share(&others, |arrival| arrival.sku == sku));
        assert!(first > 4.0 * tenth, "{first} {tenth}");
        let sale = share(&burst, |arrival| arrival.sku < scenario.chain.sale_skus);
        assert!(sale > 0.95, "{sale}");
        let counted = burst.iter().filter(|arrival| arrival.kind == Kind::Count);
        assert!(counted.clone().count() > 0);
        assert!(counted.clone().all(|count| !scenario.chain.on_sale(count.store, count.sku)));
    }
}
