//! What a list of shards, and what we know of them, come to: which begin, which are lost, and which are read now.
//!
//! Pure. A shard that is lost in silence is the one mistake that nothing later would show.

use chrono::{DateTime, TimeDelta, Utc};

use super::stream::Shard;

/// Age up to which a record is surely still in the stream: the stream keeps them for 24 hours (developer guide,
/// Streams). The rest is for our clock against DynamoDB's, and the time until what was decided is done.
const KEPT: TimeDelta = TimeDelta::minutes(24 * 60 - 5);

/// What the projection's database knows of a shard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Known {
    pub shard: String,
    /// The last record whose rows are committed.
    pub sequence_number: Option<String>,
    /// Everything of the shard from before then is applied.
    pub as_of: Option<DateTime<Utc>>,
    /// It was read to its end, or given up.
    pub finished: bool,
    /// Records of it were lost, and nobody mended it yet.
    pub trimmed: bool,
}

impl Known {
    /// Whether all of the shard that is not applied is still in the stream: it is no older than `as_of`.
    pub(crate) fn is_kept(&self, now: DateTime<Utc>) -> bool {
        self.as_of.is_some_and(|as_of| now - as_of < KEPT)
    }

    /// Whether nothing of it was ever applied, so that its oldest record is where we begin.
    pub(crate) fn is_untouched(&self) -> bool {
        self.sequence_number.is_none() && self.as_of.is_none()
    }
}

/// A shard that is seen for the first time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Begin {
    pub shard: String,
    /// Its nearest known ancestor's: a child has nothing from before its parent's end.
    pub as_of: Option<DateTime<Utc>>,
    /// Its parent came and went without us: what that held is lost.
    pub orphan: bool,
}

/// What a list of shards comes to.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Survey {
    pub begin: Vec<Begin>,
    /// Not read to their end, and no longer in the stream.
    pub gone: Vec<String>,
    /// Without a place to go on from, and last known to be complete longer ago than the stream goes back.
    pub stale: Vec<String>,
    /// Not read to their end, and not in the list, although the stream must still have them. A list may be behind
    /// (`DescribeStream` is eventually consistent), so these are not given up, but waited for.
    pub missing: Vec<String>,
}

impl Survey {
    pub(crate) fn of(listed: &[Shard], known: &[Known], now: DateTime<Utc>) -> Self {
        let mut survey = Self::default();
        let row = |id: &str| known.iter().find(|known| known.shard == id);
        let is_listed = |id: &str| listed.iter().any(|shard| shard.id == id);
        for shard in listed.iter().filter(|shard| row(&shard.id).is_none()) {
            let parent = shard.parent.as_deref();
            // Of several generations that are new, each has nothing from before the end of the one before.
            let older = std::iter::successors(parent, |id| parent_of(listed, id)).take(listed.len() + 1);
            let as_of = older.into_iter().find_map(row).and_then(|ancestor| ancestor.as_of);
            // To whom knows nothing yet, every parent is unknown: the oldest record there is, is where we begin.
            let orphan = !known.is_empty() && parent.is_some_and(|id| row(id).is_none() && !is_listed(id));
            survey.begin.push(Begin { shard: shard.id.clone(), as_of, orphan });
        }
        for shard in known.iter().filter(|known| !known.finished) {
            let id = shard.shard.clone();
            match (is_listed(&id), shard.is_kept(now)) {
                (false, false) => survey.gone.push(id),
                (false, true) => survey.missing.push(id),
                // With a place, the stream itself says whether it still goes back so far.
                (true, false)
                    if shard.sequence_number.is_none() && !shard.is_untouched() && !shard.trimmed =>
                {
                    survey.stale.push(id);
                }
                (true, _) => {}
            }
        }
        survey
    }

    /// The shards of which records are lost.
    pub(crate) fn lost(&self) -> impl Iterator<Item = &String> {
        let orphans = self.begin.iter().filter(|begin| begin.orphan).map(|begin| &begin.shard);
        self.gone.iter().chain(&self.stale).chain(orphans)
    }
}

fn parent_of<'s>(listed: &'s [Shard], id: &str) -> Option<&'s str> {
    listed.iter().find(|shard| shard.id == id)?.parent.as_deref()
}

