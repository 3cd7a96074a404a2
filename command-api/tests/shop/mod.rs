//! One store's stock and reservations, kept by the rules and nothing else.

#![allow(dead_code, reason = "each suite uses what it needs")]

use std::collections::HashMap;

use chrono::{DateTime, Duration, Utc};
use command_api::domain::Refusal;
use command_api::domain::customer::{Customer, CustomerKey, Holds};
use command_api::domain::hold::{self, Known, Moved, Placing};
use command_api::domain::master::Store;
use command_api::domain::reservation::{Command, Line, Reservation};
use command_api::domain::stock::{Changed, Command as StockCommand, Event, Stock, StockKey};
use contracts::{Level, OpeningHours, Quantity, ReservationId, Sku, Text};
use uuid::Uuid;

pub(crate) const SKUS: [&str; 2] = ["hinata.A", "hinata.B"];

pub(crate) fn sku(n: usize) -> Sku {
    SKUS[n % SKUS.len()].parse().unwrap()
}

pub(crate) fn level(n: u32) -> Level {
    Level::try_from(u64::from(n)).unwrap()
}

/// So many minutes after the start.
pub(crate) fn at(minute: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_700_000_000, 0).unwrap() + Duration::minutes(minute)
}

/// A count that is true as of its arrival.
pub(crate) fn count(on_hand: u32) -> StockCommand {
    StockCommand::Count { on_hand: level(on_hand), safety: None, observed_at: None, source: None }
}

/// A count that also says how many pieces are never offered.
pub(crate) fn count_keeping(on_hand: u32, safety: u32) -> StockCommand {
    let (on_hand, safety) = (level(on_hand), Some(level(safety)));
    StockCommand::Count { on_hand, safety, observed_at: None, source: None }
}

/// A count that was taken at that minute.
pub(crate) fn count_at(on_hand: u32, minute: i64) -> StockCommand {
    let source = Some("rfid".to_owned());
    StockCommand::Count { on_hand: level(on_hand), safety: None, observed_at: Some(at(minute)), source }
}

