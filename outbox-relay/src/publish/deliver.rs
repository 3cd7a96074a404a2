//! Bringing a window to the target, however long that takes.

use std::time::Duration;

use contracts::json::CloudEvent;
use rand::Rng;
use tokio::time::sleep;

use super::health::Health;
use super::ledger::{Ledger, Undelivered};
use super::target::{Outcome, Target};
use super::window::Window;
use crate::core::{Record, database};

/// How often an event is refused before it is put aside: a target that is being deployed may refuse what it takes a
/// moment later.
const REFUSALS: u32 = 5;
/// Failures in a row after which the target is said to take nothing. One is told to the log only.
const TOLERATED_FAILURES: u32 = 3;
/// First wait after a failure, doubled with every further one.
const FIRST_BACKOFF: Duration = Duration::from_millis(100);
/// Longest wait after a failure: within it a target that is back is told.
const MAX_BACKOFF: Duration = Duration::from_secs(10);
/// Longest wait that a target may ask for.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(60);

/// An event on its way.
struct Pending<'w> {
    record: &'w Record,
    event: &'w CloudEvent,
    refusals: u32,
}

/// What one try came to.
#[derive(Default)]
struct Round {
    /// Something was taken, or put aside.
    progressed: bool,
    /// How long the target asks to be left alone.
    retry_after: Option<Duration>,
    reason: Option<String>,
}

/// Returns once the target has every event of the window, or it is put aside. It never gives up: what a target that is
/// down was not told, it is told when it is back.
///
/// # Errors
/// When something cannot be put aside; then the window comes again.
pub(super) async fn deliver(
    window: &Window<'_>,
    target: &Target,
    ledger: &Ledger,
    health: &Health,
) -> Result<(), database::Error> {
    let mut failures = 0;
    for (record, reason) in &window.strange {
        while !put_aside(ledger, record, Undelivered::Record, reason, health).await? {
            pause(&mut failures, None).await;
        }
    }
    let mut pending: Vec<_> =
        window.events.iter().map(|(record, event)| Pending { record, event, refusals: 0 }).collect();
    while !pending.is_empty() {
        // A target that is down, or has too much to do, is asked with one event.
        let most = if failures == 0 { pending.len() } else { 1 };
        let round = attempt(&mut pending, most, target, ledger, health).await?;
        if round.progressed {
            failures = 0;
            health.refusing(false);
        } else {
            tracing::warn!(
                reason = round.reason,
                failures,
                waiting = pending.len(),
                "the target takes no event"
            );
            health.refusing(failures >= TOLERATED_FAILURES);
            pause(&mut failures, round.retry_after).await;
        }
    }
    Ok(())
}

/// Sends the first of what is pending; what is done with leaves the list, the rest stays in its order.
async fn attempt(
    pending: &mut Vec<Pending<'_>>,
    most: usize,
    target: &Target,
    ledger: &Ledger,
    health: &Health,
) -> Result<Round, database::Error> {
    let events: Vec<&CloudEvent> = pending.iter().take(most).map(|pending| pending.event).collect();
    let outcomes = target.deliver(&events).await;
    let mut round = Round::default();
    let mut left = Vec::new();
    let rest = pending.split_off(events.len());
    for (mut one, outcome) in pending.drain(..).zip(outcomes) {
        match outcome {
            Outcome::Taken => round.progressed = true,
            Outcome::Refused(reason) => {
                one.refusals += 1;
                let done = one.refusals >= REFUSALS
                    && put_aside(ledger, one.record, Undelivered::Event(one.event), &reason, health).await?;
                round.progressed |= done;
                round.reason = Some(reason);
                if !done {
                    left.push(one);
                }
            }
            Outcome::Failed(reason, retry_after) => {
                round.retry_after = round.retry_after.max(retry_after);
                round.reason = Some(reason);
                left.push(one);
            }
        }
    }
    left.extend(rest);
    *pending = left;
    Ok(round)
}

async fn put_aside(
    ledger: &Ledger,
    record: &Record,
    what: Undelivered<'_>,
    reason: &str,
    health: &Health,
) -> Result<bool, database::Error> {
    let done = ledger.put_aside(record, what, reason).await?;
    health.full(!done);
    let sequence_number = record.sequence_number.as_str();
    if done {
        tracing::error!(
            stream.sequence_number = sequence_number,
            reason,
            "an event is put aside as undelivered"
        );
    }
    Ok(done)
}

async fn pause(failures: &mut u32, asked: Option<Duration>) {
    sleep(backoff(*failures, asked, rand::rng().random_range(0.5..1.0))).await;
    *failures = failures.saturating_add(1);
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