/// The shards to read now: not read to their end, and no parent that still has records before theirs, whether it is in
/// the list or only known.
pub(super) fn readable<'s>(listed: &'s [Shard], known: &[Known]) -> Vec<&'s Shard> {
    let row = |id: &str| known.iter().find(|known| known.shard == id);
    let is_finished = |id: &str| row(id).is_some_and(|known| known.finished);
    let is_there = |id: &str| listed.iter().any(|shard| shard.id == *id) || row(id).is_some();
    let unread = |id: &String| is_there(id) && !is_finished(id);
    listed
        .iter()
        .filter(|shard| !is_finished(&shard.id) && !shard.parent.as_ref().is_some_and(unread))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: DateTime<Utc> = DateTime::UNIX_EPOCH;

    fn shard(id: &str, parent: Option<&str>) -> Shard {
        Shard { id: id.into(), parent: parent.map(str::to_owned) }
    }

    /// A shard that is open, and was complete so many hours ago.
    fn open(id: &str, sequence_number: Option<&str>, hours: i64) -> Known {
        Known {
            shard: id.into(),
            sequence_number: sequence_number.map(str::to_owned),
            as_of: Some(NOW - TimeDelta::hours(hours)),
            finished: false,
            trimmed: false,
        }
    }

    fn begin(id: &str, as_of: Option<DateTime<Utc>>, orphan: bool) -> Begin {
        Begin { shard: id.into(), as_of, orphan }
    }

    #[test]
    fn parents_are_read_before_their_children() {
        let shards =
            [shard("p", Some("gone")), shard("a", Some("p")), shard("b", Some("p")), shard("c", Some("a"))];
        let ids = |finished: &[&str]| {
            let known = finished.iter().map(|id| Known { finished: true, ..open(id, Some("1"), 1) });
            let known: Vec<Known> = known.collect();
            readable(&shards, &known).iter().map(|shard| shard.id.clone()).collect::<Vec<_>>()
        };
        assert_eq!(ids(&[]), ["p"]);
        assert_eq!(ids(&["p"]), ["a", "b"]);
        assert_eq!(ids(&["p", "a"]), ["b", "c"]);
        assert!(ids(&["p", "a", "b", "c"]).is_empty());
    }

    #[test]
    fn a_parent_that_is_missing_in_the_list_holds_its_children_back() {
        let listed = [shard("c", Some("p"))];
        let parent = open("p", Some("1"), 1);
        assert!(readable(&listed, std::slice::from_ref(&parent)).is_empty());
        assert_eq!(readable(&listed, &[Known { finished: true, ..parent }]).len(), 1);
        assert_eq!(readable(&listed, &[]).len(), 1, "nobody ever knew it");
    }

    #[test]
    fn whoever_begins_misses_nothing() {
        let listed = [shard("p", Some("before")), shard("c", Some("p"))];
        let survey = Survey::of(&listed, &[], NOW);
        assert_eq!(survey.begin, [begin("p", None, false), begin("c", None, false)]);
        assert_eq!(survey.lost().count(), 0);
    }

    #[test]
    fn a_child_is_complete_up_to_where_its_parent_is() {
        let parent = open("p", Some("1"), 1);
        let ended = Known { finished: true, ..parent.clone() };
        for (parent, listed) in
            [(&parent, vec![shard("p", None), shard("c", Some("p"))]), (&ended, vec![shard("c", Some("p"))])]
        {
            let survey = Survey::of(&listed, std::slice::from_ref(parent), NOW);
            assert_eq!(survey.begin, [begin("c", parent.as_of, false)]);
            assert_eq!(survey.lost().count(), 0);
        }
    }

    #[test]
    fn a_grandchild_is_complete_up_to_where_the_known_ancestor_is() {
        let listed = [shard("p", None), shard("c", Some("p")), shard("g", Some("c"))];
        let known = open("p", Some("1"), 1);
        let survey = Survey::of(&listed, std::slice::from_ref(&known), NOW);
        assert_eq!(survey.begin, [begin("c", known.as_of, false), begin("g", known.as_of, false)]);
        assert_eq!(survey.lost().count(), 0);
    }

    #[test]
    fn a_shard_whose_parent_nobody_read_is_told() {
        let ended = Known { finished: true, ..open("p", Some("1"), 30) };
        let survey = Survey::of(&[shard("g", Some("c"))], &[ended], NOW);
        assert_eq!(survey.begin, [begin("g", None, true)]);
        assert_eq!(survey.lost().collect::<Vec<_>>(), ["g"]);
    }

    #[test]
    fn an_open_shard_that_left_the_stream_is_lost_but_not_at_once() {
        let listed = [shard("c", Some("p"))];
        let gone = Survey::of(&listed, &[open("p", Some("1"), 25)], NOW);
        assert_eq!((gone.gone, gone.missing), (vec!["p".to_owned()], vec![]));
        let never_read = Known { as_of: None, ..open("p", None, 0) };
        assert_eq!(Survey::of(&listed, &[never_read], NOW).gone, ["p"]);
        let missing = Survey::of(&listed, &[open("p", Some("1"), 23)], NOW);
        assert_eq!((missing.gone, missing.missing), (vec![], vec!["p".to_owned()]));
    }

    #[test]
    fn an_idle_shard_is_lost_when_the_stream_does_not_go_back_so_far() {
        let listed = [shard("p", None)];
        let stale = |known: Known| Survey::of(&listed, &[known], NOW).stale.len();
        assert_eq!(stale(open("p", None, 25)), 1);
        assert_eq!(stale(open("p", None, 23)), 0);
        assert_eq!(stale(open("p", Some("1"), 25)), 0, "the stream is asked");
        assert_eq!(stale(Known { trimmed: true, ..open("p", None, 25) }), 0, "told already");
        assert_eq!(stale(Known { as_of: None, ..open("p", None, 0) }), 0, "not begun");
    }
}
