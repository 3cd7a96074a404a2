//! What request bodies may say.

mod hold;
mod masters;
mod stock;

use std::fmt::Display;

use contracts::problem::Code;
use contracts::{Sku, StoreId, Text, openapi};
use platform::Problem;
use serde::Deserialize;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::Schema;
use utoipa::{PartialSchema, ToSchema};

pub(super) use hold::{HoldIn, LineIn};
pub(super) use masters::{ProductIn, SkuIn, StoreIn};
pub(super) use stock::{AdjustmentIn, CountIn};

fn invalid(field: impl Into<String>, detail: impl Display) -> Problem {
    Problem::new(Code::InvalidField, detail.to_string()).at(field)
}

/// Refuses a SKU of another brand than the store's.
pub(super) fn same_brand(store_id: &StoreId, sku: &Sku, field: &str) -> Result<(), Problem> {
    if store_id.brand() == sku.brand() {
        Ok(())
    } else {
        let detail = format!("`{sku}` and `{store_id}` belong to different brands.");
        Err(Problem::new(Code::BrandMismatch, detail).at(field))
    }
}

/// Free text of people: a reason, a name, a size.
#[derive(Debug, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct Words(String);

impl Words {
    pub(super) fn into_string(self) -> String {
        self.0
    }
}

impl TryFrom<String> for Words {
    type Error = contracts::TextError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        if Text::fits(&text) { Ok(Self(text)) } else { Err(contracts::TextError::Length) }
    }
}

impl PartialSchema for Words {
    fn schema() -> RefOr<Schema> {
        Schema::from(openapi::words(Text::MAX_CHARS)).into()
    }
}

impl ToSchema for Words {}

/// Moves say nothing more than their path does, but for why.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({"reason": "the customer called"})))]
pub(super) struct MoveIn {
    /// Why.
    pub reason: Option<Words>,
}
