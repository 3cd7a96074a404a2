//! How long everything took, and what became of it.
//!
//! A latency counts from when somebody came, not from when their request could be sent: what had to wait for its turn here,
//! waited.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Result;
use hdrhistogram::Histogram;

use super::arrivals::Arrival;
use super::kind::{Kind, Period};

/// Digits that a percentile is right to.
const DIGITS: u8 = 3;
/// Longest time that is told apart, in microseconds: five tries of a command, each with its own end and pause.
const LONGEST_US: u64 = 180_000_000;

/// What became of an arrival.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum End {
    /// They have what they came for.
    Done,
    /// They were told that they cannot have it.
    Refused(String),
    /// They were told to come again: a shopper does not, and all others did too often.
    Shed,
    /// There was no answer, or one that there should not be.
    Failed(String),
    /// There was nothing for them to do.
    Idle,
    /// There was no room.
    NotSent,
}

/// A second of the day.
#[derive(Debug, Clone, Default)]
pub(super) struct Second {
    /// Who came in it.
    pub(super) came: u32,
    /// Who was answered in it.
    pub(super) answered: u32,
    /// Answers in it that turned somebody away.
    pub(super) shed: u32,
    /// How long those who came in it took, of lookups and of commands, in milliseconds.
    pub(super) lookups_ms: Vec<f64>,
    pub(super) commands_ms: Vec<f64>,
}

/// All that was counted.
#[derive(Debug, Clone)]
pub(super) struct Counted {
    /// Microseconds, of those who were answered: by period, by kind.
    took: Vec<Vec<Histogram<u64>>>,
    pub(super) seconds: Vec<Second>,
    pub(super) done: u64,
    pub(super) idle: u64,
    pub(super) not_sent: u64,
    pub(super) refused: BTreeMap<String, u64>,
    pub(super) failed: BTreeMap<String, u64>,
    /// Answers that turned somebody away, by their code, and arrivals that ended with one.
    pub(super) shed: BTreeMap<String, u64>,
    pub(super) given_up: u64,
    /// Tries of commands that nobody answered, and that were sent again.
    pub(super) repeated: BTreeMap<String, u64>,
    /// When a command was answered, and how long after that a lookup had it.
    pub(super) lags: Vec<(Duration, Duration)>,
    /// Since somebody asked last: how many came, and the milliseconds of those who were answered.
    recently_came: usize,
    recent: Vec<f64>,
}

/// What happened in a while.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Recent {
    pub(super) came: usize,
    pub(super) answered: usize,
    /// 99th percentile of those who were answered.
    pub(super) p99_ms: f64,
}

/// What is counted while it runs.
#[derive(Debug)]
pub(super) struct Tally {
    start: Instant,
    counted: Mutex<Counted>,
}

impl Tally {
    /// Nothing yet, of a day that begins then.
    ///
    /// # Errors
    /// When there can be no such histogram, which there can.
    pub(super) fn new(start: Instant) -> Result<Self> {
        let empty = Histogram::new_with_max(LONGEST_US, DIGITS)?;
        let counted = Counted {
            took: vec![vec![empty; Kind::ALL.len()]; Period::ALL.len()],
            seconds: Vec::new(),
            done: 0,
            idle: 0,
            not_sent: 0,
            refused: BTreeMap::new(),
            failed: BTreeMap::new(),
            shed: BTreeMap::new(),
            given_up: 0,
            repeated: BTreeMap::new(),
            lags: Vec::new(),
            recently_came: 0,
            recent: Vec::new(),
        };
        Ok(Self { start, counted: Mutex::new(counted) })
    }

    fn counted(&self) -> MutexGuard<'_, Counted> {
        // Counters are whole after every step.
        self.counted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Somebody is due.
    pub(super) fn came(&self, arrival: &Arrival) {
        let mut counted = self.counted();
        counted.second(arrival.due).came += 1;
        counted.recently_came += 1;
    }

    /// That became of them, and it is now.
    pub(super) fn ended(&self, arrival: &Arrival, end: End) {
        let now = self.start.elapsed();
        let took = now.saturating_sub(arrival.due);
        let mut counted = self.counted();
        match end {
            End::Done => counted.done += 1,
            End::Refused(code) => *counted.refused.entry(code).or_default() += 1,
            End::Shed => return counted.given_up += 1,
            End::Failed(why) => return *counted.failed.entry(why).or_default() += 1,
            End::Idle => return counted.idle += 1,
            End::NotSent => return counted.not_sent += 1,
        }
        counted.second(now).answered += 1;
        let ms = took.as_secs_f64() * 1_000.0;
        counted.recent.push(ms);
        let came_in = counted.second(arrival.due);
        if arrival.kind.is_lookup() { &mut came_in.lookups_ms } else { &mut came_in.commands_ms }.push(ms);
        let took = u64::try_from(took.as_micros()).unwrap_or(LONGEST_US);
        if let Some(histogram) = counted.histogram(arrival.period, arrival.kind) {
            histogram.saturating_record(took);
        }
    }

    /// An answer turned somebody away.
    pub(super) fn shed(&self, code: &str) {
        let now = self.start.elapsed();
        let mut counted = self.counted();
        counted.second(now).shed += 1;
        *counted.shed.entry(code.to_owned()).or_default() += 1;
    }

