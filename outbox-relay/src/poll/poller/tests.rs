use std::cell::{Cell, RefCell};

use super::*;
use crate::core::Change;

/// Two shards with a record on every page, of which one has an end.
struct TwoShards;

impl Stream for TwoShards {
    fn arn(&self) -> &'static str {
        "arn"
    }

    async fn shards(&self) -> Result<Vec<Shard>, stream::Error> {
        Ok(["ends", "goes on"].map(|id| Shard { id: id.to_owned(), parent: None }).into())
    }

    async fn iterator(&self, shard: &str, _: Option<&str>) -> Result<String, stream::Error> {
        Ok(shard.to_owned())
    }

    async fn page(&self, iterator: &str) -> Result<Page, stream::Error> {
        let record = Record {
            id: "1".to_owned(),
            sequence_number: Some("1".to_owned()),
            created_at: None,
            change: Change::Removed,
        };
        let next = (iterator == "goes on").then(|| iterator.to_owned());
        Ok(Page { records: vec![record], next })
    }
}

/// Takes all of one shard, and of the other what it is told to.
struct Partly {
    taken: Cell<Taken>,
    /// How many records of each shard came.
    came: RefCell<BTreeMap<String, usize>>,
    asked: Cell<usize>,
}

impl Sink for &Partly {
    async fn list(&self) -> Result<Vec<Known>, database::Error> {
        Ok(Vec::new())
    }

    async fn retire_others(&self) -> Result<u64, database::Error> {
        Ok(0)
    }

    async fn settle(&self, _: &Survey, _: &[String]) -> Result<(), database::Error> {
        Ok(())
    }

    async fn stamp(&self, _: &str, _: DateTime<Utc>) -> Result<(), database::Error> {
        Ok(())
    }

    async fn lose(&self, _: &str) -> Result<(), database::Error> {
        Ok(())
    }

    async fn any_trimmed(&self) -> Result<bool, database::Error> {
        Ok(false)
    }

    async fn take(&self, shard: &str, records: Vec<Record>) -> Result<Taken, Error> {
        *self.came.borrow_mut().entry(shard.to_owned()).or_default() += records.len();
        if shard == "goes on" {
            return Ok(Taken::All);
        }
        self.asked.update(|asked| asked + 1);
        Ok(self.taken.get())
    }
}

#[tokio::test]
async fn a_shard_of_which_the_sink_has_some_left_is_neither_ended_nor_in_the_way() {
    for left in [Taken::Some, Taken::Enough] {
        let sink = Partly { taken: Cell::new(left), came: RefCell::default(), asked: Cell::default() };
        let mut poller = Poller::new(TwoShards, &sink, Health::default(), Utc::now);
        for _ in 0..5 {
            poller.round().await.unwrap();
        }
        assert!(poller.ended.is_empty(), "what is left may be lost");
        assert_eq!((sink.asked.get(), sink.came.borrow()["ends"], sink.came.borrow()["goes on"]), (5, 1, 5));
        sink.taken.set(Taken::All);
        poller.round().await.unwrap();
        assert!(poller.ended.contains_key("ends"));
    }
}

#[tokio::test]
async fn a_sink_without_room_is_given_nothing_more() {
    for (left, came) in [(Taken::Some, 2), (Taken::Enough, 1)] {
        let sink = Partly { taken: Cell::new(left), came: RefCell::default(), asked: Cell::default() };
        let poller = Poller::new(TwoShards, &sink, Health::default(), Utc::now);
        let mut cursor = Cursor::at("goes on".to_owned());
        for _ in 0..2 {
            let Step::On(next, _) = poller.page("another", cursor).await.unwrap() else { panic!("it ended") };
            cursor = next;
        }
        assert_eq!((sink.asked.get(), sink.came.borrow()["another"]), (2, came), "{left:?}");
    }
}

/// A shard with a record on each of its first pages, and nothing on the others; two pages are given at the second try.
#[derive(Default)]
struct Numbered {
    asked: RefCell<Vec<usize>>,
}

/// Pages of [`Numbered`] with a record.
const PAGES: usize = 7;
/// Pages of it that are given at the second try.
const FAILING: [usize; 2] = [2, 6];

impl Stream for &Numbered {
    fn arn(&self) -> &'static str {
        "arn"
    }

    async fn shards(&self) -> Result<Vec<Shard>, stream::Error> {
        Ok(vec![Shard { id: "goes on".to_owned(), parent: None }])
    }

    async fn iterator(&self, _: &str, _: Option<&str>) -> Result<String, stream::Error> {
        Ok("0".to_owned())
    }

    async fn page(&self, iterator: &str) -> Result<Page, stream::Error> {
        let number: usize = iterator.parse().unwrap();
        let is_first = !self.asked.borrow().contains(&number);
        self.asked.borrow_mut().push(number);
        if FAILING.contains(&number) && is_first {
            return Err(stream::Error::Api("no answer".to_owned()));
        }
        let record = Record {
            id: number.to_string(),
            sequence_number: Some(number.to_string()),
            created_at: None,
            change: Change::Removed,
        };
        let records = if number < PAGES { vec![record] } else { Vec::new() };
        Ok(Page { records, next: Some((number + 1).to_string()) })
    }
}

#[tokio::test]
async fn a_page_is_read_ahead_once_and_every_record_is_taken() {
    let stream = Numbered::default();
    let sink = Partly { taken: Cell::new(Taken::All), came: RefCell::default(), asked: Cell::default() };
    let mut poller = Poller::new(&stream, &sink, Health::default(), Utc::now);
    for round in 0..PAGES {
        assert!(poller.round().await.unwrap());
        assert_eq!(sink.came.borrow()["goes on"], round + 1, "a page is taken in each round");
        assert_eq!(stream.asked.borrow().last(), Some(&(round + 1)), "and the next one read meanwhile");
    }
    // What was read ahead and is empty, may be of long ago: one asks at once what there is now.
    let asked = stream.asked.borrow().len();
    assert!(poller.round().await.unwrap());
    assert_eq!(stream.asked.borrow().len(), asked);
    assert!(!poller.round().await.unwrap());
    assert_eq!(
        stream.asked.borrow().len(),
        PAGES + FAILING.len() + 2,
        "no page is read twice but one that failed"
    );
    assert_eq!(sink.came.borrow()["goes on"], PAGES);
}
