//! What request bodies may say.

use std::fmt::Display;

use chrono::{DateTime, TimeDelta, Utc};
use contracts::problem::Code;
use contracts::{HoldPolicy, Level, OpeningHours, ProductCode, Quantity, Sku, StoreId, Text};
use platform::Problem;
use serde::Deserialize;

use crate::app::Hold;
use crate::domain::customer::Customer;
use crate::domain::hold::{self, MAX_LINES};
use crate::domain::master::{MAX_SKUS, Position, Product, SkuInfo, Store};
use crate::domain::reservation::Line;
use crate::domain::stock::Command as StockCommand;

/// How far ahead of ours a source's clock may be: a minute happens, an hour is a time zone.
const MAX_CLOCK_LEAD: TimeDelta = TimeDelta::minutes(5);
/// Longest name of a source of counts, in characters.
const MAX_SOURCE_CHARS: usize = 64;
/// Decimals of a degree that are kept: 11 mm on the ground, and nothing that DynamoDB's numbers cannot hold.
const DEGREE_DECIMALS: f64 = 1e7;
/// Most pieces that one adjustment may move: a delivery fits, a typing error of three digits more does not.
const MAX_DELTA: u32 = 100_000;
/// Longest telephone number, in characters, with its blanks and brackets.
const MAX_PHONE_CHARS: usize = 32;
/// Longest mail address, in bytes (RFC 5321).
const MAX_EMAIL_BYTES: usize = 254;

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

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StoreIn {
    name: Text,
    address: Option<Text>,
    latitude: Option<f64>,
    longitude: Option<f64>,
    time_zone: String,
    #[serde(default)]
    opening_hours: OpeningHours,
    #[serde(default)]
    hold_policy: HoldPolicy,
}

