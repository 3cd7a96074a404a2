//! Bringing a shard's events to the target, however long that takes.

use std::cell::Cell;
use std::time::Duration;

use contracts::json::CloudEvent;
use rand::Rng;
use tokio::time::Instant;

use super::health::Health;
use super::ledger::{Ledger, Undelivered};
use super::queue::{Entry, Queue, Tries};
use super::target::{Outcome, Target};
use crate::core::database;
use crate::metrics::{self, Sent};
use crate::poll::Taken;

/// How often an event is refused before it is put aside: a target that is being deployed may refuse what it takes a
/// moment later.
const REFUSALS: u32 = 5;
/// How often an event fails, each time while others are taken, before it is put aside like one that is refused. With the
/// waits between, about half a minute: for so long one of several machines behind a target may fail.
const FAILURES: u32 = 10;
/// Failures in a row after which the target is said to take nothing. One is told to the log only.
const TOLERATED_FAILURES: u32 = 3;
/// First wait after a failure, doubled with every further one.
const FIRST_BACKOFF: Duration = Duration::from_millis(100);
/// Longest wait after a failure: within it a target that is back is told.
const MAX_BACKOFF: Duration = Duration::from_secs(10);
/// Longest wait that a target may ask for.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(60);
/// Most events of a shard that wait for the target before no more are read: those of one page.
const MAX_WAITING: usize = 1000;
/// Most events of a shard that are kept, with those that were taken behind one that waits: they all come again after a
/// kill.
const MAX_KEPT: usize = 10_000;

/// What all shards together learnt of the target.
#[derive(Debug, Default)]
pub(super) struct Evidence {
    /// What it made of events at their first try. What is tried again says nothing: a few that fail again and again would
    /// make a good target look bad, and a bad one good.
    first: Cell<Tries>,
    /// Deliveries in a row of which it took nothing.
    in_vain: Cell<u32>,
}

/// Brings events to a target.
#[derive(Clone, Copy)]
pub(super) struct Courier<'t> {
    pub target: &'t Target,
    pub ledger: &'t Ledger,
    pub health: &'t Health,
    pub evidence: &'t Evidence,
}

