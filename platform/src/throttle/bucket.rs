//! Token buckets: so much at once, and so much again in a time.

use std::time::Duration;

use serde::Deserialize;
use tokio::time::Instant;

/// How much there is, and how long an empty bucket takes to be full again: what `RateLimit-Policy` calls `q` and `w`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Quota {
    /// How much a full bucket holds.
    pub quota: u32,
    /// In how many seconds so much comes again.
    pub seconds: u32,
}

impl Quota {
    fn window(self) -> Duration {
        Duration::from_secs(self.seconds.into())
    }

    /// How long it takes for one more to come.
    fn pause(self) -> Duration {
        self.window() / self.quota.max(1)
    }
}

/// One bucket. It knows only when it is full again, so one that is full is one that was never used, and a quota may change.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Bucket {
    full_at: Option<Instant>,
}

impl Bucket {
    /// How long it takes to be full.
    pub(super) fn missing(self, now: Instant) -> Duration {
        self.full_at.map_or(Duration::ZERO, |full_at| full_at.saturating_duration_since(now))
    }

    /// How much there is.
    pub(super) fn left(self, quota: Quota, now: Instant) -> u32 {
        let window = quota.window();
        let there = window.saturating_sub(self.missing(now)).as_nanos() * u128::from(quota.quota);
        u32::try_from(there / window.as_nanos().max(1)).unwrap_or(u32::MAX)
    }

    /// Whether one can be taken.
    ///
    /// # Errors
    /// When none is there: how long until one is.
    pub(super) fn check(self, quota: Quota, now: Instant) -> Result<(), Duration> {
        let after = self.missing(now) + quota.pause();
        match after.checked_sub(quota.window()) {
            Some(wait) if !wait.is_zero() => Err(wait),
            _ => Ok(()),
        }
    }

    /// Takes one, which has to be there.
    pub(super) fn take(&mut self, quota: Quota, now: Instant) {
        let missing = (self.missing(now) + quota.pause()).min(quota.window());
        self.full_at = Some(now + missing);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUOTA: Quota = Quota { quota: 3, seconds: 10 };

    fn seconds(seconds: f64) -> Duration {
        Duration::from_secs_f64(seconds)
    }

    #[test]
    fn it_gives_what_it_has_and_no_more() {
        let (mut bucket, now) = (Bucket::default(), Instant::now());
        for left in [3, 2, 1] {
            assert_eq!(bucket.left(QUOTA, now), left);
            assert_eq!(bucket.check(QUOTA, now), Ok(()));
            bucket.take(QUOTA, now);
        }
        assert_eq!(bucket.left(QUOTA, now), 0);
        let wait = bucket.check(QUOTA, now).unwrap_err();
        assert!((seconds(3.3)..seconds(3.4)).contains(&wait), "{wait:?}");
        assert_eq!(bucket.check(QUOTA, now + wait), Ok(()));
        assert!(bucket.check(QUOTA, now + wait - seconds(0.1)).is_err());
    }

    #[test]
    fn it_fills_up_to_the_brim_and_not_beyond() {
        let (mut bucket, now) = (Bucket::default(), Instant::now());
        (0..3).for_each(|_| bucket.take(QUOTA, now));
        assert!(bucket.missing(now) > seconds(9.9));
        let later = now + seconds(1000.0);
        assert_eq!((bucket.left(QUOTA, later), bucket.missing(later)), (3, Duration::ZERO));
    }

    #[test]
    fn a_smaller_quota_counts_at_once() {
        let (mut bucket, now) = (Bucket::default(), Instant::now());
        (0..3).for_each(|_| bucket.take(QUOTA, now));
        let smaller = Quota { quota: 1, seconds: 1 };
        assert_eq!(bucket.left(smaller, now), 0);
        assert!(bucket.check(smaller, now).unwrap_err() > seconds(9.0));
    }
}
