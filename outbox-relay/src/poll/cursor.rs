//! Our place in a shard, and what may be said of the time up to which the shard is read.
//!
//! A record says it by itself: the shard is in order, so what comes after it was made no earlier. A page without records
//! says almost nothing. `GetRecords` may answer one although records follow ("it might take multiple calls to get to a
//! portion of the shard that contains stream records", Streams API); nothing in an answer tells the two apart, and AWS
//! gives no number of calls. So a time is only taken from a **run** of empty pages, each asked for with the iterator of
//! the one before, that is twice as long as what it takes to walk through a whole shard without records, as others
//! measured it (the bloop library: about 5 calls). What the shard held when the first page of the run was asked for
//! would have come in it. Any record, error or new iterator ends the run.

use std::collections::VecDeque;

use chrono::{DateTime, TimeDelta, Utc};

use super::poller::Taken;
use super::stream::Page;

/// Pages in a row that must be empty before they say something.
pub(super) const QUIET_PAGES: usize = 10;
/// How far behind the first page of a quiet run the time is set: for what a change takes from the table into its
/// stream (AWS: "near real time"), and for our clock against DynamoDB's. Neither is promised; both are well below.
const MARGIN: TimeDelta = TimeDelta::seconds(1);
/// How often the time of a quiet shard is written.
const STAMP_INTERVAL: TimeDelta = TimeDelta::seconds(1);

/// A page, and when it was asked for.
pub(super) struct Asked {
    pub page: Page,
    pub at: DateTime<Utc>,
}

/// Our place in a shard.
pub(super) struct Cursor {
    /// How to ask for the next page; nothing at the end of the shard.
    pub iterator: Option<String>,
    /// That page, where it was asked for while the one before was taken.
    pub ahead: Option<Asked>,
    /// How much the sink took of what was read.
    pub taken: Taken,
    /// When the pages of the quiet run were asked for, the last [`QUIET_PAGES`] of them.
    quiet: VecDeque<DateTime<Utc>>,
    /// When the last page was asked for whose time was written.
    stamped_at: Option<DateTime<Utc>>,
}

impl Cursor {
    /// At a new iterator, of which nothing is known.
    pub(super) fn at(iterator: String) -> Self {
        Self {
            iterator: Some(iterator),
            ahead: None,
            taken: Taken::All,
            quiet: VecDeque::new(),
            stamped_at: None,
        }
    }

    /// The same place by a new iterator.
    pub(super) fn anew(self, iterator: String) -> Self {
        Self { taken: self.taken, ..Self::at(iterator) }
    }

    /// A page had records, or the sink had some left.
    pub(super) fn moved(&mut self, next: Option<String>, taken: Taken) {
        self.quiet.clear();
        (self.iterator, self.taken) = (next, taken);
    }

    /// Whether the next page is here already, and there is room for it.
    pub(super) fn is_ahead(&self) -> bool {
        self.ahead.is_some() && self.taken != Taken::Enough
    }

    /// Whether the shard is read to its end, and all of it taken.
    pub(super) fn is_done(&self) -> bool {
        self.iterator.is_none() && self.taken == Taken::All
    }

    /// A page was empty; the time before which nothing of the shard is unread, if that is now known and to be written.
    pub(super) fn idled(&mut self, next: Option<String>, asked_at: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.iterator = next;
        self.quiet.push_back(asked_at);
        if self.quiet.len() > QUIET_PAGES {
            self.quiet.pop_front();
        }
        let first = self.quiet.front().filter(|_| self.quiet.len() == QUIET_PAGES)?;
        let due = self.stamped_at.is_none_or(|at| (asked_at - at).abs() >= STAMP_INTERVAL);
        due.then(|| *first - MARGIN)
    }

    /// That time was written.
    pub(super) fn stamped(&mut self, asked_at: DateTime<Utc>) {
        self.stamped_at = Some(asked_at);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn second(n: usize) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::seconds(1000 + i64::try_from(n).unwrap())
    }

    /// What each of so many empty pages says, the first of them asked for in that second.
    fn idle(cursor: &mut Cursor, from: usize, pages: usize) -> Vec<Option<DateTime<Utc>>> {
        (from..from + pages).map(|n| cursor.idled(Some(n.to_string()), second(n))).collect()
    }

    #[test]
    fn only_a_long_quiet_run_says_something_and_of_its_beginning() {
        let mut cursor = Cursor::at("0".to_owned());
        assert_eq!(idle(&mut cursor, 0, QUIET_PAGES - 1), [None; QUIET_PAGES - 1]);
        assert_eq!(idle(&mut cursor, QUIET_PAGES - 1, 1), [Some(second(0) - MARGIN)]);
        assert_eq!(idle(&mut cursor, QUIET_PAGES, 1), [Some(second(1) - MARGIN)]);
        assert_eq!(cursor.iterator, Some(QUIET_PAGES.to_string()));

        cursor.moved(Some("a".to_owned()), Taken::All);
        assert_eq!(idle(&mut cursor, 50, QUIET_PAGES - 1), [None; QUIET_PAGES - 1]);
        assert_eq!(idle(&mut cursor, 50 + QUIET_PAGES, 1), [Some(second(50) - MARGIN)]);
    }

    #[test]
    fn it_is_not_written_more_often_than_needed() {
        let mut cursor = Cursor::at("0".to_owned());
        idle(&mut cursor, 0, QUIET_PAGES);
        cursor.stamped(second(QUIET_PAGES));
        assert_eq!(cursor.idled(Some("a".to_owned()), second(QUIET_PAGES)), None);
        assert!(cursor.idled(Some("b".to_owned()), second(QUIET_PAGES + 1)).is_some());
    }
}
