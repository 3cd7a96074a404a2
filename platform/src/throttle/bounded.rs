//! What is remembered of callers, bounded in number, whoever comes.
//!
//! One is forgotten only when there is nothing to remember, and who cannot be remembered shares one place with all such
//! newcomers of the same client. So neither a million addresses nor the forgetting is a way round a limit.

use std::collections::HashMap;
use std::time::Duration;

use tokio::time::Instant;

use super::bucket::Bucket;
use crate::auth::Client;

/// Most that are remembered at once: some megabytes, and more people than use one process within the seconds until a bucket
/// is full again.
const MAX_REMEMBERED: usize = 65_536;
/// Least time between two looks for who can be forgotten: each passes through all of them.
const SWEEP_PAUSE: Duration = Duration::from_secs(1);

/// What is remembered of so many at most.
pub(super) struct Bounded<T> {
    known: HashMap<u64, T>,
    swept: Option<Instant>,
}

impl<T> Default for Bounded<T> {
    fn default() -> Self {
        Self { known: HashMap::new(), swept: None }
    }
}

/// What may have nothing in it that has to be remembered.
pub(super) trait Forgettable: Default {
    fn is_forgettable(&self, now: Instant) -> bool;
}

impl Forgettable for Bucket {
    fn is_forgettable(&self, now: Instant) -> bool {
        self.missing(now).is_zero()
    }
}

impl<T: Forgettable> Bounded<T> {
    /// Under what this one is remembered: its own key, or that of all newcomers with this client.
    pub(super) fn place(&mut self, key: u64, client: Client, now: Instant) -> u64 {
        if self.known.contains_key(&key) || self.has_room(now) { key } else { client as u64 }
    }

    fn has_room(&mut self, now: Instant) -> bool {
        let due = self.swept.is_none_or(|swept| now.saturating_duration_since(swept) >= SWEEP_PAUSE);
        if self.known.len() >= MAX_REMEMBERED && due {
            self.swept = Some(now);
            self.known.retain(|_, one| !one.is_forgettable(now));
        }
        self.known.len() < MAX_REMEMBERED
    }

    /// What is remembered under this key.
    pub(super) fn at(&mut self, key: u64) -> &mut T {
        self.known.entry(key).or_default()
    }
    /// How many are remembered.
    pub(super) fn len(&self) -> usize {
        self.known.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::throttle::bucket::Quota;

    const QUOTA: Quota = Quota { quota: 2, seconds: 60 };

    /// Takes one from whatever bucket this one has.
    fn take(buckets: &mut Bounded<Bucket>, key: u64, now: Instant) -> bool {
        let place = buckets.place(key, Client::Web, now);
        let bucket = buckets.at(place);
        let taken = bucket.check(QUOTA, now).is_ok();
        if taken {
            bucket.take(QUOTA, now);
        }
        taken
    }

    #[test]
    fn a_million_newcomers_take_no_more_memory_and_share_one_bucket() {
        let (mut buckets, now) = (Bounded::default(), Instant::now());
        let taken = (1_000..1_001_000).filter(|key| take(&mut buckets, *key, now)).count();
        assert_eq!(buckets.len(), MAX_REMEMBERED + 1);
        assert_eq!(taken, MAX_REMEMBERED + 2, "what the remembered have, and one bucket for all others");
    }

    #[test]
    fn who_has_used_up_a_bucket_is_not_forgotten_for_newcomers() {
        let (mut buckets, now) = (Bounded::default(), Instant::now());
        let guesser = 999;
        while take(&mut buckets, guesser, now) {}
        for second in 0..10 {
            let now = now + SWEEP_PAUSE * second;
            for key in 0..100_000 {
                take(&mut buckets, (u64::from(second) << 32) + 1_000 + key, now);
            }
            assert!(!take(&mut buckets, guesser, now), "after {second} s");
        }
        assert!(take(&mut buckets, guesser, now + Duration::from_secs(60)));
    }

    #[test]
    fn who_is_forgettable_makes_room() {
        let (mut buckets, now) = (Bounded::default(), Instant::now());
        for key in 1_000..101_000 {
            take(&mut buckets, key, now);
        }
        let later = now + Duration::from_secs(120);
        assert!(take(&mut buckets, 7_777_777, later));
        assert!(buckets.len() <= 2, "{}", buckets.len());
    }
}
