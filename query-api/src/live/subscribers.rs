//! Who follows what, and handing on to each what is theirs.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::mpsc;

use super::News;
use crate::read::AsOf;
use crate::read::changes::Changed;

/// Most subscribers of a process: below the connections that it has, so that lookups are answered beside them.
const MAX_SUBSCRIBERS: usize = 12_000;
/// News that may wait for one subscriber to take them. Each is what one read found; a reader that is so many behind does
/// not keep up, or is gone.
const MAX_NEWS: usize = 32;

/// Store and SKU.
type Key = (String, String);

#[derive(Clone, Default)]
pub(super) struct Subscribers(Arc<Mutex<All>>);

#[derive(Default)]
struct All {
    next_id: u64,
    subscribers: HashMap<u64, (HashSet<Key>, mpsc::Sender<News>)>,
    followers: HashMap<Key, HashSet<u64>>,
    /// Whether a reader runs. Changed only together with the subscribers.
    read: bool,
    closed: bool,
}

impl Subscribers {
    fn lock(&self) -> MutexGuard<'_, All> {
        // Nothing panics while it is held.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds one; whether a reader has to be started for it.
    pub(super) fn add(&self, keys: HashSet<Key>) -> Option<(mpsc::Receiver<News>, bool)> {
        let mut all = self.lock();
        if all.subscribers.len() >= MAX_SUBSCRIBERS {
            all.remove_gone();
        }
        if all.closed || all.subscribers.len() >= MAX_SUBSCRIBERS {
            return None;
        }
        let (sender, news) = mpsc::channel(MAX_NEWS);
        let id = all.next_id;
        all.next_id += 1;
        for key in &keys {
            all.followers.entry(key.clone()).or_default().insert(id);
        }
        all.subscribers.insert(id, (keys, sender));
        Some((news, !std::mem::replace(&mut all.read, true)))
    }

    /// Whether anybody is left to read for. If not, `end` is done before anybody else can come.
    pub(super) fn any(&self, end: impl FnOnce()) -> bool {
        let mut all = self.lock();
        all.remove_gone();
        all.read = !all.subscribers.is_empty();
        if !all.read {
            end();
        }
        all.read
    }

    /// Hands on to each what it follows.
    pub(super) fn tell(&self, rows: Vec<Changed>, as_of: AsOf, position: u64) {
        let mut all = self.lock();
        let mut told: HashMap<u64, Vec<Arc<Changed>>> = HashMap::new();
        for row in rows {
            let key = (row.store_id.clone(), row.sku.clone());
            let row = Arc::new(row);
            for id in all.followers.get(&key).into_iter().flatten() {
                told.entry(*id).or_default().push(Arc::clone(&row));
            }
        }
        for (id, rows) in told {
            all.send(id, News::Changed { rows, as_of, position });
        }
    }

    /// Tells everybody to look at all of it.
    pub(super) fn tell_anew(&self) {
        let mut all = self.lock();
        for id in all.subscribers.keys().copied().collect::<Vec<_>>() {
            all.send(id, News::Anew);
        }
    }

    /// Ends every subscription, for good.
    pub(super) fn close(&self) {
        let mut all = self.lock();
        all.closed = true;
        all.subscribers.clear();
        all.followers.clear();
    }
}

impl All {
    /// Whoever has no room for it is left behind.
    fn send(&mut self, id: u64, news: News) {
        if self.subscribers.get(&id).is_some_and(|(_, sender)| sender.try_send(news).is_err()) {
            self.remove(id);
        }
    }

    fn remove(&mut self, id: u64) {
        let Some((keys, _)) = self.subscribers.remove(&id) else { return };
        for key in keys {
            if let Some(followers) = self.followers.get_mut(&key) {
                followers.remove(&id);
                if followers.is_empty() {
                    self.followers.remove(&key);
                }
            }
        }
    }

    fn remove_gone(&mut self) {
        let gone = self.subscribers.iter().filter(|(_, (_, sender))| sender.is_closed());
        for id in gone.map(|(id, _)| *id).collect::<Vec<_>>() {
            self.remove(id);
        }
    }
}
