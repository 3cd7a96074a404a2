//! Load shedding: so many requests are worked on at once, and who has to wait waits for a moment only.
//!
//! When a database slows down, the queue in front of it would grow until everybody's time is over. Here it stays short: who
//! has no place in time is told to come again. No kind of client gets all places, and staff and tills have some that nobody
//! else gets.

use std::cell::RefCell;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use crate::auth::Client;

/// Longest that a request waits for a place: what a database in good health works off meanwhile is more than all places, and who
/// waits longer has given up before the answer comes.
const MAX_WAIT: Duration = Duration::from_secs(1);

/// Of four open places, how many one kind of client gets: enough for an engine that is well, and some are left to others.
const OF_FOUR: usize = 3;

tokio::task_local! {
    static PLACE: RefCell<Option<Place>>;
}

/// The places of a process.
#[derive(Debug)]
pub(super) struct Gate {
    open: Arc<Semaphore>,
    reserved: Arc<Semaphore>,
    /// What each kind of client gets of the open ones.
    each: [Arc<Semaphore>; Client::ALL.len()],
}

/// A place, and with an open one the client's share of them.
struct Place {
    _at: OwnedSemaphorePermit,
    _share: Option<OwnedSemaphorePermit>,
}

/// No place in time.
pub(super) struct Shed;

impl Gate {
    pub(super) fn new(places: usize, reserved: usize) -> Self {
        let open = places.saturating_sub(reserved);
        let share = (open * OF_FOUR).div_ceil(4);
        Self {
            open: Arc::new(Semaphore::new(open)),
            reserved: Arc::new(Semaphore::new(reserved)),
            each: Client::ALL.map(|_| Arc::new(Semaphore::new(share))),
        }
    }

    /// Does the work in a place.
    pub(super) async fn pass<T>(&self, client: Client, work: impl Future<Output = T>) -> Result<T, Shed> {
        let place = timeout(MAX_WAIT, self.place(client)).await.map_err(|_| Shed)?;
        Ok(PLACE.scope(RefCell::new(place), work).await)
    }

    /// Nobody closes any of them, so there is a place in the end.
    async fn place(&self, client: Client) -> Option<Place> {
        let open = async {
            let share = Arc::clone(&self.each[client as usize]).acquire_owned().await.ok()?;
            let at = Arc::clone(&self.open).acquire_owned().await.ok()?;
            Some(Place { _at: at, _share: Some(share) })
        };
        match client {
            Client::Staff | Client::Pos => tokio::select! {
                biased;
                place = open => place,
                place = Arc::clone(&self.reserved).acquire_owned() => {
                    place.ok().map(|at| Place { _at: at, _share: None })
                }
            },
            Client::Web | Client::App | Client::Partner | Client::Unknown => open.await,
        }
    }
}

/// Gives the place of the request that this is called for to somebody else: it only waits now. It needs none when it goes on.
pub fn step_aside() {
    let _ = PLACE.try_with(|place| place.take());
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use super::*;

    async fn is_let_in(gate: &Gate, client: Client) -> bool {
        gate.pass(client, async {}).await.is_ok()
    }

    #[tokio::test(start_paused = true)]
    async fn staff_pass_while_shoppers_wait_in_vain() {
        let gate = Arc::new(Gate::new(5, 1));
        for client in [Client::Web, Client::Web, Client::App, Client::Unknown] {
            let gate = Arc::clone(&gate);
            tokio::spawn(async move { gate.pass(client, pending::<()>()).await });
        }
        tokio::task::yield_now().await;
        let start = tokio::time::Instant::now();
        assert!(!is_let_in(&gate, Client::Web).await);
        assert_eq!(start.elapsed(), MAX_WAIT);
        for client in [Client::Staff, Client::Pos] {
            assert!(is_let_in(&gate, client).await, "{client}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn one_kind_of_client_leaves_places_to_the_others() {
        let gate = Arc::new(Gate::new(6, 2));
        for _ in 0..20 {
            let gate = Arc::clone(&gate);
            tokio::spawn(async move { gate.pass(Client::Pos, pending::<()>()).await });
        }
        tokio::task::yield_now().await;
        assert!(!is_let_in(&gate, Client::Pos).await);
        let start = tokio::time::Instant::now();
        assert!(is_let_in(&gate, Client::Web).await);
        assert_eq!(start.elapsed(), Duration::ZERO, "behind nobody");
    }

    #[tokio::test(start_paused = true)]
    async fn a_place_is_free_when_its_request_ends_or_only_waits() {
        let gate = Arc::new(Gate::new(1, 0));
        for work in [false, true] {
            let other = Arc::clone(&gate);
            let running = tokio::spawn(async move {
                let waits = async {
                    if work {
                        step_aside();
                    }
                    pending::<()>().await;
                };
                other.pass(Client::Web, waits).await
            });
            tokio::task::yield_now().await;
            assert_eq!(is_let_in(&gate, Client::Web).await, work);
            running.abort();
            let _ = running.await;
            assert!(is_let_in(&gate, Client::Web).await);
        }
    }
}
