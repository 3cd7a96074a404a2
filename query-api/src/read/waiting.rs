//! Waiting until the projection has what a command wrote.
//!
//! All who wait share one reader of the database; it runs only while somebody waits.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use contracts::consistency::{Token, Written};
use tokio::sync::oneshot;
use tokio::time::{sleep, timeout};

use super::applied::applied;
use super::connections::Connections;
use super::session::Writer;
use super::{Error, Session};

/// Most requests that wait at once; a further one is told at once that the projection is behind. Each costs two rows by
/// their keys at every look; with a way of half a second they serve a thousand commands a second.
const MAX_WAITING: usize = 500;
/// Pause between two looks: far below what the way through the stream takes, and nothing to the database.
const LOOK_AGAIN: Duration = Duration::from_millis(20);
/// Pause after a look that failed: a database that is away need not be asked more often.
const AFTER_FAILURE: Duration = Duration::from_millis(250);

/// Those who wait on one database.
#[derive(Debug, Clone)]
pub(super) struct Waiting {
    writer: Connections,
    line: Arc<Mutex<Line>>,
}

#[derive(Debug, Default)]
struct Line {
    waiters: Vec<Waiter>,
    /// Whether the reader runs. Changed only together with the list, so that nobody is added to one that nobody reads.
    read: bool,
}

#[derive(Debug)]
struct Waiter {
    token: Arc<Token>,
    done: oneshot::Sender<()>,
}

impl Waiting {
    pub(super) fn new(writer: Connections) -> Self {
        Self { writer, line: Arc::default() }
    }

    /// Whether it came true within the time. Dropped, it gives up its place.
    pub(super) async fn until(&self, token: &Arc<Token>, longest: Duration) -> bool {
        let Some(done) = self.queue(token) else { return false };
        matches!(timeout(longest, done).await, Ok(Ok(())))
    }

    fn queue(&self, token: &Arc<Token>) -> Option<oneshot::Receiver<()>> {
        let (done, wait) = oneshot::channel();
        let mut line = self.lock();
        line.waiters.retain(|waiter| !waiter.done.is_closed());
        if line.waiters.len() >= MAX_WAITING {
            return None;
        }
        line.waiters.push(Waiter { token: Arc::clone(token), done });
        if !std::mem::replace(&mut line.read, true) {
            tokio::spawn(self.clone().read());
        }
        Some(wait)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Line> {
        // Nothing panics while it is held; a list that is half changed would still be one.
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The tokens that somebody still waits for; `None` is the reader's end.
    fn wanted(&self) -> Option<Vec<Arc<Token>>> {
        let mut line = self.lock();
        line.waiters.retain(|waiter| !waiter.done.is_closed());
        line.read = !line.waiters.is_empty();
        line.read.then(|| line.waiters.iter().map(|waiter| Arc::clone(&waiter.token)).collect())
    }

    async fn read(self) {
        while let Some(tokens) = self.wanted() {
            match self.look(&tokens).await {
                Ok(there) => {
                    self.tell(&there);
                    sleep(LOOK_AGAIN).await;
                }
                Err(error) => {
                    tracing::warn!(cause = error.cause(), "the projection cannot be read for those who wait");
                    sleep(AFTER_FAILURE).await;
                }
            }
        }
    }

    /// Those of the tokens of which all is there.
    async fn look(&self, tokens: &[Arc<Token>]) -> Result<Vec<Arc<Token>>, Error> {
        let events: Vec<&Written> = tokens.iter().flat_map(|token| token.written()).collect();
        let (mut session, ()) = Session::begin(&self.writer, &Writer).await?;
        let mut found = applied(&mut session, &events).await?.into_iter();
        session.end();
        let mut lacks = |token: &Token| found.by_ref().take(token.written().len()).filter(|one| !one).count();
        Ok(tokens.iter().filter(|token| lacks(token) == 0).cloned().collect())
    }

    fn tell(&self, there: &[Arc<Token>]) {
        let mut line = self.lock();
        let is_there = |waiter: &Waiter| there.iter().any(|token| Arc::ptr_eq(token, &waiter.token));
        for waiter in std::mem::take(&mut line.waiters) {
            if is_there(&waiter) {
                // Whoever went away meanwhile is told nothing.
                let _ = waiter.done.send(());
            } else {
                line.waiters.push(waiter);
            }
        }
    }
}
