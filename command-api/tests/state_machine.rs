//! Any sequence of commands, against a model that is nothing but numbers.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod shop;

use command_api::domain::Refusal;
use command_api::domain::reservation::Command;
use command_api::domain::stock::{Command as StockCommand, MAX_MOVEMENTS};
use proptest::prelude::*;
use proptest_state_machine::{ReferenceStateMachine, StateMachineTest, prop_state_machine};
use shop::{Shop, at, count_at, level, store};

/// Minutes that a hold lasts.
const LASTS: i64 = 60;
/// Running holds that a customer may have.
const MAX_ACTIVE: usize = 3;
/// How often a hold may be extended here.
const MAX_EXTENSIONS: u32 = 2;

#[derive(Debug, Clone)]
enum Step {
    Count {
        sku: usize,
        on_hand: u32,
        safety: Option<u32>,
    },
    /// A count that was taken so many minutes ago.
    LateCount {
        sku: usize,
        on_hand: u32,
        ago: i64,
    },
    Adjust {
        sku: usize,
        delta: i32,
    },
    Place {
        customer: usize,
        lines: Vec<(usize, u32)>,
    },
    MakeReady(usize),
    Collect(usize),
    Cancel(usize),
    Extend(usize),
    Expire(usize),
    Wait(i64),
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Status {
    Held,
    Ready,
    Collected,
    Cancelled,
    Expired,
}

impl Status {
    fn is_open(self) -> bool {
        matches!(self, Self::Held | Self::Ready)
    }
}

#[derive(Debug, Clone)]
struct Hold {
    customer: usize,
    pieces: [i64; 2],
    status: Status,
    ends: i64,
    extensions: u32,
    version: u64,
}

/// What must come out, in plain numbers.
#[derive(Debug, Clone)]
struct Model {
    minute: i64,
    on_hand: [i64; 2],
    safety: [i64; 2],
    holds: Vec<Hold>,
    /// When the pieces were last counted.
    counted: [i64; 2],
    /// What came and went since then, and when.
    moved: [Vec<(i64, i64)>; 2],
    /// The time of the last movement that is forgotten.
    forgotten: [i64; 2],
}

impl Model {
    fn held(&self, sku: usize) -> i64 {
        let open = self.holds.iter().filter(|hold| hold.status.is_open());
        open.map(|hold| hold.pieces[sku]).sum()
    }

    fn available(&self, sku: usize) -> i64 {
        (self.on_hand[sku] - self.held(sku) - self.safety[sku]).max(0)
    }

    fn active(&self, customer: usize) -> usize {
        let open = self.holds.iter().filter(|hold| hold.status.is_open());
        open.filter(|hold| hold.customer == customer).count()
    }

    fn wanted(lines: &[(usize, u32)]) -> [i64; 2] {
        let of = |sku| lines.iter().filter(|line| line.0 == sku).map(|line| i64::from(line.1)).sum();
        [of(0), of(1)]
    }

    /// Whether the step is allowed.
    fn allows(&self, step: &Step) -> bool {
        let open = |n: &usize| self.holds.get(*n).filter(|hold| hold.status.is_open());
        let in_time = |n: &usize| open(n).filter(|hold| self.minute < hold.ends);
        match step {
            Step::Count { .. } | Step::Wait(_) => true,
            Step::LateCount { sku, ago, .. } => {
                let taken = self.minute - ago;
                taken >= self.counted[*sku] && taken >= self.forgotten[*sku]
            }
            Step::Adjust { sku, delta } => self.on_hand[*sku] + i64::from(*delta) >= 0,
            Step::Place { customer, lines } => {
                let wanted = Self::wanted(lines);
                self.active(*customer) < MAX_ACTIVE && (0..2).all(|sku| wanted[sku] <= self.available(sku))
            }
            Step::MakeReady(n) => in_time(n).is_some_and(|hold| hold.status == Status::Held),
            Step::Collect(n) => {
                in_time(n).is_some_and(|hold| (0..2).all(|sku| hold.pieces[sku] <= self.on_hand[sku]))
            }
            Step::Cancel(n) => open(n).is_some(),
            Step::Extend(n) => in_time(n).is_some_and(|hold| hold.extensions < MAX_EXTENSIONS),
            Step::Expire(n) => open(n).is_some_and(|hold| self.minute >= hold.ends),
        }
    }

