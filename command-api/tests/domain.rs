//! The rules of holds, against any sequence of commands.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::HashMap;

use chrono::{DateTime, Duration, Utc};
use command_api::domain::hold::{self, Moved, Placing};
use command_api::domain::master::Store;
use command_api::domain::reservation::{Command, Customer, Line, Reservation, Status};
use command_api::domain::stock::{Command as StockCommand, Stock};
use command_api::domain::{Refusal, Shortage};
use contracts::{Level, Quantity, ReservationId, Sku, Text};
use proptest::prelude::*;
use uuid::Uuid;

const SKUS: [&str; 2] = ["hinata.A", "hinata.B"];

fn sku(n: usize) -> Sku {
    SKUS[n % SKUS.len()].parse().unwrap()
}

fn pieces(n: u32) -> Quantity {
    Quantity::try_from(u64::from(n)).unwrap()
}

fn level(n: u32) -> Level {
    Level::try_from(u64::from(n)).unwrap()
}

fn store() -> Store {
    Store {
        store_id: "hinata.shibuya-01".parse().unwrap(),
        version: 1,
        name: Text::new(None, Some("Shibuya".into())).unwrap(),
        address: None,
        position: None,
        time_zone: chrono_tz::Asia::Tokyo,
        hold_minutes: 60,
    }
}

fn start() -> DateTime<Utc> {
    DateTime::from_timestamp(1_700_000_000, 0).unwrap()
}

fn placing(id: u128, lines: &[(usize, u32)]) -> Placing {
    let lines = lines.iter().map(|(n, quantity)| Line { sku: sku(*n), quantity: pieces(*quantity) });
    Placing {
        id: ReservationId::from(Uuid::from_u128(id)),
        lines: hold::merge_lines(lines).unwrap(),
        customer: Customer { name: "花子".into(), phone: Some("090-0000-0000".into()), email: None },
    }
}

/// One store's stock and reservations, kept by the rules and nothing else.
#[derive(Default)]
struct Shop {
    stocks: HashMap<Sku, Stock>,
    reservations: Vec<Reservation>,
}

impl Shop {
    fn take_in(&mut self, moved: Moved) {
        for (key, stock) in moved.stocks {
            let before = self.stocks.insert(key.sku, stock.clone()).unwrap();
            assert_eq!(stock.version, before.version + 1);
        }
        match self.reservations.iter_mut().find(|known| known.id == moved.reservation.id) {
            Some(known) => {
                assert_eq!(moved.reservation.version, known.version + 1);
                *known = moved.reservation;
            }
            None => self.reservations.push(moved.reservation),
        }
    }

    fn change(&mut self, n: usize, command: StockCommand) -> Result<(), Refusal> {
        let current = self.stocks.get(&sku(n));
        let event = Stock::decide(current, command)?;
        let stock = Stock::evolve(current, &event);
        self.stocks.insert(sku(n), stock);
        Ok(())
    }

    fn place(&mut self, lines: &[(usize, u32)], now: DateTime<Utc>) -> Result<(), Refusal> {
        let placing = placing(self.reservations.len() as u128 + 1, lines);
        let moved = hold::place(&store(), |sku| self.stocks.get(sku), placing, now)?;
        self.take_in(moved);
        Ok(())
    }

    fn advance(&mut self, n: usize, command: Command, now: DateTime<Utc>) -> Result<(), Refusal> {
        let Some(current) = self.reservations.get(n).cloned() else { return Ok(()) };
        let moved = hold::advance(current, |sku| self.stocks.get(sku), command, now)?;
        self.take_in(moved);
        Ok(())
    }

    /// Promised pieces are those of the open reservations, to the piece.
    fn check(&self) {
        for (sku, stock) in &self.stocks {
            let open = self.reservations.iter().filter(|r| matches!(r.status, Status::Held | Status::Ready));
            let promised: u32 = open
                .flat_map(|reservation| &reservation.lines)
                .filter(|line| line.sku == *sku)
                .map(|line| line.quantity.get())
                .sum();
            assert_eq!(stock.held.get(), promised, "{sku}");
        }
    }
}

#[derive(Debug, Clone)]
enum Step {
    Count(usize, u32, Option<u32>),
    Adjust(usize, i32),
    Place(Vec<(usize, u32)>),
    Advance(usize, Command),
    Wait(i64),
}