impl Courier<'_> {
    /// Sends what there is to send now, and writes the place that the shard has with that. It waits for nothing: what the
    /// target does not take stays in the queue.
    ///
    /// # Errors
    /// When the place cannot be written, or something not be put aside.
    pub(super) async fn deliver(&self, shard: &str, queue: &mut Queue) -> Result<Taken, database::Error> {
        loop {
            let progressed = self.clear(queue).await? | self.attempt(queue).await?;
            if let Some(last) = queue.pass() {
                self.ledger.advance(shard, &last).await?;
                // A page may take its time; what is through shows that all works.
                self.health.reading().round();
            }
            if !progressed {
                break;
            }
        }
        let is_stuck = queue.is_stuck();
        self.health.full(shard, is_stuck);
        Ok(match queue.waiting() {
            0 => Taken::All,
            1..MAX_WAITING if !is_stuck && queue.kept() < MAX_KEPT => Taken::Some,
            _ => Taken::Enough,
        })
    }

    /// Puts aside what is no event; whether there was any.
    async fn clear(&self, queue: &mut Queue) -> Result<bool, database::Error> {
        let mut any = false;
        while let Some(entry) = queue.strange(Instant::now()) {
            let Some(Err(reason)) = entry.content.clone() else { break };
            any |= self.give_up(entry, &reason).await?;
        }
        Ok(any)
    }

    /// Sends the next events; whether any was taken, or put aside.
    async fn attempt(&self, queue: &mut Queue) -> Result<bool, database::Error> {
        let now = Instant::now();
        if queue.rests_until.is_some_and(|until| now < until) {
            return Ok(false);
        }
        // A target that is down, or has too much to do, is asked with one event.
        let most = if queue.failures == 0 { self.target.most() } else { 1 };
        let sent = queue.next(most, now);
        let events: Vec<&CloudEvent> =
            sent.iter().filter_map(|entry| entry.content.as_ref()?.as_ref().ok()).collect();
        if events.is_empty() {
            return Ok(false);
        }
        let outcomes = self.target.deliver(&events).await;
        // A target may take its time with each of many.
        self.health.reading().round();
        let mut first = self.evidence.first.get();
        for (_, outcome) in sent.iter().zip(&outcomes).filter(|(entry, _)| entry.tries == 0) {
            match outcome {
                Outcome::Taken => first.taken += 1,
                // It takes others: this is of the event.
                Outcome::Refused(_) => {}
                Outcome::Failed(..) | Outcome::Busy(..) => first.failed += 1,
            }
        }
        self.evidence.first.set(first);
        let (mut progressed, mut retry_after, mut reason) = (false, None, None);
        for (entry, outcome) in sent.into_iter().zip(outcomes) {
            if let Outcome::Failed(_, asked) | Outcome::Busy(_, asked) = &outcome {
                retry_after = retry_after.max(*asked);
            }
            reason = outcome.reason().or(reason);
            progressed |= self.settle(entry, outcome).await?;
        }
        if progressed {
            queue.failures = 0;
            self.evidence.in_vain.set(0);
            self.health.refusing(false);
        } else {
            let (failures, waiting) = (self.evidence.in_vain.get(), queue.waiting());
            tracing::warn!(reason, failures, waiting, "the target takes no event");
            self.health.refusing(failures >= TOLERATED_FAILURES);
            self.evidence.in_vain.set(failures.saturating_add(1));
            queue.rests_until = Some(Instant::now() + wait(queue.failures, retry_after));
            queue.failures = queue.failures.saturating_add(1);
        }
        Ok(progressed)
    }

    /// What becomes of an event that was sent; whether it is done with.
    async fn settle(&self, entry: &mut Entry, outcome: Outcome) -> Result<bool, database::Error> {
        let (reason, retry_after, bound, waits) = match outcome {
            Outcome::Taken => {
                entry.content = None;
                metrics::sent(Sent::Delivered);
                return Ok(true);
            }
            Outcome::Refused(reason) => {
                metrics::sent(Sent::Refused);
                entry.refusals += 1;
                (reason, None, REFUSALS, entry.refusals)
            }
            Outcome::Failed(reason, retry_after) => {
                metrics::sent(Sent::Failed);
                entry.refusals += u32::from(self.is_its_own_fault(entry));
                (reason, retry_after, FAILURES, entry.refusals)
            }
            Outcome::Busy(reason, retry_after) => {
                metrics::sent(Sent::Failed);
                (reason, retry_after, FAILURES, entry.tries)
            }
        };
        entry.rests_until = Some(Instant::now() + wait(waits, retry_after));
        entry.tries += 1;
        Ok(entry.refusals >= bound && self.give_up(entry, &reason).await?)
    }

    /// Whether the target took most of what else came since this one failed the last time: then it is well.
    fn is_its_own_fault(&self, entry: &mut Entry) -> bool {
        let now = self.evidence.first.get();
        entry.seen_before.replace(now).is_some_and(|before| now.is_well_since(before))
    }

    /// Puts aside what the target will not have, or what is no event; whether there was room.
    async fn give_up(&self, entry: &mut Entry, reason: &str) -> Result<bool, database::Error> {
        let Some(content) = &entry.content else { return Ok(true) };
        let what = content.as_ref().map_or(Undelivered::Record, Undelivered::Event);
        let done = self.ledger.put_aside(&entry.record, what, reason).await?;
        if done {
            tracing::error!(
                stream.sequence_number = entry.record.sequence_number,
                reason,
                "an event is put aside as undelivered"
            );
            metrics::sent(Sent::PutAside);
            entry.content = None;
        } else {
            entry.is_stuck = true;
            entry.rests_until = Some(Instant::now() + MAX_BACKOFF);
        }
        Ok(done)
    }
}

fn wait(failures: u32, asked: Option<Duration>) -> Duration {
    backoff(failures, asked, rand::rng().random_range(0.5..1.0))
}

/// The wait after so many failures, or what the target asks for if that is longer.
fn backoff(failures: u32, asked: Option<Duration>, jitter: f64) -> Duration {
    let longest = FIRST_BACKOFF.saturating_mul(1 << failures.min(10)).min(MAX_BACKOFF);
    let asked = asked.unwrap_or_default().min(MAX_RETRY_AFTER);
    longest.mul_f64(jitter).max(asked)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_a_bound_and_a_target_may_ask_for_longer_ones() {
        assert_eq!(backoff(0, None, 1.0), FIRST_BACKOFF);
        assert_eq!(backoff(3, None, 1.0), FIRST_BACKOFF * 8);
        assert_eq!(backoff(u32::MAX, None, 1.0), MAX_BACKOFF);
        assert_eq!(backoff(u32::MAX, None, 0.5), MAX_BACKOFF / 2);
        assert_eq!(backoff(0, Some(Duration::from_secs(20)), 1.0), Duration::from_secs(20));
        assert_eq!(backoff(0, Some(Duration::from_secs(86_400)), 1.0), MAX_RETRY_AFTER);
    }
}
