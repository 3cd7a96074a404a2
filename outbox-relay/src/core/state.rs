//! From an aggregate as the command side holds it to the rows it leads to: the same that its last event led to.

use chrono::{DateTime, Utc};
use contracts::{Brand, ProductCode, StoreId, events};
use serde_dynamo::Item;

use super::decode::{self, Undecodable};
use super::facts::{self, Checked, Common, Facts};
use super::{Plan, rows, terms};

/// An aggregate, in the form that events carry it.
#[derive(Debug)]
pub(crate) enum State {
    Store(events::Store),
    Product(events::Product),
    Stock(events::Stock),
    Reservation(events::Reservation),
}

impl State {
    fn brand(&self) -> Checked<Brand> {
        let store = |id| facts::parsed::<StoreId>(id, "store_id").map(|id| id.brand());
        match self {
            Self::Store(it) => store(&it.store_id),
            Self::Stock(it) => store(&it.store_id),
            Self::Reservation(it) => store(&it.store_id),
            Self::Product(it) => {
                facts::parsed::<ProductCode>(&it.product_code, "product_code").map(|code| code.brand())
            }
        }
    }
}

impl Plan {
    /// Adds an aggregate of this version. State does not say when it came to be: `at` stands for that.
    pub(crate) fn add_state(
        &mut self,
        state: &State,
        version: u64,
        at: DateTime<Utc>,
    ) -> Result<(), Undecodable> {
        let version = Some(version).filter(|version| *version > 0).ok_or(Undecodable::Field("version"))?;
        let common = Common { brand: state.brand()?, version, at };
        let mut facts = Facts {
            history: None,
            store: None,
            product: None,
            skus: Vec::new(),
            terms: Vec::new(),
            stocks: Vec::new(),
            reservation: None,
            lines: Vec::new(),
        };
        match state {
            State::Store(it) => facts.store = Some(facts::store(&common, it)?),
            State::Product(it) => {
                let (product, skus) = facts::product_and_skus(&common, it)?;
                facts.terms = terms::of(&product, &skus);
                (facts.product, facts.skus) = (Some(product), skus);
            }
            State::Stock(it) => facts.add_stocks(&common, [it])?,
            State::Reservation(it) => facts.add_reservation(&common, Some(it), &[])?,
        }
        self.add(facts);
        Ok(())
    }
}

/// What an outbox row says for the history; `None` where it is not understood, which the quarantine tells of.
pub(crate) fn history(row: &Item) -> Option<rows::History> {
    decode::envelope(row).and_then(|envelope| Facts::of(&envelope)).ok()?.history
}
