//! Lanes: within a process, whoever wants to change a count waits for their turn at it, first come, first served.
//!
//! Owns who is next at which count. A lane is there while somebody has its turn, and no longer. A turn that is dropped, however
//! its owner ends, goes to who is next. Turns only spare commands from losing tries against each other: what they may
//! write is decided by the conditions of their transaction, and other processes know nothing of lanes.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;
use tokio::time::Instant;

use super::metrics;
use crate::domain::stock::StockKey;

/// Most who wait in one lane: what it gets done in one or two seconds. Whoever comes then is better told at once.
const MAX_WAITING: usize = 1_000;

/// All lanes of a process, and what waits in them to be carried along.
pub(super) struct Lanes<C>(Arc<Mutex<Queues<C>>>);

struct Queues<C> {
    /// A lane for each count that somebody has the turn of.
    lanes: HashMap<StockKey, VecDeque<Place<C>>>,
    /// Raised with every place, so that each is found again.
    places: u64,
}

/// One who waits.
struct Place<C> {
    number: u64,
    /// What others may carry along; `None` for who wants the turn and nothing else.
    command: Option<C>,
    next: oneshot::Sender<Next<C>>,
}

/// The turn at a count. Dropping it lets the next one go.
pub(super) struct Turn<C> {
    lanes: Lanes<C>,
    key: StockKey,
}

/// It is their turn, with the command that they came with.
pub(super) struct Next<C> {
    pub(super) turn: Turn<C>,
    pub(super) command: Option<C>,
}

/// They are too many, or it took too long; the command was not begun.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Overloaded;

enum Entered<C> {
    First(Next<C>),
    Waits(u64, oneshot::Receiver<Next<C>>),
}

impl<C> Lanes<C> {
    /// Waits until it is this command's turn; `None` when somebody before it carries it along, and then answers it.
    ///
    /// # Errors
    /// When too many wait, or it has not begun by then.
    pub(super) async fn wait(
        &self,
        key: &StockKey,
        command: Option<C>,
        until: Instant,
    ) -> Result<Option<Next<C>>, Overloaded> {
        let (number, mut next) = match self.enter(key, command)? {
            Entered::First(next) => return Ok(Some(next)),
            Entered::Waits(number, next) => (number, next),
        };
        platform::throttle::step_aside();
        let since = Instant::now();
        let waited = tokio::time::timeout_at(until, &mut next).await;
        metrics::waited(since.elapsed());
        match waited {
            Ok(next) => Ok(next.ok()),
            Err(_) if self.leave(key, number) => Err(Overloaded),
            // Somebody was just quicker.
            Err(_) => Ok(next.await.ok()),
        }
    }

    fn enter(&self, key: &StockKey, command: Option<C>) -> Result<Entered<C>, Overloaded> {
        let mut queues = self.queues();
        queues.places += 1;
        let number = queues.places;
        let Some(lane) = queues.lanes.get_mut(key) else {
            queues.lanes.insert(key.clone(), VecDeque::new());
            let turn = Turn { lanes: self.clone(), key: key.clone() };
            return Ok(Entered::First(Next { turn, command }));
        };
        if lane.len() >= MAX_WAITING {
            return Err(Overloaded);
        }
        let (next, told) = oneshot::channel();
        lane.push_back(Place { number, command, next });
        metrics::waiting(1.0);
        Ok(Entered::Waits(number, told))
    }

    /// Gives up a place that nobody has taken yet.
    fn leave(&self, key: &StockKey, number: u64) -> bool {
        let mut queues = self.queues();
        let Some(lane) = queues.lanes.get_mut(key) else { return false };
        let Ok(place) = lane.binary_search_by_key(&number, |place| place.number) else { return false };
        metrics::waiting(-1.0);
        lane.remove(place).is_some()
    }

    fn queues(&self) -> MutexGuard<'_, Queues<C>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<C> Turn<C> {
    /// Takes those along who are next and wait with a command, as long as they fit.
    pub(super) fn take(&self, mut fits: impl FnMut(&C) -> bool) -> Vec<C> {
        let mut queues = self.lanes.queues();
        let Some(lane) = queues.lanes.get_mut(&self.key) else { return Vec::new() };
        let mut taken = Vec::new();
        while let Some(place) =
            lane.pop_front_if(|place| place.gone() || place.command.as_ref().is_some_and(&mut fits))
        {
            metrics::waiting(-1.0);
            taken.extend(place.command.filter(|_| !place.next.is_closed()));
        }
        taken
    }

    /// Whether nobody is behind it.
    pub(super) fn nobody_waits(&self) -> bool {
        self.lanes.queues().lanes.get(&self.key).is_none_or(VecDeque::is_empty)
    }