    /// A command is sent again, because nobody answered.
    pub(super) fn repeated(&self, why: &str) {
        *self.counted().repeated.entry(why.to_owned()).or_default() += 1;
    }

    /// A lookup has, so long after a command's answer, what the command did.
    pub(super) fn visible_after(&self, lag: Duration) {
        let answered = self.start.elapsed().saturating_sub(lag);
        self.counted().lags.push((answered, lag));
    }

    /// What happened since this was asked last.
    pub(super) fn recent(&self) -> Recent {
        let mut counted = self.counted();
        let (came, mut recent) =
            (std::mem::take(&mut counted.recently_came), std::mem::take(&mut counted.recent));
        drop(counted);
        let p99_ms = quantile(&mut recent, 0.99).unwrap_or_default();
        Recent { came, answered: recent.len(), p99_ms }
    }

    /// All of it.
    pub(super) fn all(&self) -> Counted {
        self.counted().clone()
    }
}

impl Counted {
    fn second(&mut self, at: Duration) -> &mut Second {
        let second = usize::try_from(at.as_secs()).unwrap_or_default();
        if self.seconds.len() <= second {
            self.seconds.resize(second + 1, Second::default());
        }
        &mut self.seconds[second]
    }

    fn histogram(&mut self, period: Period, kind: Kind) -> Option<&mut Histogram<u64>> {
        self.took.get_mut(period as usize)?.get_mut(kind.index())
    }

    /// How long those took who came then for that, and were answered.
    pub(super) fn took(&self, period: Period, kinds: impl Fn(Kind) -> bool) -> Result<Histogram<u64>> {
        let mut all = Histogram::new_with_max(LONGEST_US, DIGITS)?;
        let of = self.took.get(period as usize).into_iter().flatten().zip(Kind::ALL);
        for (histogram, _) in of.filter(|(_, kind)| kinds(*kind)) {
            all.add(histogram)?;
        }
        Ok(all)
    }

    /// Of all that was answered, what turned somebody away.
    #[allow(clippy::cast_precision_loss, reason = "counts of a run are far below 2^52")]
    pub(super) fn shed_share(&self) -> Option<f64> {
        let shed: u64 = self.shed.values().sum();
        let answers = self.done + self.refused.values().sum::<u64>() + shed;
        (answers > 0).then(|| shed as f64 / answers as f64)
    }

    /// A quantile of the time from a command's answer to a lookup that has it, in milliseconds.
    pub(super) fn lag_ms(&self, quantile_of: f64) -> Option<f64> {
        let mut lags: Vec<f64> = self.lags.iter().map(|(_, lag)| lag.as_secs_f64() * 1_000.0).collect();
        quantile(&mut lags, quantile_of)
    }
}

/// The least of them that is no less than so many of them; `None` of nothing.
#[allow(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "an index"
)]
pub(super) fn quantile(values: &mut [f64], share: f64) -> Option<f64> {
    values.sort_unstable_by(f64::total_cmp);
    let place = (values.len() as f64 * share).ceil() as usize;
    values.get(place.saturating_sub(1)).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arrival(due_ms: u64, period: Period, kind: Kind) -> Arrival {
        Arrival { due: Duration::from_millis(due_ms), period, kind, store: 0, sku: 0, luck: 0 }
    }

    #[test]
    fn a_latency_counts_from_when_somebody_came() {
        // A day that began ten seconds ago: whoever came in its first second and is answered only now waited for nine.
        let tally = Tally::new(Instant::now() - Duration::from_secs(10)).unwrap();
        let late = arrival(900, Period::Quiet, Kind::Stock);
        tally.came(&late);
        tally.ended(&late, End::Done);
        let counted = tally.all();
        let took = counted.took(Period::Quiet, Kind::is_lookup).unwrap();
        assert!((9_000_000..9_500_000).contains(&took.max()), "{}", took.max());
        assert_eq!((counted.seconds[0].came, counted.seconds[10].answered), (1, 1));
        assert!(counted.seconds[0].lookups_ms[0] > 9_000.0);
        assert_eq!(counted.took(Period::Burst, Kind::is_lookup).unwrap().len(), 0);
    }

    #[test]
    fn who_was_turned_away_is_in_no_percentile() {
        let tally = Tally::new(Instant::now()).unwrap();
        let place = arrival(0, Period::Burst, Kind::Place);
        for end in [
            End::Shed,
            End::Failed("500 internal".to_owned()),
            End::Idle,
            End::NotSent,
            End::Refused("insufficient_stock".to_owned()),
            End::Done,
        ] {
            tally.came(&place);
            tally.ended(&place, end);
        }
        tally.shed("overloaded");
        let counted = tally.all();
        assert_eq!(counted.took(Period::Burst, |_| true).unwrap().len(), 2);
        assert_eq!(counted.seconds[0].came, 6);
        assert_eq!(counted.shed_share(), Some(1.0 / 3.0));
    }

    #[test]
    fn a_quantile_is_one_of_the_values() {
        let mut values: Vec<f64> = (1..=100).rev().map(f64::from).collect();
        assert_eq!(
            [0.0, 0.5, 0.99, 1.0].map(|share| quantile(&mut values, share)),
            [1.0, 50.0, 99.0, 100.0].map(Some)
        );
        assert_eq!(quantile(&mut [], 0.5), None);
    }
}
