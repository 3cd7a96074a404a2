//! All that there is besides the relay: what was written, the stream's shards, what the database holds; and the laws.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::time::Duration;

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use tokio::time::{Instant, sleep};

use super::database::Data;
use super::events::{Writer, Written};
use super::mutation::Mutation;
use super::rng::Rng;
use super::stream::Shards;
use crate::core::Record;
use crate::poll::Idle;

/// How long the stream keeps a record.
pub(super) const KEPT: TimeDelta = TimeDelta::hours(24);
/// How long a change may take into its stream: the margin of the poller's is above it.
const LONGEST_WAY_MS: u64 = 900;

/// The world of one run.
pub(super) type World = Rc<RefCell<State>>;

/// An event, and what became of it.
pub(super) struct Event {
    pub record: Record,
    /// Its place among all that was written.
    pub order: usize,
    pub written_at: DateTime<Utc>,
    /// From when on the stream gives it.
    pub visible_at: DateTime<Utc>,
    /// Its key in the history, as the model's database writes keys.
    pub history_key: String,
    pub bad: bool,
    /// It is in the projection or in quarantine, or there is nothing to do for it.
    pub applied: bool,
}

/// How bad it gets.
pub(super) struct Weather {
    /// Of a thousand calls and statements, how many fail.
    pub faults: u64,
    /// Of a thousand pages, how many are empty although there are records.
    pub empty: u64,
    /// About how often a process is polled before it is killed.
    pub life: u64,
    /// Of a thousand polls, before how many the process is stopped for a while.
    pub stops: u64,
    /// Whether a second relay runs.
    pub two: bool,
    /// Whether nobody runs for a day between two phases.
    pub outage: bool,
}

pub(super) struct State {
    pub rng: Rng,
    pub weather: Weather,
    /// Nothing goes wrong any more.
    pub calm: bool,
    pub mutation: Option<Mutation>,
    pub events: Vec<Event>,
    pub shards: Shards,
    pub data: Data,
    /// Relays that were ever started.
    pub relays: u64,
    /// What they are all rung by.
    pub idle: Idle,
    /// The first law that was broken.
    pub broken: Option<String>,
    writer: Writer,
}

thread_local! {
    static START: Cell<Option<Instant>> = const { Cell::new(None) };
}

/// The time of day in the world that this thread is in.
pub(super) fn now() -> DateTime<Utc> {
    let since = START.get().unwrap().elapsed();
    DateTime::UNIX_EPOCH + TimeDelta::days(20_000) + TimeDelta::from_std(since).unwrap()
}

pub(super) fn begin(seed: u64, mutation: Option<Mutation>) -> World {
    START.set(Some(Instant::now()));
    let mut rng = Rng::new(seed);
    let weather = Weather {
        faults: rng.one_of(&[0, 5, 20, 60]),
        empty: rng.one_of(&[0, 100, 400]),
        life: rng.one_of(&[40, 150, 600, 2000]),
        stops: rng.one_of(&[0, 2, 10]),
        two: rng.chance(500),
        outage: rng.chance(200),
    };
    let shards = Shards::new(1 + rng.below(3));
    Rc::new(RefCell::new(State {
        rng,
        weather,
        calm: false,
        mutation,
        events: Vec::new(),
        shards,
        data: Data::default(),
        relays: 0,
        idle: Idle::default(),
        broken: None,
        writer: Writer::default(),
    }))
}

/// Says what happens, where a seed is replayed by itself.
pub(super) fn tell(what: std::fmt::Arguments<'_>) {
    static TOLD: std::sync::LazyLock<bool> =
        std::sync::LazyLock::new(|| super::given("TORIOKI_SIM_SEED").is_some());
    if *TOLD {
        eprintln!("{} {what}", now().format("%d %H:%M:%S%.3f"));
    }
}

/// What every call waits for: the moment in which the process may be killed or stopped.
pub(super) async fn pause(world: &World) {
    let wait = {
        let state = &mut *world.borrow_mut();
        if state.calm { 1 } else { 1 + state.rng.one_of(&[0, 0, 1, 3, 10, 40]) }
    };
    sleep(Duration::from_millis(wait)).await;
}

impl State {
    /// Whether a call fails now.
    pub(super) fn fails(&mut self) -> bool {
        !self.calm && self.rng.chance(self.weather.faults)
    }

    pub(super) fn has(&self, mutation: Mutation) -> bool {
        self.mutation == Some(mutation)
    }

