//! Telling subscribers what changed, as it changes.
//!
//! Owns the one reader of changes and who is told of them. It must never wait for a subscriber: whoever does not take what
//! is sent is left behind, and comes back with the last position that it has.

mod reader;
mod subscribers;

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use contracts::{Sku, StoreId};
use tokio::sync::{mpsc, watch};
use tokio::time::timeout;

use crate::read::changes::{self, Changed};
use crate::read::{AsOf, Error, Source};
use subscribers::Subscribers;

/// Longest that a subscriber waits for the reader's first look: that of a read.
const FIRST_LOOK: Duration = Duration::from_secs(3);

/// What a subscriber is told.
#[derive(Debug, Clone)]
pub(crate) enum News {
    /// These changed. Up to this position everything is told.
    Changed { rows: Vec<Arc<Changed>>, as_of: AsOf, position: u64 },
    /// More may have changed than is known: look at all of it.
    Anew,
}

/// Who follows what.
#[derive(Clone)]
pub(crate) struct Live {
    source: Source,
    subscribers: Subscribers,
    /// Up to where all is told; `None` while nobody reads.
    position: watch::Sender<Option<u64>>,
}

/// What a subscriber follows: each of these SKUs in each of these stores.
#[derive(Debug, Clone)]
pub(crate) struct Followed {
    pub(crate) stores: Vec<StoreId>,
    pub(crate) skus: Vec<Sku>,
}

impl Followed {
    fn keys(&self) -> HashSet<(String, String)> {
        let of_store = |store: &StoreId| {
            let store = store.as_str().to_owned();
            self.skus.iter().map(move |sku| (store.clone(), sku.as_str().to_owned()))
        };
        self.stores.iter().flat_map(of_store).collect()
    }
}

/// A subscriber's end. Dropped, it follows nothing any more.
pub(crate) struct Subscription {
    live: Live,
    followed: Followed,
    news: mpsc::Receiver<News>,
    position: watch::Receiver<Option<u64>>,
}

impl Live {
    pub(crate) fn new(source: Source) -> Self {
        Self { source, subscribers: Subscribers::default(), position: watch::Sender::new(None) }
    }

    /// From now on every change is told; `None` where too many follow already, or the service stops.
    pub(crate) fn subscribe(&self, followed: Followed) -> Option<Subscription> {
        let (news, first) = self.subscribers.add(followed.keys())?;
        if first {
            tokio::spawn(reader::read(self.clone()));
        }
        Some(Subscription { live: self.clone(), followed, news, position: self.position.subscribe() })
    }
}

impl Subscription {
    /// What is followed as it is now, or what of it changed behind a position; and the position up to which that is all.
    ///
    /// The position is taken first: what is committed later is told again as news, or is in both.
    pub(crate) async fn now(&mut self, after: Option<u64>) -> Result<(Vec<Changed>, AsOf, u64), Error> {
        let position = timeout(FIRST_LOOK, self.position.wait_for(Option::is_some)).await;
        let position = position.map_err(|_| Error::TimedOut)?.map(|position| *position);
        let position = position.ok().flatten().unwrap_or_default();
        let mut session = self.live.source.writer_session().await?;
        let Followed { stores, skus } = &self.followed;
        let rows = changes::since(&mut session, stores, skus, after).await?;
        Ok((rows, session.end(), position))
    }

    /// What changed next; `None` when nothing more will be told.
    pub(crate) async fn next(&mut self) -> Option<News> {
        self.news.recv().await
    }
}