    fn goes(&mut self, sku: usize, delta: i64) {
        self.on_hand[sku] += delta;
        self.moved[sku].push((self.minute, delta));
        if self.moved[sku].len() > MAX_MOVEMENTS {
            self.forgotten[sku] = self.forgotten[sku].max(self.moved[sku].remove(0).0);
        }
    }

    fn count(&mut self, sku: usize, found: i64, taken: i64) {
        self.moved[sku].retain(|(minute, _)| *minute > taken);
        let since: i64 = self.moved[sku].iter().map(|(_, delta)| delta).sum();
        self.on_hand[sku] = (found + since).max(0);
        self.counted[sku] = self.counted[sku].max(taken);
    }
}

impl ReferenceStateMachine for Model {
    type State = Self;
    type Transition = Step;

    fn init_state() -> BoxedStrategy<Self> {
        let start = Self {
            minute: 0,
            on_hand: [10, 10],
            safety: [0, 0],
            holds: Vec::new(),
            counted: [-1, -1],
            moved: [Vec::new(), Vec::new()],
            forgotten: [-1, -1],
        };
        Just(start).boxed()
    }

    fn transitions(_: &Self) -> BoxedStrategy<Step> {
        let hold = || 0..16usize;
        prop_oneof![
            1 => (0..2usize, 0..30u32, prop::option::of(0..3u32))
                .prop_map(|(sku, on_hand, safety)| Step::Count { sku, on_hand, safety }),
            2 => (0..2usize, 0..30u32, 0..90i64)
                .prop_map(|(sku, on_hand, ago)| Step::LateCount { sku, on_hand, ago }),
            2 => (0..2usize, -9..9i32).prop_map(|(sku, delta)| Step::Adjust { sku, delta }),
            8 => (0..3usize, prop::collection::vec((0..2usize, 1..6u32), 1..4))
                .prop_map(|(customer, lines)| Step::Place { customer, lines }),
            2 => hold().prop_map(Step::MakeReady),
            3 => hold().prop_map(Step::Collect),
            2 => hold().prop_map(Step::Cancel),
            2 => hold().prop_map(Step::Extend),
            4 => hold().prop_map(Step::Expire),
            2 => (1..50i64).prop_map(Step::Wait),
        ]
        .boxed()
    }

    fn apply(mut model: Self, step: &Step) -> Self {
        if !model.allows(step) {
            return model;
        }
        match step {
            Step::Count { sku, on_hand, safety } => {
                let now = model.minute;
                model.count(*sku, (*on_hand).into(), now);
                model.safety[*sku] = safety.map_or(model.safety[*sku], i64::from);
            }
            Step::LateCount { sku, on_hand, ago } => {
                let taken = model.minute - ago;
                model.count(*sku, (*on_hand).into(), taken);
            }
            Step::Adjust { sku, delta } => model.goes(*sku, i64::from(*delta)),
            Step::Place { customer, lines } => model.holds.push(Hold {
                customer: *customer,
                pieces: Self::wanted(lines),
                status: Status::Held,
                ends: model.minute + LASTS,
                extensions: 0,
                version: 1,
            }),
            Step::MakeReady(n) => model.holds[*n].status = Status::Ready,
            Step::Collect(n) => {
                for sku in 0..2 {
                    let pieces = model.holds[*n].pieces[sku];
                    model.goes(sku, -pieces);
                }
                model.holds[*n].status = Status::Collected;
            }
            Step::Cancel(n) => model.holds[*n].status = Status::Cancelled,
            Step::Expire(n) => model.holds[*n].status = Status::Expired,
            Step::Extend(n) => {
                model.holds[*n].extensions += 1;
                model.holds[*n].ends += LASTS;
            }
            Step::Wait(minutes) => model.minute += minutes,
        }
        if let Step::MakeReady(n) | Step::Collect(n) | Step::Cancel(n) | Step::Extend(n) | Step::Expire(n) =
            step
        {
            model.holds[*n].version += 1;
        }
        model
    }
}

struct Rules;

/// The rules, and the minute it is.
struct Run {
    shop: Shop,
    minute: i64,
}

impl Run {
    fn advance(&mut self, n: usize, command: Command) -> Result<(), Option<Refusal>> {
        if n >= self.shop.reservations.len() {
            return Err(None);
        }
        self.shop.advance(n, command, at(self.minute)).map(drop).map_err(Some)
    }

