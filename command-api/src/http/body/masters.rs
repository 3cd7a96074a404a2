//! What may be said of stores and products.

use contracts::openapi::{list, or_null};
use contracts::problem::Code;
use contracts::{HoldPolicy, OpeningHours, ProductCode, Sku, StoreId, Text};
use platform::Problem;
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa::openapi::schema::{Array, Object, Type};

use super::{Words, invalid};
use crate::domain::master::{MAX_SKUS, Position, Product, SkuInfo, Store};

/// Decimals of a degree that are kept: 11 mm on the ground, and nothing that DynamoDB's numbers cannot hold.
const DEGREE_DECIMALS: f64 = 1e7;
/// Degrees from the equator to a pole.
const MAX_LATITUDE: f64 = 90.0;
/// Degrees from Greenwich to the other side of the Earth.
const MAX_LONGITUDE: f64 = 180.0;

/// A physical shop, as its brand defines it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({
    "name": {"ja": "渋谷店", "en": "Shibuya"},
    "address": {"ja": "東京都渋谷区神南1-2-3"},
    "latitude": 35.66,
    "longitude": 139.70,
    "time_zone": "Asia/Tokyo",
    "opening_hours": {"mon": [{"opens": "10:00", "closes": "20:00"}]},
    "hold_policy": {"lasts": {"until": "next_day_closing"}, "max_active_holds": 3},
})))]
pub(in crate::http) struct StoreIn {
    /// What people call it.
    name: Text,
    /// Where it is, for people.
    address: Option<Text>,
    #[schema(schema_with = latitude)]
    latitude: Option<f64>,
    #[schema(schema_with = longitude)]
    longitude: Option<f64>,
    /// The IANA name of a time zone. Opening hours and deadlines are told on its clock.
    #[schema(examples("Asia/Tokyo"))]
    time_zone: String,
    #[serde(default)]
    opening_hours: OpeningHours,
    #[serde(default)]
    hold_policy: HoldPolicy,
}

fn degrees(most: f64, other: &str) -> Object {
    let says = format!("Where it is, in degrees (WGS 84), together with `{other}`; kept to seven decimals.");
    let number = Object::builder().schema_type(Type::Number).minimum(Some(-most)).maximum(Some(most));
    or_null(number.description(Some(says)).build())
}

fn latitude() -> Object {
    degrees(MAX_LATITUDE, "longitude")
}

fn longitude() -> Object {
    degrees(MAX_LONGITUDE, "latitude")
}

impl StoreIn {
    pub(in crate::http) fn into_store(self, store_id: StoreId) -> Result<Store, Problem> {
        let time_zone = self
            .time_zone
            .parse()
            .map_err(|_| invalid("time_zone", "Send the IANA name of a time zone, like Asia/Tokyo."))?;
        let position = match (self.latitude, self.longitude) {
            (None, None) => None,
            (Some(latitude), Some(longitude)) => {
                if !(-MAX_LATITUDE..=MAX_LATITUDE).contains(&latitude) {
                    return Err(invalid("latitude", "Send -90 to 90 degrees."));
                }
                if !(-MAX_LONGITUDE..=MAX_LONGITUDE).contains(&longitude) {
                    return Err(invalid("longitude", "Send -180 to 180 degrees."));
                }
                Some(Position { latitude: rounded(latitude), longitude: rounded(longitude) })
            }
            (Some(_), None) => {
                return Err(invalid("longitude", "Send both latitude and longitude, or neither."));
            }
            (None, Some(_)) => {
                return Err(invalid("latitude", "Send both latitude and longitude, or neither."));
            }
        };
        let Self { name, address, opening_hours, hold_policy, .. } = self;
        if hold_policy.needs_hours() && opening_hours.week().iter().all(Vec::is_empty) {
            let detail =
                "Holds end when the store closes: say when it is open, or how many minutes they last.";
            return Err(invalid("opening_hours", detail));
        }
        Ok(Store { store_id, version: 0, name, address, position, time_zone, opening_hours, hold_policy })
    }
}

/// Adding zero turns -0 into 0, which DynamoDB does anyway: what is stored must equal what was sent.
fn rounded(degrees: f64) -> f64 {
    (degrees * DEGREE_DECIMALS).round() / DEGREE_DECIMALS + 0.0
}

