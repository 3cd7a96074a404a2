//! Which call meets which fault: by a list, or by a seed.

use std::collections::BTreeMap;

use rand::SeedableRng;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use tokio::sync::watch;

use super::{Call, Fault};

/// Calm calls that a storm puts between the faults of a write and of a read, for every ten faults: about four writes
/// in ten and three reads in ten fail, which leaves few commands untouched and ends nearly all in the end.
const CALM_WRITES_PER_TEN: usize = 15;
/// The same for reads.
const CALM_READS_PER_TEN: usize = 25;
/// Most stalls of a kind in a storm: each costs its caller the two seconds of a time-out.
const MAX_STALLS_OF_A_KIND: u32 = 2;

type Steps = Box<dyn Iterator<Item = Option<Fault>> + Send>;

/// What is to go wrong.
#[derive(Default)]
pub(super) struct Plan {
    scripts: Vec<(String, Call, Steps)>,
    held_back: Vec<(String, Call, watch::Receiver<()>)>,
    storm: Option<Storm>,
    met: BTreeMap<(Call, Fault), usize>,
    calls: BTreeMap<Call, usize>,
}

impl Plan {
    pub(super) fn script(&mut self, about: &str, call: Call, steps: Steps) {
        self.scripts.push((about.to_owned(), call, steps));
    }

    pub(super) fn hold_back(&mut self, about: &str, call: Call, until: watch::Receiver<()>) {
        self.held_back.push((about.to_owned(), call, until));
    }

    /// Until when such a call waits, if it does.
    pub(super) fn held_back(&self, call: Call, body: &str) -> Option<watch::Receiver<()>> {
        let mut held_back =
            self.held_back.iter().filter(|(about, of, _)| *of == call && body.contains(about.as_str()));
        held_back.find(|(.., until)| until.has_changed().is_ok()).map(|(.., until)| until.clone())
    }

    pub(super) fn storm(&mut self, seed: u64) {
        self.storm = Some(Storm::new(seed));
    }

    pub(super) fn calm(&mut self) {
        self.scripts.clear();
        self.storm = None;
    }

    /// What the script for such a call is about, if there is one.
    pub(super) fn about(&self, call: Call, body: &str) -> Option<String> {
        let mut scripts =
            self.scripts.iter().filter(|(about, of, _)| *of == call && body.contains(about.as_str()));
        scripts.next().map(|(about, ..)| about.clone())
    }

    /// What the next call of this kind meets. The first script that its body is about decides, then the storm.
    pub(super) fn next(&mut self, call: Call, body: &str) -> Option<Fault> {
        *self.calls.entry(call).or_default() += 1;
        while let Some(n) =
            self.scripts.iter().position(|(about, of, _)| *of == call && body.contains(about.as_str()))
        {
            match self.scripts[n].2.next() {
                Some(step) => return step,
                None => drop(self.scripts.remove(n)),
            }
        }
        self.storm.as_mut().and_then(|storm| storm.next(call))
    }

    pub(super) fn happened(&mut self, call: Call, fault: Fault) {
        *self.met.entry((call, fault)).or_default() += 1;
    }

    pub(super) fn calls(&self, call: Call) -> usize {
        self.calls.get(&call).copied().unwrap_or_default()
    }

    pub(super) fn met(&self, call: Call, fault: Fault) -> usize {
        self.met.get(&(call, fault)).copied().unwrap_or_default()
    }
}

/// A seed's order of faults: the n-th write and the n-th read meet the same ones with every run.
struct Storm {
    writes: Deck,
    reads: Deck,
    stalls: BTreeMap<(Call, Fault), u32>,
}

impl Storm {
    fn new(seed: u64) -> Self {
        Self {
            writes: Deck::new(&Fault::WRITES, CALM_WRITES_PER_TEN, seed),
            reads: Deck::new(&Fault::READS, CALM_READS_PER_TEN, !seed),
            stalls: BTreeMap::new(),
        }
    }

    fn next(&mut self, call: Call) -> Option<Fault> {
        let fault = match call {
            Call::Write => self.writes.draw(),
            Call::Read => self.reads.draw(),
        }?;
        if !fault.is_stall() {
            return Some(fault);
        }
        let stalls = self.stalls.entry((call, fault)).or_default();
        *stalls += 1;
        // To whoever waits, a connection that ends is the same with less waiting.
        Some(match fault {
            _ if *stalls <= MAX_STALLS_OF_A_KIND => fault,
            Fault::StalledAfter => Fault::CutAfter,
            _ => Fault::Cut,
        })
    }
}

/// Cards that are drawn to the last before they are shuffled anew, so that every fault comes up.
struct Deck {
    cards: Vec<Option<Fault>>,
    drawn: usize,
    rng: StdRng,
}

impl Deck {
    fn new(faults: &[Fault], calm_per_ten: usize, seed: u64) -> Self {
        let calm = faults.len() * calm_per_ten / 10;
        let cards: Vec<Option<Fault>> =
            faults.iter().copied().map(Some).chain(std::iter::repeat_n(None, calm)).collect();
        Self { drawn: cards.len(), cards, rng: StdRng::seed_from_u64(seed) }
    }

    fn draw(&mut self) -> Option<Fault> {
        if self.drawn == self.cards.len() {
            self.cards.shuffle(&mut self.rng);
            self.drawn = 0;
        }
        self.drawn += 1;
        self.cards[self.drawn - 1]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// More than two decks of either call.
    const CALLS: usize = 100;

    fn drawn(seed: u64, call: Call) -> Vec<Option<Fault>> {
        let mut storm = Storm::new(seed);
        (0..CALLS).map(|_| storm.next(call)).collect()
    }

    #[test]
    fn a_seed_is_the_same_storm_again_and_has_every_fault() {
        for call in Call::ALL {
            let storm = drawn(7, call);
            assert_eq!(storm, drawn(7, call));
            assert_ne!(storm, drawn(8, call));
            assert!(call.faults().iter().all(|fault| storm.contains(&Some(*fault))), "{storm:?}");
        }
    }

    #[test]
    fn a_script_is_for_calls_that_it_is_about() {
        let mut plan = Plan::default();
        plan.script("knit", Call::Write, Box::new([None, Some(Fault::Cut)].into_iter()));
        assert_eq!(plan.next(Call::Write, "a coat"), None);
        assert_eq!(plan.next(Call::Read, "a knit"), None);
        let met = [(); 3].map(|()| plan.next(Call::Write, "a knit"));
        assert_eq!(met, [None, Some(Fault::Cut), None]);
    }
}