    fn step(&mut self, step: Step) -> Result<(), Option<Refusal>> {
        let now = at(self.minute);
        match step {
            Step::Count { sku, on_hand, safety } => {
                let count = StockCommand::Count {
                    on_hand: level(on_hand),
                    safety: safety.map(level),
                    observed_at: None,
                    source: None,
                };
                self.shop.change(sku, count, now).map(drop).map_err(Some)
            }
            Step::LateCount { sku, on_hand, ago } => {
                let count = count_at(on_hand, self.minute - ago);
                self.shop.change(sku, count, now).map(drop).map_err(Some)
            }
            Step::Adjust { sku, delta } => {
                self.shop.change(sku, StockCommand::Adjust { delta }, now).map(drop).map_err(Some)
            }
            Step::Place { customer, lines } => self.shop.place(customer, &lines, now).map(drop).map_err(Some),
            Step::MakeReady(n) => self.advance(n, Command::MakeReady),
            Step::Collect(n) => self.advance(n, Command::Collect),
            Step::Cancel(n) => self.advance(n, Command::Cancel),
            Step::Extend(n) => {
                let ends = self.shop.reservations.get(n).map_or(now, |hold| hold.expires_at);
                let until = ends + chrono::Duration::minutes(LASTS);
                self.advance(n, Command::Extend { until, most: MAX_EXTENSIONS })
            }
            Step::Expire(n) => self.advance(n, Command::Expire),
            Step::Wait(minutes) => {
                self.minute += minutes;
                Ok(())
            }
        }
    }
}

impl StateMachineTest for Rules {
    type SystemUnderTest = Run;
    type Reference = Model;

    fn init_test(_: &Model) -> Run {
        let policy = format!(r#"{{"max_active_holds":{MAX_ACTIVE}}}"#);
        let mut shop = Shop::stocked(&[]).with_store(store(&policy));
        for sku in 0..2 {
            shop.change(sku, count_at(10, -1), at(-1)).unwrap();
        }
        Run { shop, minute: 0 }
    }

    fn apply(mut run: Run, after: &Model, step: Step) -> Run {
        let before = format!("{:?}", run.shop);
        let done = run.step(step.clone());
        if let Err(refusal) = &done {
            assert_eq!(format!("{:?}", run.shop), before, "{step:?} was refused and changed something");
            assert!(refusal.is_some() || after.holds.len() == run.shop.reservations.len());
        }
        run
    }

    fn check_invariants(run: &Run, model: &Model) {
        run.shop.check();
        assert_eq!(run.shop.reservations.len(), model.holds.len());
        for sku in 0..2 {
            let stock = run.shop.stock(sku);
            assert_eq!(i64::from(stock.on_hand.get()), model.on_hand[sku]);
            assert_eq!(i64::from(stock.held.get()), model.held(sku));
            assert_eq!(i64::from(stock.available()), model.available(sku));
        }
        for (reservation, hold) in run.shop.reservations.iter().zip(&model.holds) {
            assert_eq!(format!("{:?}", reservation.status), format!("{:?}", hold.status));
            assert_eq!(reservation.version, hold.version);
            assert_eq!(reservation.expires_at, at(hold.ends));
            assert_eq!(reservation.extensions, hold.extensions);
        }
    }
}

prop_state_machine! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn the_rules_do_what_the_numbers_say(sequential 1..80 => Rules);
}