/// A style (品番) with all of its SKUs, as its brand defines it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({
    "name": {"ja": "ニット", "en": "Knit"},
    "skus": [{"sku": "hinata.KN1-BLK-M", "colour": {"en": "black"}, "size": "M", "gtin": "4901234567894"}],
})))]
pub(in crate::http) struct ProductIn {
    /// What people call it.
    name: Text,
    #[schema(schema_with = skus)]
    skus: Vec<SkuIn>,
}

fn skus() -> Array {
    let mut skus = list::<SkuIn>(1, MAX_SKUS);
    let says = "Its colours and sizes. A SKU that it has cannot be left out, and none can stand there twice.";
    skus.description = Some(says.to_owned());
    skus
}

/// One colour and size of a product.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct SkuIn {
    /// Of the product's brand.
    sku: Sku,
    /// Its colour, if it comes in more than one.
    colour: Option<Text>,
    /// Its size, as it stands on the label.
    size: Option<Words>,
    #[schema(schema_with = gtin)]
    gtin: Option<String>,
}

fn gtin() -> Object {
    let text = Object::builder().schema_type(Type::String).pattern(Some("^([0-9]{8}|[0-9]{12,14})$"));
    or_null(
        text.description(Some("GTIN-8, -12, -13 (JAN) or -14; the last digit checks the others.")).build(),
    )
}

impl ProductIn {
    /// Its SKUs, in the order in which they stand there.
    pub(in crate::http) fn skus(&self) -> Vec<Sku> {
        self.skus.iter().map(|info| info.sku.clone()).collect()
    }

    pub(in crate::http) fn into_product(self, product_code: ProductCode) -> Result<Product, Problem> {
        if !(1..=MAX_SKUS).contains(&self.skus.len()) {
            return Err(invalid("skus", format!("A product has 1 to {MAX_SKUS} SKUs.")));
        }
        let mut skus: Vec<SkuInfo> = Vec::with_capacity(self.skus.len());
        for (n, SkuIn { sku, colour, size, gtin }) in self.skus.into_iter().enumerate() {
            if sku.brand() != product_code.brand() {
                let detail = format!("`{sku}` and `{product_code}` belong to different brands.");
                return Err(Problem::new(Code::BrandMismatch, detail).at(format!("skus[{n}].sku")));
            }
            if skus.iter().any(|info| info.sku == sku) {
                return Err(invalid(format!("skus[{n}].sku"), format!("`{sku}` stands there twice.")));
            }
            if gtin.as_ref().is_some_and(|gtin| !is_gtin(gtin)) {
                let detail = "A GTIN has 8, 12, 13 or 14 digits, the last of which checks the others.";
                return Err(invalid(format!("skus[{n}].gtin"), detail));
            }
            skus.push(SkuInfo { sku, colour, size: size.map(Words::into_string), gtin });
        }
        Ok(Product { product_code, version: 0, name: self.name, skus })
    }
}

/// GS1: from the right, digits weigh 1 and 3 in turn, and the sum is a multiple of ten.
fn is_gtin(text: &str) -> bool {
    let sum: u32 = text
        .bytes()
        .rev()
        .enumerate()
        .map(|(n, digit)| u32::from(digit.wrapping_sub(b'0')) * if n % 2 == 0 { 1 } else { 3 })
        .sum();
    matches!(text.len(), 8 | 12 | 13 | 14)
        && text.bytes().all(|b| b.is_ascii_digit())
        && sum.is_multiple_of(10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gtin_checks_itself() {
        for good in ["4901234567894", "96385074", "036000291452", "10012345678902"] {
            assert!(is_gtin(good), "{good}");
        }
        for bad in ["", "4901234567895", "490123456789", "49012345678x4", "0"] {
            assert!(!is_gtin(bad), "{bad}");
        }
    }

    #[test]
    fn a_position_is_kept_to_what_can_be_stored() {
        for (sent, kept) in [(1e-200, 0.0), (-0.0, 0.0), (35.672_512_34, 35.672_512_3), (-90.0, -90.0)] {
            assert_eq!(rounded(sent).to_bits(), f64::to_bits(kept), "{sent}");
        }
    }
}
