//! The issuer's keys, kept.
//!
//! Owns when they are fetched. However many tokens come, and whatever keys they name, the issuer is asked seldom, and
//! once at a time.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::http::Uri;
use tokio::sync::{Mutex, watch};
use tracing::Instrument;

use super::Error;
use super::fetch::{self, fetch};
use super::jwks::{self, Key, KeySet};

/// Age at which keys are fetched again, behind the requests that use them: so long a withdrawn key may still be taken.
const FRESH: Duration = Duration::from_secs(5 * 60);
/// Age up to which keys are used while no new ones can be had: an issuer's bad night does not stop the shops, and a key
/// that was withdrawn in it is not taken for ever.
const USABLE: Duration = Duration::from_secs(6 * 60 * 60);
/// Least time from one fetch to the next. A new key is taken at most so much later; tokens with made-up keys cause no
/// more fetches than this.
const REFETCH: Duration = Duration::from_secs(10);
/// Least time from a fetch that failed to the next: that of a 503's `Retry-After`.
const RETRY: Duration = Duration::from_secs(1);

/// The times above; tests have shorter ones.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pace {
    pub(super) fresh: Duration,
    pub(super) usable: Duration,
    pub(super) refetch: Duration,
    pub(super) retry: Duration,
}

impl Pace {
    pub(super) const DEFAULT: Self = Self { fresh: FRESH, usable: USABLE, refetch: REFETCH, retry: RETRY };
}

/// How long a caller whose key is known waits for the keys to be fetched anew.
const MAX_WAIT: Duration = Duration::from_millis(500);

/// The keys at one URL.
#[derive(Debug)]
pub(super) struct Keys {
    url: Uri,
    pace: Pace,
    known: watch::Sender<Known>,
    /// Held while they are fetched, so that one fetch serves all who wait for it.
    last: Mutex<Option<Try>>,
}

/// Keys, and when they were fetched.
#[derive(Debug, Clone)]
struct Known {
    keys: Arc<KeySet>,
    since: Instant,
}

/// A fetch, and how it ended.
#[derive(Debug, Clone, Copy)]
struct Try {
    ended: Instant,
    answered: bool,
}

impl Try {
    fn is_recent(self, pace: Pace) -> bool {
        self.ended.elapsed() < if self.answered { pace.refetch } else { pace.retry }
    }
}

impl Keys {
    pub(super) fn new(url: Uri, pace: Pace) -> Arc<Self> {
        let known = watch::Sender::new(Known { keys: Arc::default(), since: Instant::now() });
        Arc::new(Self { url, pace, known, last: Mutex::new(None) })
    }

    /// The key of this name.
    ///
    /// # Errors
    /// [`Error::UnknownKey`] when the issuer has none; [`Error::Unavailable`] when it cannot be asked.
    pub(super) async fn find(self: &Arc<Self>, kid: &str) -> Result<Arc<Key>, Error> {
        let known = self.known(kid);
        if let Some(key) = &known
            && self.known.borrow().since.elapsed() < self.pace.fresh
        {
            return Ok(Arc::clone(key));
        }
        // In a task of its own: callers that hang up must not be able to end it each time.
        let keys = Arc::clone(self);
        let mut refreshed = tokio::spawn(async move { keys.refresh().await }.in_current_span());
        if let Some(key) = known {
            // It may have been withdrawn meanwhile. An issuer that is slow holds nobody up for long.
            let waited = tokio::time::timeout(MAX_WAIT, &mut refreshed).await;
            return if waited.is_ok() { self.known(kid).ok_or(Error::UnknownKey) } else { Ok(key) };
        }
        let answered = refreshed.await.unwrap_or(false);
        match self.known(kid) {
            Some(key) => Ok(key),
            None if answered => Err(Error::UnknownKey),
            None => Err(Error::Unavailable),
        }
    }

    fn known(&self, kid: &str) -> Option<Arc<Key>> {
        let known = self.known.borrow();
        if known.since.elapsed() < self.pace.usable { known.keys.get(kid).cloned() } else { None }
    }

    /// Fetches the keys unless that was tried just now. Returns whether the issuer answered, now or then.
    async fn refresh(&self) -> bool {
        let mut last = self.last.lock().await;
        if let Some(last) = *last
            && last.is_recent(self.pace)
        {
            return last.answered;
        }
        let answered = match self.fetch().await {
            Ok(keys) if keys.is_empty() => {
                tracing::warn!("the issuer publishes no key that can be used");
                self.learn(keys)
            }
            Ok(keys) => self.learn(keys),
            Err(error) => {
                let error: &dyn std::error::Error = &error;
                tracing::warn!(error, "the issuer's keys cannot be had");
                false
            }
        };
        *last = Some(Try { ended: Instant::now(), answered });
        answered
    }

    fn learn(&self, keys: KeySet) -> bool {
        tracing::debug!(count = keys.len(), "the issuer's keys were fetched");
        self.known.send_replace(Known { keys: Arc::new(keys), since: Instant::now() });
        true
    }

    async fn fetch(&self) -> Result<KeySet, FetchError> {
        Ok(jwks::read(&fetch(&self.url).await?)?)
    }
}

#[derive(Debug, thiserror::Error)]
enum FetchError {
    #[error(transparent)]
    Fetch(#[from] fetch::Error),
    #[error("the answer is no set of keys")]
    Json(#[from] serde_json::Error),
}