fn step() -> impl Strategy<Value = Step> {
    let command = prop_oneof![
        Just(Command::MakeReady),
        Just(Command::Collect),
        Just(Command::Cancel { reason: None }),
    ];
    prop_oneof![
        1 => (0..2usize, 0..30u32, prop::option::of(0..3u32)).prop_map(|(n, on_hand, safety)| Step::Count(n, on_hand, safety)),
        2 => (0..2usize, -9..9i32).prop_map(|(n, delta)| Step::Adjust(n, delta)),
        6 => prop::collection::vec((0..2usize, 1..6u32), 1..4).prop_map(Step::Place),
        6 => (0..20usize, command).prop_map(|(n, command)| Step::Advance(n, command)),
        1 => (1..40i64).prop_map(Step::Wait),
    ]
}

proptest! {
    #[test]
    fn pieces_are_neither_made_nor_lost(steps in prop::collection::vec(step(), 1..80)) {
        let mut shop = Shop::default();
        let mut now = start();
        for n in 0..2 {
            shop.change(n, StockCommand::Count { on_hand: level(10), safety: Some(level(0)) }).unwrap();
        }
        for step in steps {
            let before: HashMap<Sku, u32> = shop.stocks.iter().map(|(sku, stock)| (sku.clone(), stock.available())).collect();
            let refused = match step {
                Step::Count(n, on_hand, safety) => shop.change(n, StockCommand::Count { on_hand: level(on_hand), safety: safety.map(level) }),
                Step::Adjust(n, delta) => shop.change(n, StockCommand::Adjust { delta, reason: "x".into() }),
                Step::Place(lines) => {
                    let placed = shop.place(&lines, now);
                    let wanted = |n: usize| lines.iter().filter(|line| line.0 % 2 == n).map(|line| line.1).sum::<u32>();
                    let fits = (0..2).all(|n| wanted(n) <= before[&sku(n)]);
                    prop_assert_eq!(placed.is_ok(), fits);
                    placed
                }
                Step::Advance(n, command) => shop.advance(n, command, now),
                Step::Wait(minutes) => {
                    now += Duration::minutes(minutes);
                    Ok(())
                }
            };
            if refused.is_err() {
                let after: HashMap<Sku, u32> = shop.stocks.iter().map(|(sku, stock)| (sku.clone(), stock.available())).collect();
                prop_assert_eq!(before, after);
            }
            shop.check();
        }
    }
}

#[test]
fn a_refusal_names_every_sku_that_is_short() {
    let mut shop = Shop::default();
    shop.change(0, StockCommand::Count { on_hand: level(5), safety: Some(level(3)) }).unwrap();
    let refusal = shop.place(&[(0, 3), (1, 1)], start()).unwrap_err();
    let shortage = |n, requested, available| Shortage { sku: sku(n), requested, available };
    assert_eq!(refusal, Refusal::InsufficientStock(vec![shortage(0, 3, 2), shortage(1, 1, 0)]));
}

#[test]
fn a_final_state_stays() {
    for last in [Command::Collect, Command::Cancel { reason: None }] {
        let mut shop = Shop::default();
        shop.change(0, StockCommand::Count { on_hand: level(5), safety: None }).unwrap();
        shop.place(&[(0, 1)], start()).unwrap();
        shop.advance(0, last, start()).unwrap();
        for next in [Command::MakeReady, Command::Collect, Command::Cancel { reason: None }] {
            let refusal = shop.advance(0, next, start()).unwrap_err();
            assert!(matches!(refusal, Refusal::InvalidTransition { version: 2, .. }), "{refusal}");
        }
    }
}

#[test]
fn a_hold_whose_time_is_over_can_only_be_cancelled() {
    let mut shop = Shop::default();
    shop.change(0, StockCommand::Count { on_hand: level(5), safety: None }).unwrap();
    shop.place(&[(0, 1)], start()).unwrap();
    let end = start() + Duration::minutes(60);
    for late in [Command::MakeReady, Command::Collect] {
        assert_eq!(shop.advance(0, late, end), Err(Refusal::ReservationExpired(end)));
    }
    shop.advance(0, Command::Cancel { reason: None }, end).unwrap();
    shop.check();
}

#[test]
fn what_the_count_says_is_gone_is_not_handed_over() {
    let mut shop = Shop::default();
    shop.change(0, StockCommand::Count { on_hand: level(5), safety: None }).unwrap();
    shop.place(&[(0, 2)], start()).unwrap();
    shop.change(0, StockCommand::Count { on_hand: level(1), safety: None }).unwrap();
    assert_eq!(shop.stocks[&sku(0)].available(), 0);
    let refusal = shop.advance(0, Command::Collect, start()).unwrap_err();
    assert_eq!(refusal, Refusal::StockShortfall { sku: sku(0), on_hand: 1 });
}

#[test]
fn a_customer_is_not_shown_in_debug_output() {
    let shown = format!("{:?}", placing(1, &[(0, 1)]));
    assert!(!shown.contains("花子") && !shown.contains("090"), "{shown}");
}
