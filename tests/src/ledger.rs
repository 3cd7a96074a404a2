//! What the write side holds, in the few numbers that a test counts effects by.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_dynamodb::types::AttributeValue;
use contracts::{Table, outbox};

use crate::Tables;

/// The write side, read whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ledger {
    /// By `store#sku`.
    pub counts: BTreeMap<String, Count>,
    /// By reservation id.
    pub holds: BTreeMap<String, Hold>,
    /// How many events each aggregate published.
    pub events: BTreeMap<String, usize>,
}

/// One stock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Count {
    /// Raised by one with every effect.
    pub version: i64,
    /// Pieces in the store.
    pub on_hand: i64,
    /// Pieces promised.
    pub held: i64,
}

/// One reservation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hold {
    /// Raised by one with every effect.
    pub version: i64,
    /// Where it stands.
    pub status: String,
    /// What it keeps, in the order of its lines.
    pub skus: Vec<String>,
}

type Item = HashMap<String, AttributeValue>;

impl Tables {
    /// All that was written.
    pub async fn ledger(&self) -> Ledger {
        let (counts, holds, rows) = tokio::join!(
            self.items(Table::Stock),
            self.items(Table::Reservations),
            self.items(Table::Outbox)
        );
        let mut events = BTreeMap::new();
        for row in rows {
            *events.entry(text(&row, outbox::AGGREGATE)).or_default() += 1;
        }
        Ledger {
            counts: counts.iter().map(|item| (text(item, "pk"), count(item))).collect(),
            holds: holds.iter().map(|item| (text(item, "pk"), hold(item))).collect(),
            events,
        }
    }

    async fn items(&self, table: Table) -> Vec<Item> {
        let scan = self.client.scan().table_name(self.prefix.name(table)).consistent_read(true);
        let mut items = scan.into_paginator().items().send();
        let mut read = Vec::new();
        while let Some(item) = items.try_next().await.unwrap() {
            read.push(item);
        }
        read
    }
}

impl Ledger {
    /// The count of a SKU in a store.
    #[track_caller]
    #[must_use]
    pub fn count(&self, store_id: &str, sku: &str) -> Count {
        let key = format!("{store_id}#{sku}");
        *self.counts.get(&key).unwrap_or_else(|| panic!("no count of {key}"))
    }

    /// The reservations that keep this SKU, by id.
    #[must_use]
    pub fn holds_of(&self, sku: &str) -> Vec<(&str, &Hold)> {
        let of_it = |hold: &Hold| hold.skus.iter().any(|kept| kept == sku);
        self.holds.iter().filter(|(_, hold)| of_it(hold)).map(|(id, hold)| (id.as_str(), hold)).collect()
    }

    /// How many events an aggregate published.
    #[must_use]
    pub fn events_of(&self, aggregate: &str) -> usize {
        self.events.get(aggregate).copied().unwrap_or_default()
    }
}

fn count(item: &Item) -> Count {
    Count { version: number(item, "version"), on_hand: number(item, "on_hand"), held: number(item, "held") }
}

fn hold(item: &Item) -> Hold {
    let lines = item["lines"].as_l().unwrap();
    let skus = lines.iter().map(|line| text(line.as_m().unwrap(), "sku")).collect();
    Hold { version: number(item, "version"), status: text(item, "status"), skus }
}

fn text(item: &Item, name: &str) -> String {
    item[name].as_s().unwrap().clone()
}

fn number(item: &Item, name: &str) -> i64 {
    item[name].as_n().unwrap().parse().unwrap()
}