    /// Who is next, and still there; without anybody the lane ends.
    fn next(&self) -> Option<Place<C>> {
        let mut queues = self.lanes.queues();
        let lane = queues.lanes.get_mut(&self.key)?;
        while let Some(place) = lane.pop_front() {
            metrics::waiting(-1.0);
            if !place.gone() {
                return Some(place);
            }
        }
        queues.lanes.remove(&self.key);
        None
    }
}

impl<C> Place<C> {
    /// Whether its client is: then nobody waits for an answer.
    fn gone(&self) -> bool {
        self.next.is_closed()
    }
}

impl<C> Drop for Turn<C> {
    fn drop(&mut self) {
        if let Some(Place { command, next, .. }) = self.next() {
            let turn = Self { lanes: self.lanes.clone(), key: self.key.clone() };
            // One who has gone in this very moment drops the turn, and so gives it on.
            drop(next.send(Next { turn, command }));
        }
    }
}

impl<C> Clone for Lanes<C> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<C> Default for Lanes<C> {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(Queues { lanes: HashMap::new(), places: 0 })))
    }
}

impl<C> std::fmt::Debug for Lanes<C> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Lanes({})", self.queues().lanes.len())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn count(sku: &str) -> StockKey {
        StockKey { store_id: "hinata.shibuya-01".parse().unwrap(), sku: sku.parse().unwrap() }
    }

    fn soon() -> Instant {
        Instant::now() + Duration::from_secs(4)
    }

    /// The turn at it, with as many waiting behind it, numbered in their order.
    async fn queue(lanes: &Lanes<usize>, many: usize) -> (Turn<usize>, Vec<oneshot::Receiver<Next<usize>>>) {
        let first = lanes.wait(&count("hinata.A"), None, soon()).await.unwrap().unwrap();
        let waiting = (0..many).map(|n| match lanes.enter(&count("hinata.A"), Some(n)).unwrap() {
            Entered::Waits(_, next) => next,
            Entered::First(_) => panic!("two have the turn"),
        });
        (first.turn, waiting.collect())
    }

    fn there_are(lanes: &Lanes<usize>) -> usize {
        lanes.queues().lanes.len()
    }

    #[tokio::test]
    async fn a_turn_goes_on_to_who_is_next_and_still_there() {
        let lanes = Lanes::default();
        let (turn, mut waiting) = queue(&lanes, 4).await;
        assert_eq!(turn.take(|n| *n < 1), [0]);
        assert!(waiting.remove(0).await.is_err(), "who is taken along never gets the turn");
        drop(waiting.remove(0));
        drop(turn);
        let next = waiting.remove(0).await.unwrap();
        assert_eq!(next.command, Some(2));
        // One to whom it was given, and who never took it.
        drop(next);
        drop(waiting);
        assert_eq!(there_are(&lanes), 0);
    }

    #[tokio::test]
    async fn nobody_is_taken_along_past_one_who_wants_the_turn_alone() {
        let lanes = Lanes::default();
        let (turn, _waiting) = queue(&lanes, 1).await;
        let Entered::Waits(_, alone) = lanes.enter(&count("hinata.A"), None).unwrap() else { panic!() };
        let Entered::Waits(_, _last) = lanes.enter(&count("hinata.A"), Some(9)).unwrap() else { panic!() };
        assert_eq!(turn.take(|_| true), [0]);
        assert!(turn.take(|_| true).is_empty());
        drop(turn);
        let next = alone.await.unwrap();
        assert_eq!((next.command, next.turn.take(|_| true)), (None, vec![9]));
    }

    #[tokio::test]
    async fn counts_do_not_wait_for_each_other() {
        let lanes: Lanes<usize> = Lanes::default();
        let one = lanes.wait(&count("hinata.A"), Some(1), soon()).await.unwrap();
        let other = lanes.wait(&count("hinata.B"), Some(2), soon()).await.unwrap();
        assert_eq!(there_are(&lanes), 2);
        drop((one, other));
        assert_eq!(there_are(&lanes), 0);
    }

    #[tokio::test]
    async fn as_many_wait_as_may_and_as_long() {
        let lanes = Lanes::default();
        let (turn, waiting) = queue(&lanes, MAX_WAITING - 1).await;
        let key = count("hinata.A");
        let too_late = lanes.wait(&key, Some(7), Instant::now() + Duration::from_millis(10)).await;
        assert_eq!(too_late.err(), Some(Overloaded));
        let Entered::Waits(_, _last) = lanes.enter(&key, Some(8)).unwrap() else { panic!() };
        assert_eq!(lanes.wait(&key, Some(9), soon()).await.err(), Some(Overloaded));
        let taken = turn.take(|_| true);
        assert_eq!((taken.len(), taken.last()), (MAX_WAITING, Some(&8)));
        drop(waiting);
    }
}
