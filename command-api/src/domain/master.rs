//! Stores and products: what the brand says they are.

use chrono::{DateTime, Utc};
use contracts::{HoldPolicy, OpeningHours, ProductCode, Sku, StoreId, Text};
use serde::{Deserialize, Serialize};

use super::Refusal;

/// The most SKUs of one product: with the product, its event and its idempotency record they fit the 100 items of one
/// transaction.
pub const MAX_SKUS: usize = 90;

/// A physical shop.
#[derive(Debug, Clone, PartialEq)]
pub struct Store {
    /// Its id.
    pub store_id: StoreId,
    /// Raised by one with every change.
    pub version: u64,
    /// What people call it.
    pub name: Text,
    /// Where it is, for people.
    pub address: Option<Text>,
    /// Where it is, for distances.
    pub position: Option<Position>,
    /// Whose clock its opening hours and deadlines are told in.
    pub time_zone: chrono_tz::Tz,
    /// When it is open.
    pub opening_hours: OpeningHours,
    /// How it keeps things for people.
    pub hold_policy: HoldPolicy,
}

/// A point on the Earth (WGS 84), in degrees.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Position {
    /// -90 to 90.
    pub latitude: f64,
    /// -180 to 180.
    pub longitude: f64,
}

/// A style (品番).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Product {
    /// Its code.
    pub product_code: ProductCode,
    /// Raised by one with every change.
    pub version: u64,
    /// What people call it.
    pub name: Text,
    /// Its colours and sizes; no SKU twice.
    pub skus: Vec<SkuInfo>,
}

/// One colour and size of a product.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SkuInfo {
    /// Its id.
    pub sku: Sku,
    /// Its colour, if it comes in more than one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub colour: Option<Text>,
    /// Its size, as it stands on the label.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<String>,
    /// GTIN-8, -12, -13 (JAN) or -14.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gtin: Option<String>,
}

impl Store {
    /// The store as it is defined anew; `None` when it is that already.
    #[must_use]
    pub fn define(current: Option<&Self>, wanted: Self) -> Option<Self> {
        let version = current.map_or(0, |store| store.version);
        let unchanged = current == Some(&Self { version, ..wanted.clone() });
        (!unchanged).then_some(Self { version: version + 1, ..wanted })
    }

    /// When a hold ends that begins, or is extended, at `from`.
    ///
    /// # Errors
    /// When holds end with the store's closing time, and it does not open again in a month.
    pub fn deadline(&self, from: DateTime<Utc>) -> Result<DateTime<Utc>, Refusal> {
        self.hold_policy
            .deadline(from, &self.opening_hours, self.time_zone)
            .ok_or_else(|| Refusal::HoldsNotAccepted(self.store_id.clone()))
    }
}

impl Product {
    /// The product as it is defined anew; `None` when it is that already.
    ///
    /// # Errors
    /// When a SKU is left out that it has, or taken that another product has.
    pub fn define<'a>(
        current: Option<&Self>,
        owner_of: impl Fn(&Sku) -> Option<&'a ProductCode>,
        wanted: Self,
    ) -> Result<Option<Self>, Refusal> {
        let listed = |sku: &Sku| wanted.skus.iter().any(|info| info.sku == *sku);
        if let Some(removed) =
            current.iter().flat_map(|product| &product.skus).find(|info| !listed(&info.sku))
        {
            return Err(Refusal::SkuRemoved(removed.sku.clone()));
        }
        for SkuInfo { sku, .. } in &wanted.skus {
            if let Some(owner) = owner_of(sku).filter(|owner| **owner != wanted.product_code) {
                return Err(Refusal::SkuOfOtherProduct { sku: sku.clone(), product_code: owner.clone() });
            }
        }
        let version = current.map_or(0, |product| product.version);
        let unchanged = current == Some(&Self { version, ..wanted.clone() });
        Ok((!unchanged).then_some(Self { version: version + 1, ..wanted }))
    }
}