impl StoreIn {
    pub(super) fn into_store(self, store_id: StoreId) -> Result<Store, Problem> {
        let time_zone = self
            .time_zone
            .parse()
            .map_err(|_| invalid("time_zone", "Send the IANA name of a time zone, like Asia/Tokyo."))?;
        let position = match (self.latitude, self.longitude) {
            (None, None) => None,
            (Some(latitude), Some(longitude)) => {
                if !(-90.0..=90.0).contains(&latitude) {
                    return Err(invalid("latitude", "Send -90 to 90 degrees."));
                }
                if !(-180.0..=180.0).contains(&longitude) {
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

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ProductIn {
    name: Text,
    skus: Vec<SkuIn>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct SkuIn {
    sku: Sku,
    colour: Option<Text>,
    size: Option<Words>,
    gtin: Option<String>,
}

impl ProductIn {
    pub(super) fn into_product(self, product_code: ProductCode) -> Result<Product, Problem> {
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

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CountIn {
    on_hand: Level,
    safety: Option<Level>,
    observed_at: Option<DateTime<Utc>>,
    source: Option<Words>,
}

impl CountIn {
    pub(super) fn into_command(self, now: DateTime<Utc>) -> Result<StockCommand, Problem> {
        let Self { on_hand, safety, observed_at, source } = self;
        if observed_at.is_some_and(|observed_at| observed_at > now + MAX_CLOCK_LEAD) {
            return Err(invalid(
                "observed_at",
                "Send when the pieces were counted, which is not in the future.",
            ));
        }
        if observed_at.is_some_and(|observed_at| observed_at < DateTime::UNIX_EPOCH) {
            return Err(invalid("observed_at", "Send when the pieces were counted, after 1970."));
        }
        let source = source.map(Words::into_string);
        if source.as_ref().is_some_and(|source| source.chars().count() > MAX_SOURCE_CHARS) {
            return Err(invalid(
                "source",
                format!("Name the source in at most {MAX_SOURCE_CHARS} characters."),
            ));
        }
        let observed_at = observed_at.map(|observed_at| to_micros(observed_at).min(now));
        Ok(StockCommand::Count { on_hand, safety, observed_at, source })
    }
}

/// Microseconds: what every store on the way can hold.
fn to_micros(time: DateTime<Utc>) -> DateTime<Utc> {
    DateTime::from_timestamp_micros(time.timestamp_micros()).unwrap_or(time)
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AdjustmentIn {
    delta: Delta,
    pub reason: Words,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(try_from = "i64")]
struct Delta(i32);

impl TryFrom<i64> for Delta {
    type Error = String;

    fn try_from(value: i64) -> Result<Self, String> {
        i32::try_from(value)
            .ok()
            .filter(|delta| *delta != 0 && delta.unsigned_abs() <= MAX_DELTA)
            .map(Self)
            .ok_or_else(|| format!("delta must be 1 to {MAX_DELTA} pieces up or down, not {value}"))
    }
}

impl AdjustmentIn {
    pub(super) fn command(&self) -> StockCommand {
        let Delta(delta) = self.delta;
        StockCommand::Adjust { delta }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct HoldIn {
    store_id: StoreId,
    lines: Vec<LineIn>,
    customer: CustomerIn,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LineIn {
    sku: Sku,
    quantity: Quantity,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CustomerIn {
    name: Words,
    phone: Option<String>,
    email: Option<String>,
}

impl HoldIn {
    pub(super) fn into_hold(self) -> Result<Hold, Problem> {
        if !(1..=MAX_LINES).contains(&self.lines.len()) {
            return Err(invalid("lines", format!("A reservation has 1 to {MAX_LINES} lines.")));
        }
        for (n, line) in self.lines.iter().enumerate() {
            same_brand(&self.store_id, &line.sku, &format!("lines[{n}].sku"))?;
        }
        let lines = self.lines.into_iter().map(|LineIn { sku, quantity }| Line { sku, quantity });
        let lines = hold::merge_lines(lines)
            .map_err(|error| invalid("lines", format!("Lines of the same SKU count together: {error}.")))?;
        let customer = self.customer.into_customer()?;
        Ok(Hold { store_id: self.store_id, lines, customer })
    }
}

impl CustomerIn {
    fn into_customer(self) -> Result<Customer, Problem> {
        let Self { name, phone, email } = self;
        if phone.is_none() && email.is_none() {
            return Err(invalid("customer", "Send the customer's phone or email."));
        }
        if phone.as_ref().is_some_and(|phone| !is_phone(phone)) {
            return Err(invalid("customer.phone", "Send a telephone number: digits, blanks, + - ( )."));
        }
        if email.as_ref().is_some_and(|email| !is_email(email)) {
            return Err(invalid("customer.email", "Send a mail address, like name@example.com."));
        }
        Ok(Customer { name: name.into_string(), phone, email })
    }
}

fn is_phone(text: &str) -> bool {
    let digits = text.chars().filter(char::is_ascii_digit).count();
    (5..=MAX_PHONE_CHARS).contains(&digits)
        && text.chars().count() <= MAX_PHONE_CHARS
        && text.chars().all(|c| c.is_ascii_digit() || " +-().".contains(c))
}

/// Only what no address can be without; whether mail arrives is for mail to tell.
fn is_email(text: &str) -> bool {
    text.len() <= MAX_EMAIL_BYTES
        && !text.chars().any(|c| c.is_control() || c.is_whitespace())
        && text
            .split_once('@')
            .is_some_and(|(name, host)| !name.is_empty() && !host.is_empty() && !host.contains('@'))
}

/// Moves say nothing more than their path does, but for why.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MoveIn {
    pub reason: Option<Words>,
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
    fn a_delta_has_bounds_on_both_sides() {
        for (value, taken) in [
            (0, false),
            (1, true),
            (-100_000, true),
            (100_001, false),
            (i64::from(i32::MIN), false),
            (i64::MIN, false),
        ] {
            assert_eq!(Delta::try_from(value).is_ok(), taken, "{value}");
        }
    }

    #[test]
    fn a_position_is_kept_to_what_can_be_stored() {
        for (sent, kept) in [(1e-200, 0.0), (-0.0, 0.0), (35.672_512_34, 35.672_512_3), (-90.0, -90.0)] {
            assert_eq!(rounded(sent).to_bits(), f64::to_bits(kept), "{sent}");
        }
    }

    #[test]
    fn contacts_are_looked_at() {
        assert!(is_phone("+81 90-1234-5678") && is_phone("(03) 1234.5678"));
        assert!(!is_phone("1234") && !is_phone("call me") && !is_phone(&"1".repeat(33)));
        assert!(is_email("a@b") && is_email("花子@example.jp"));
        assert!(
            !is_email("a") && !is_email("@b") && !is_email("a@") && !is_email("a b@c") && !is_email("a@b@c")
        );
    }
}
