//! What a batch comes to: of every row its highest version, sorted by key; every event once; what was not understood.
//!
//! Pure: the same batch always comes to the same plan.

use std::collections::{BTreeMap, BTreeSet};

use contracts::trace::Traceparent;

use super::facts::Facts;
use super::rows::{History, Line, Product, Reservation, Row, Sku, Stock, Store};
use super::terms::Term;
use super::{Batch, Change, Record, decode};

/// Longest reason that the quarantine holds, in characters.
const MAX_REASON_CHARS: usize = 1000;
/// Most traces that a batch's line in the log names: as long as the longest lines of other kinds. While the relay keeps
/// up a batch has a few.
const MAX_TRACES: usize = 64;

/// The rows of one batch.
#[derive(Debug, Default, PartialEq)]
pub struct Plan {
    pub(crate) stores: BTreeMap<String, Store>,
    pub(crate) products: BTreeMap<String, Product>,
    pub(crate) skus: BTreeMap<String, Sku>,
    pub(crate) terms: BTreeMap<(String, String), Term>,
    pub(crate) stocks: BTreeMap<(String, String), Stock>,
    pub(crate) reservations: BTreeMap<String, Reservation>,
    pub(crate) lines: BTreeMap<(String, String), Line>,
    pub(crate) history: BTreeMap<(String, u64), History>,
    pub(super) quarantine: BTreeMap<String, Quarantined>,
}

/// A record that was not understood.
#[derive(Debug, PartialEq)]
pub(crate) struct Quarantined {
    pub sequence_number: Option<String>,
    pub reason: String,
    /// What there is of the row, as DynamoDB's JSON; of what is no change of a table, the record as it came.
    pub record: String,
}

impl Plan {
    /// The plan for a batch.
    #[must_use]
    pub fn of(batch: &Batch<'_>) -> Self {
        let mut plan = Self::default();
        for record in batch.records {
            match &record.change {
                Change::Inserted(image) => {
                    match decode::envelope(image).and_then(|envelope| Facts::of(&envelope)) {
                        Ok(facts) => plan.add(facts),
                        Err(reason) => plan.quarantine(record, reason.to_string()),
                    }
                }
                Change::Expired => {}
                Change::Removed => tracing::warn!(
                    stream.sequence_number = record.sequence_number,
                    "somebody removed an outbox row before its time; its event came before"
                ),
                Change::Unexpected { reason, .. } | Change::Unreadable { reason, .. } => {
                    plan.quarantine(record, reason.clone());
                }
            }
        }
        plan
    }

    /// Whether it holds the event of this version of an aggregate.
    #[must_use]
    pub fn has_event(&self, aggregate: &str, version: u64) -> bool {
        self.history.contains_key(&(aggregate.to_owned(), version))
    }

    /// What was not understood: the ids of the records, and why.
    pub fn put_aside(&self) -> impl Iterator<Item = (&str, &str)> {
        self.quarantine.iter().map(|(id, quarantined)| (id.as_str(), quarantined.reason.as_str()))
    }

    /// The plan that only puts one record aside.
    pub(super) fn aside(record: &Record, reason: String) -> Self {
        let mut plan = Self::default();
        plan.quarantine(record, reason);
        plan
    }

    /// The ids of the traces that the events belong to, the first of them.
    pub(super) fn traces(&self) -> String {
        let traces = self.history.values().filter_map(|row| row.traceparent.parse::<Traceparent>().ok());
        let ids: BTreeSet<String> = traces.map(Traceparent::trace_id).collect();
        ids.into_iter().take(MAX_TRACES).collect::<Vec<_>>().join(" ")
    }

    fn quarantine(&mut self, record: &Record, reason: String) {
        let kept = record.change.kept();
        let reason = reason.chars().take(MAX_REASON_CHARS).collect();
        let sequence_number = record.sequence_number.clone();
        self.quarantine.insert(record.id.clone(), Quarantined { sequence_number, reason, record: kept });
    }

    pub(super) fn add(&mut self, facts: Facts) {
        let Facts { history, store, product, skus, terms, stocks, reservation, lines } = facts;
        if let Some(row) = history {
            self.history.insert((row.aggregate.clone(), row.version), row);
        }
        if let Some(row) = store {
            keep_newest(&mut self.stores, row.store_id.clone(), row);
        }
        if let Some(row) = product {
            keep_newest(&mut self.products, row.product_code.clone(), row);
        }
        for row in skus {
            keep_newest(&mut self.skus, row.sku.clone(), row);
        }
        for row in terms {
            keep_newest(&mut self.terms, (row.term.clone(), row.product_code.clone()), row);
        }
        for row in stocks {
            keep_newest(&mut self.stocks, (row.store_id.clone(), row.sku.clone()), row);
        }
        if let Some(row) = reservation {
            keep_newest(&mut self.reservations, row.reservation_id.clone(), row);
        }
        for row in lines {
            keep_newest(&mut self.lines, (row.reservation_id.clone(), row.sku.clone()), row);
        }
    }
}

fn keep_newest<K: Ord, R: Row>(rows: &mut BTreeMap<K, R>, key: K, row: R) {
    if rows.get(&key).is_none_or(|known| known.version() < row.version()) {
        rows.insert(key, row);
    }
}
