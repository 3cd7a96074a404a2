//! Who has how much under way, and how much left.
//!
//! Owns all counts. No count waits for anything: a request has its place at once or not at all.

use std::hash::{BuildHasher, Hash, RandomState};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use metrics::gauge;
use tokio::time::Instant;

use super::bounded::{Bounded, Forgettable};
use super::bucket::{Bucket, Quota};
use super::limits::ClientLimits;
use crate::auth::Client;

/// When to come again where too much is under way: a request takes less.
const AGAIN_AFTER: Duration = Duration::from_secs(1);

/// What a caller has gone over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Limit {
    InFlight,
    Streams,
    Requests,
    Holds,
    Guesses,
}

/// Over a limit, and when it may go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Over {
    pub(super) limit: Limit,
    pub(super) after: Duration,
}

/// Whose request it is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Caller {
    pub(super) client: Client,
    /// The user, or the address of somebody who is none; `None` where neither is known.
    pub(super) key: Option<u64>,
}

/// What is left to a caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Left {
    pub(super) in_flight: u32,
    pub(super) requests: u32,
    pub(super) requests_full_in: Duration,
    /// Of who places a hold.
    pub(super) holds: Option<(u32, Duration)>,
}

/// All callers of a process.
pub(super) struct Callers {
    hasher: RandomState,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    clients: [UnderWay; Client::ALL.len()],
    callers: Bounded<Usage>,
    guessers: Bounded<Bucket>,
}

#[derive(Debug, Clone, Copy, Default)]
struct UnderWay {
    requests: u32,
    streams: u32,
}

/// What one caller does.
#[derive(Debug, Clone, Copy, Default)]
struct Usage {
    under_way: UnderWay,
    requests: Bucket,
    holds: Bucket,
}

impl Callers {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self { hasher: RandomState::new(), state: Mutex::default() })
    }

    /// By what somebody is counted: a number from which nobody can tell who it is.
    pub(super) fn key(&self, who: impl Hash) -> u64 {
        self.hasher.hash_one(who)
    }

    /// Takes a place for a request, and what it costs from the caller's buckets: all of it or nothing.
    pub(super) fn admit(
        self: &Arc<Self>,
        caller: Caller,
        limits: &ClientLimits,
        places_hold: bool,
        now: Instant,
    ) -> (Option<Left>, Result<Slot, Over>) {
        let mut state = self.lock();
        let key = caller.key.map(|key| state.callers.place(key, caller.client, now));
        let mut nobody = Usage::default();
        let State { clients, callers, .. } = &mut *state;
        let usage = key.map_or(&mut nobody, |key| callers.at(key));
        let client = &mut clients[caller.client as usize];
        let known = caller.key.is_some();
        let admitted = usage.check(client, limits, known, places_hold, now);
        if admitted.is_ok() {
            client.requests += 1;
            usage.under_way.requests += 1;
            usage.requests.take(limits.requests, now);
            if places_hold {
                usage.holds.take(limits.holds, now);
            }
        }
        let left = known.then(|| usage.left(client, limits, places_hold, now));
        gauge!(super::CALLERS).set(state.count() as f64);
        let slot = |()| Slot::taken(Arc::clone(self), caller.client, key);
        (left, admitted.map(slot))
    }

    /// Whether one more guess may be made from there.
    ///
    /// # Errors
    /// When too many failed.
    pub(super) fn may_guess(&self, key: u64, quota: Quota, now: Instant) -> Result<(), Over> {
        let mut state = self.lock();
        let key = state.guessers.place(key, Client::Unknown, now);
        state.guessers.at(key).check(quota, now).map_err(|after| Over { limit: Limit::Guesses, after })
    }

    /// One guess failed.
    pub(super) fn guessed(&self, key: u64, quota: Quota, now: Instant) {
        let mut state = self.lock();
        let key = state.guessers.place(key, Client::Unknown, now);
        state.guessers.at(key).take(quota, now);
    }

    /// How many are remembered.
    #[cfg(test)]
    pub(super) fn remembered(&self) -> usize {
        self.lock().count()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing panics while it is held.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Usage {
    fn check(
        &self,
        client: &UnderWay,
        limits: &ClientLimits,
        known: bool,
        places_hold: bool,
        now: Instant,
    ) -> Result<(), Over> {
        let own = known && self.under_way.requests >= limits.in_flight_each;
        if own || client.requests >= limits.in_flight {
            return Err(Over { limit: Limit::InFlight, after: AGAIN_AFTER });
        }
        if !known {
            return Ok(());
        }
        let over = |limit| move |after| Over { limit, after };
        self.requests.check(limits.requests, now).map_err(over(Limit::Requests))?;
        if places_hold {
            self.holds.check(limits.holds, now).map_err(over(Limit::Holds))?;
        }
        Ok(())
    }

    fn left(&self, client: &UnderWay, limits: &ClientLimits, places_hold: bool, now: Instant) -> Left {
        let own = limits.in_flight_each.saturating_sub(self.under_way.requests);
        let holds = || (self.holds.left(limits.holds, now), self.holds.missing(now));
        Left {
            in_flight: own.min(limits.in_flight.saturating_sub(client.requests)),
            requests: self.requests.left(limits.requests, now),
            requests_full_in: self.requests.missing(now),
            holds: places_hold.then(holds),
        }
    }
}

/// A request's place, given back when dropped, however the request ends.
pub(super) struct Slot {
    callers: Arc<Callers>,
    client: Client,
    key: Option<u64>,
    streams: bool,
}

impl Slot {
    fn taken(callers: Arc<Callers>, client: Client, key: Option<u64>) -> Self {
        gauge!(super::IN_FLIGHT, "client" => client.as_str()).increment(1);
        Self { callers, client, key, streams: false }
    }

    /// The request's answer has no end: it is idle most of the time, so it counts with others like it and with no request.
    ///
    /// # Errors
    /// When there are too many of them.
    pub(super) fn stream(&mut self, limits: &ClientLimits) -> Result<(), Over> {
        let callers = Arc::clone(&self.callers);
        let mut state = callers.lock();
        let mut counts = state.counts(self.client, self.key);
        let most = [limits.streams, limits.streams_each];
        if counts.iter().flatten().zip(most).any(|(count, most)| count.streams >= most) {
            return Err(Over { limit: Limit::Streams, after: AGAIN_AFTER });
        }
        for count in counts.iter_mut().flatten() {
            count.requests -= 1;
            count.streams += 1;
        }
        self.streams = true;
        Ok(())
    }
}

impl State {
    /// How many are remembered.
    fn count(&self) -> usize {
        self.callers.len() + self.guessers.len()
    }

    /// Where a request of this caller counts: with its client, and by itself.
    fn counts(&mut self, client: Client, key: Option<u64>) -> [Option<&mut UnderWay>; 2] {
        let own = key.map(|key| &mut self.callers.at(key).under_way);
        [Some(&mut self.clients[client as usize]), own]
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        gauge!(super::IN_FLIGHT, "client" => self.client.as_str()).decrement(1);
        let mut state = self.callers.lock();
        for count in state.counts(self.client, self.key).into_iter().flatten() {
            if self.streams {
                count.streams -= 1;
            } else {
                count.requests -= 1;
            }
        }
    }
}

impl Forgettable for Usage {
    fn is_forgettable(&self, now: Instant) -> bool {
        let idle = self.under_way.requests == 0 && self.under_way.streams == 0;
        idle && self.requests.is_forgettable(now) && self.holds.is_forgettable(now)
    }
}