/// A store with this policy, where holds last an hour if it does not say.
pub(crate) fn store(policy: &str) -> Store {
    let mut policy: serde_json::Value = serde_json::from_str(policy).unwrap();
    policy.as_object_mut().unwrap().entry("lasts").or_insert_with(|| serde_json::json!({"minutes": 60}));
    Store {
        store_id: "hinata.shibuya-01".parse().unwrap(),
        version: 1,
        name: Text::new(None, Some("Shibuya".into())).unwrap(),
        address: None,
        position: None,
        time_zone: chrono_tz::Asia::Tokyo,
        opening_hours: OpeningHours::default(),
        hold_policy: serde_json::from_value(policy).unwrap(),
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Shop {
    store: Store,
    pub(crate) stocks: HashMap<StockKey, Stock>,
    pub(crate) reservations: Vec<Reservation>,
    pub(crate) customers: HashMap<CustomerKey, Holds>,
    /// Every event of each count, in order, with its time.
    stock_events: HashMap<StockKey, Vec<(Event, DateTime<Utc>)>>,
    reservation_events: Vec<Vec<command_api::domain::reservation::Event>>,
}

impl Known for Shop {
    fn stock(&self, key: &StockKey) -> Option<&Stock> {
        self.stocks.get(key)
    }

    fn holds(&self, key: &CustomerKey) -> Holds {
        self.customers.get(key).copied().unwrap_or_default()
    }
}

impl Shop {
    /// A shop with so many pieces of each SKU, counted long ago.
    pub(crate) fn stocked(on_hand: &[u32]) -> Self {
        let mut shop = Self {
            store: store("{}"),
            stocks: HashMap::new(),
            reservations: Vec::new(),
            customers: HashMap::new(),
            stock_events: HashMap::new(),
            reservation_events: Vec::new(),
        };
        for (n, pieces) in on_hand.iter().enumerate() {
            shop.change(n, count_at(*pieces, -1_000), at(-1_000)).unwrap();
        }
        shop
    }

    pub(crate) fn with_store(self, store: Store) -> Self {
        Self { store, ..self }
    }

    fn key(&self, n: usize) -> StockKey {
        StockKey { store_id: self.store.store_id.clone(), sku: sku(n) }
    }

    pub(crate) fn stock(&self, n: usize) -> &Stock {
        &self.stocks[&self.key(n)]
    }

    fn take_stock(&mut self, changed: &Changed, now: DateTime<Utc>) {
        let before = self.stocks.get(&changed.key).map_or(0, |stock| stock.version);
        assert_eq!(changed.replaces, before);
        for (n, (event, stock)) in [&changed.first].into_iter().chain(&changed.then).enumerate() {
            assert_eq!(stock.version, before + 1 + n as u64);
            self.stock_events.entry(changed.key.clone()).or_default().push((event.clone(), now));
        }
        self.stocks.insert(changed.key.clone(), changed.stock().clone());
    }

    fn take_in(&mut self, moved: &Moved, now: DateTime<Utc>) {
        for changed in &moved.stocks {
            self.take_stock(changed, now);
        }
        for (key, holds) in &moved.customers {
            let before = self.customers.insert(key.clone(), *holds).unwrap_or_default();
            assert_eq!(holds.version, before.version + 1);
        }
        let known = self.reservations.iter().position(|known| known.id == moved.reservation.id);
        match known {
            Some(n) => {
                assert_eq!(moved.reservation.version, self.reservations[n].version + 1);
                self.reservations[n] = moved.reservation.clone();
                self.reservation_events[n].push(moved.event.clone());
            }
            None => {
                self.reservations.push(moved.reservation.clone());
                self.reservation_events.push(vec![moved.event.clone()]);
            }
        }
    }

    pub(crate) fn change(
        &mut self,
        n: usize,
        command: StockCommand,
        now: DateTime<Utc>,
    ) -> Result<Option<Changed>, Refusal> {
        let key = self.key(n);
        let current = self.stocks.get(&key);
        let event = Stock::decide(current, command, self.store.hold_policy.safety_stock())?;
        let changed = event.map(|event| Changed::by(key, current, event, now));
        if let Some(changed) = &changed {
            self.take_stock(changed, now);
        }
        Ok(changed)
    }

    pub(crate) fn place(
        &mut self,
        customer: usize,
        lines: &[(usize, u32)],
        now: DateTime<Utc>,
    ) -> Result<Moved, Refusal> {
        let lines = lines.iter().map(|(n, quantity)| Line {
            sku: sku(*n),
            quantity: Quantity::try_from(u64::from(*quantity)).unwrap(),
        });
        let placing = Placing {
            id: ReservationId::from(Uuid::from_u128(self.reservations.len() as u128 + 1)),
            lines: hold::merge_lines(lines).unwrap(),
            customer: Customer { name: "花子".into(), phone: Some("090-0000-0000".into()), email: None },
            customer_keys: vec![CustomerKey::new(&"hinata".parse().unwrap(), &format!("c{customer}"))],
            customer_id: None,
            capability_hash: None,
        };
        let moved = hold::place(&self.store, self, placing, now)?;
        self.take_in(&moved, now);
        Ok(moved)
    }

    pub(crate) fn advance(
        &mut self,
        n: usize,
        command: Command,
        now: DateTime<Utc>,
    ) -> Result<Moved, Refusal> {
        let moved = hold::advance(self.reservations[n].clone(), self, command, now)?;
        self.take_in(&moved, now);
        Ok(moved)
    }

    /// What must hold whatever happened.
    pub(crate) fn check(&self) {
        let open = || self.reservations.iter().filter(|reservation| reservation.status.is_open());
        // Promised pieces are those of the open reservations, to the piece.
        for (key, stock) in &self.stocks {
            let promised: u32 = open()
                .flat_map(|reservation| &reservation.lines)
                .filter(|line| line.sku == key.sku)
                .map(|line| line.quantity.get())
                .sum();
            assert_eq!(stock.held.get(), promised, "{key}");
        }
        // A customer's number of running holds is the number of their running holds.
        for (key, holds) in &self.customers {
            let running = open().filter(|reservation| reservation.customer_keys.contains(key)).count();
            assert_eq!(holds.active as usize, running, "{key:?}");
        }
        // What is stored is what the events come to.
        for (key, events) in &self.stock_events {
            let replayed = events.iter().fold(None, |stock: Option<Stock>, (event, at)| {
                Some(Stock::evolve(stock.as_ref(), event, *at))
            });
            assert_eq!(replayed.as_ref(), self.stocks.get(key));
        }
        for (events, reservation) in self.reservation_events.iter().zip(&self.reservations) {
            let start = reservation.clone();
            assert_eq!(events.iter().fold(start, Reservation::evolve), *reservation);
        }
    }
}
