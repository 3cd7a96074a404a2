//! What was acknowledged: every hold, how far it has come, and whose it is.
//!
//! Owns what staff do next, and what the check afterwards holds against the databases. A hold is with one of staff at a time,
//! as in a shop.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::people::Caller;

/// How far a hold has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Status {
    Held,
    Ready,
    Collected,
    Cancelled,
}

impl Status {
    /// As both sides have it.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Held => "held",
            Self::Ready => "ready",
            Self::Collected => "collected",
            Self::Cancelled => "cancelled",
        }
    }
}

/// A hold that was acknowledged.
#[derive(Debug, Clone)]
pub(super) struct Hold {
    pub(super) id: String,
    /// Its store, by its number.
    pub(super) store: u32,
    /// Who sees it.
    pub(super) owner: Caller,
    /// As far as was acknowledged.
    pub(super) status: Status,
    /// What the last answer about it said to look it up with.
    pub(super) token: String,
    /// What somebody asked for without an answer: it may have come true.
    pub(super) perhaps: Option<Status>,
}

/// All of them.
#[derive(Debug, Default)]
pub(super) struct Book(Mutex<Pages>);

#[derive(Debug, Default)]
struct Pages {
    holds: Vec<Hold>,
    /// Places of those that nobody works on, the oldest first.
    held: VecDeque<usize>,
    ready: VecDeque<usize>,
}

impl Book {
    fn pages(&self) -> MutexGuard<'_, Pages> {
        // What is written in it is whole after every step.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A hold was acknowledged.
    pub(super) fn placed(&self, hold: Hold) {
        let mut pages = self.pages();
        let place = pages.holds.len();
        pages.holds.push(hold);
        pages.held.push_back(place);
    }

    /// The oldest hold of this status that nobody works on, for whoever asks, with its place.
    pub(super) fn take(&self, status: Status) -> Option<(usize, Hold)> {
        let mut pages = self.pages();
        let place = match status {
            Status::Held => pages.held.pop_front(),
            Status::Ready => pages.ready.pop_front(),
            Status::Collected | Status::Cancelled => None,
        }?;
        pages.holds.get(place).map(|hold| (place, hold.clone()))
    }

    /// That hold has come as far as this.
    pub(super) fn moved(&self, place: usize, status: Status, token: String) {
        let mut pages = self.pages();
        if let Some(hold) = pages.holds.get_mut(place) {
            (hold.status, hold.token) = (status, token);
        }
        if status == Status::Ready {
            pages.ready.push_back(place);
        }
    }

    /// Nobody said whether that hold has come as far as this. It is left alone from now on.
    pub(super) fn unsure(&self, place: usize, status: Status) {
        if let Some(hold) = self.pages().holds.get_mut(place) {
            hold.perhaps = Some(status);
        }
    }

    /// Any of them, where there is one.
    pub(super) fn any(&self, luck: u32) -> Option<Hold> {
        let pages = self.pages();
        let place = usize::try_from(luck).unwrap_or_default().checked_rem(pages.holds.len())?;
        pages.holds.get(place).cloned()
    }

    /// All of them, in the order in which they were acknowledged.
    pub(super) fn holds(&self) -> Vec<Hold> {
        self.pages().holds.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hold_is_with_one_of_staff_at_a_time() {
        let book = Book::default();
        assert!(book.any(7).is_none());
        for id in ["a", "b"] {
            let (id, owner, token) = (id.to_owned(), Caller::Guest, String::new());
            book.placed(Hold { id, store: 0, owner, status: Status::Held, token, perhaps: None });
        }
        let (a, hold) = book.take(Status::Held).unwrap();
        assert_eq!(hold.id, "a");
        let (b, hold) = book.take(Status::Held).unwrap();
        assert_eq!(hold.id, "b");
        assert!(book.take(Status::Held).is_none() && book.take(Status::Ready).is_none());
        book.moved(b, Status::Ready, "t".to_owned());
        book.unsure(a, Status::Ready);
        let (again, hold) = book.take(Status::Ready).unwrap();
        assert_eq!((again, hold.id.as_str(), hold.token.as_str()), (b, "b", "t"));
        assert!(book.take(Status::Ready).is_none());
        let statuses: Vec<_> = book.holds().iter().map(|hold| (hold.status, hold.perhaps)).collect();
        assert_eq!(statuses, [(Status::Held, Some(Status::Ready)), (Status::Ready, None)]);
    }
}
