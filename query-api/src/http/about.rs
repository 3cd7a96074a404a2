//! What is told of holds beside themselves: whose they are, and what they keep is called.

use std::collections::{BTreeMap, BTreeSet};

use contracts::{MAX_CUSTOMER_EXTENSIONS, MAX_STAFF_EXTENSIONS, ProductCode, Quantity, Sku};
use serde::Serialize;
use utoipa::ToSchema;

use super::customers::{CustomerOut, Customers};
use super::names::NameOut;
use crate::read::described::{Described, describe};
use crate::read::reservations::{Line, Reservation};
use crate::read::{Error, Session};

/// Some pieces of one SKU, and what it looks like.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ReservationLine)]
pub(super) struct LineOut {
    #[schema(value_type = Sku)]
    sku: String,
    #[schema(value_type = Quantity)]
    quantity: u32,
    /// Of whose product nothing is known yet, it is left out; and so below.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = ProductCode, nullable = false)]
    product_code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    name: Option<NameOut>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    colour: Option<NameOut>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    size: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    gtin: Option<String>,
}

impl LineOut {
    fn new(line: Line, described: Option<&Described>) -> Self {
        let described = described.cloned();
        let colour = |it: &Described| NameOut::known(it.colour_ja.clone(), it.colour_en.clone());
        Self {
            sku: line.sku,
            quantity: line.quantity,
            product_code: described.as_ref().map(|it| it.product_code.clone()),
            name: described.as_ref().map(|it| NameOut { ja: it.name_ja.clone(), en: it.name_en.clone() }),
            colour: described.as_ref().and_then(colour),
            size: described.as_ref().and_then(|it| it.size.clone()),
            gtin: described.and_then(|it| it.gtin),
        }
    }
}

/// What is known about some holds.
pub(super) struct About {
    customers: Customers,
    described: BTreeMap<String, Described>,
    max_extensions: u32,
}

impl About {
    /// Of these holds; whose they are, only if the caller may know.
    pub(super) async fn of(
        session: &mut Session,
        knows_customers: bool,
        holds: &[Reservation],
    ) -> Result<Self, Error> {
        let ids: Vec<&str> = holds.iter().map(|hold| hold.reservation_id.as_str()).collect();
        let customers = Customers::of(session, knows_customers, &ids).await?;
        let skus: BTreeSet<&str> =
            holds.iter().flat_map(|hold| &hold.lines).map(|line| line.sku.as_str()).collect();
        // Who knows whose a hold is works in its store.
        let max_extensions = if knows_customers { MAX_STAFF_EXTENSIONS } else { MAX_CUSTOMER_EXTENSIONS };
        Ok(Self { customers, described: describe(session, skus).await?, max_extensions })
    }

    pub(super) fn customer(&self, reservation_id: &str) -> Option<CustomerOut> {
        self.customers.of_hold(reservation_id)
    }

    /// How often whoever asks may have extended one of them.
    pub(super) fn max_extensions(&self) -> u32 {
        self.max_extensions
    }

    pub(super) fn lines(&self, lines: Vec<Line>) -> Vec<LineOut> {
        let described = |line: Line| {
            let described = self.described.get(&line.sku);
            LineOut::new(line, described)
        };
        lines.into_iter().map(described).collect()
    }
}