    /// The write side commits some events at once. The stream gives each item's in order, and the items' in any.
    pub(super) fn write(&mut self) {
        let count = self.rng.one_of(&[1, 1, 2, 4]);
        let mut written: Vec<Written> = (0..count).map(|_| self.writer.next(&mut self.rng, now())).collect();
        while !written.is_empty() {
            let index = usize::try_from(self.rng.below(written.len() as u64)).unwrap();
            let item = &written[index].aggregate;
            let index = written.iter().position(|written| written.aggregate == *item).unwrap();
            let written = written.remove(index);
            self.append(written);
        }
        // Some nudges are lost.
        if self.rng.chance(500) {
            self.idle.ring();
        }
    }

    fn append(&mut self, written: Written) {
        let Written { order, aggregate, version, change, bad } = written;
        let number = self.events.len();
        let way = TimeDelta::milliseconds(i64::try_from(self.rng.below(LONGEST_WAY_MS)).unwrap());
        let removed = change == crate::core::Change::Removed;
        // A shard is in order, so nothing overtakes.
        let (place, last) = self.shards.append(&aggregate, number);
        let before = last.map(|last| self.events[last].visible_at);
        let at = now();
        tell(format_args!("event {number} is version {version} of {aggregate}"));
        self.events.push(Event {
            record: Record {
                id: number.to_string(),
                sequence_number: Some(sequence_number(place)),
                created_at: Some(at.trunc_subsecs(0)),
                change,
            },
            order,
            written_at: at,
            visible_at: before.map_or(at + way, |before| before.max(at + way)),
            history_key: format!("{:?}", (aggregate, version)),
            bad,
            applied: removed,
        });
    }

    /// What is looked at after every commit: no time is promised before which anything is missing.
    pub(super) fn judge(&mut self) {
        for event in self.events.iter_mut().filter(|event| !event.applied) {
            event.applied = if event.bad {
                self.data.quarantine.contains(&event.record.id)
            } else {
                self.data.rows.contains_key(&("history", event.history_key.clone()))
            };
        }
        let Some(as_of) = self.data.as_of() else { return };
        let missing = self.events.iter().find(|event| !event.applied && event.written_at < as_of);
        if let Some(missing) = missing {
            let why =
                format!("as_of is {as_of}, and {} of {} is missing", missing.history_key, missing.written_at);
            self.breaks(why);
        }
    }

    pub(super) fn breaks(&mut self, why: String) {
        self.broken.get_or_insert(why);
    }

    /// Whether the stream no longer has it.
    pub(super) fn is_trimmed(&self, event: usize) -> bool {
        now() - self.events[event].visible_at > KEPT
    }

    /// Whether all is applied that the stream ever gave for a day.
    pub(super) fn is_settled(&self) -> bool {
        let told = self.data.any_trimmed();
        (0..self.events.len()).all(|n| self.events[n].applied || self.is_trimmed(n))
            && (told
                || self
                    .data
                    .as_of()
                    .is_some_and(|as_of| self.events.iter().all(|event| event.written_at < as_of)))
    }

    /// What must be true in the end, with what a fold of the applied events comes to.
    pub(super) fn verdict(
        &self,
        fold: &BTreeMap<(&'static str, String), (u64, String)>,
    ) -> Result<(), String> {
        if let Some(why) = &self.broken {
            return Err(why.clone());
        }
        for (key, row) in fold {
            if self.data.rows.get(key) != Some(row) {
                return Err(format!("{key:?} is {:?}, not {row:?}", self.data.rows.get(key)));
            }
        }
        if let Some(key) = self.data.rows.keys().find(|key| !fold.contains_key(key)) {
            return Err(format!("{key:?} is there, and no event says so"));
        }
        let aside = self.events.iter().filter(|event| event.bad && event.applied);
        let aside: BTreeSet<String> = aside.map(|event| event.record.id.clone()).collect();
        if self.data.quarantine != aside {
            return Err(format!("in quarantine are {:?}, not {aside:?}", self.data.quarantine));
        }
        let lost = self.events.iter().filter(|event| !event.applied).count();
        match self.data.any_trimmed() {
            false if lost > 0 => Err(format!("{lost} events are lost, and nothing tells")),
            true if !self.weather.outage => Err("a loss is told, and there was none".to_owned()),
            _ => Ok(()),
        }
    }
}

/// The sequence number of a place in a shard. Every shard has the same ones, and they sort as their text does.
pub(super) fn sequence_number(place: usize) -> String {
    format!("{place:09}")
}
