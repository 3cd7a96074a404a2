//! Where the caller is, how far to look, and what is told of a store that was found so.

use chrono::{DateTime, FixedOffset, Utc};
use contracts::problem::Code;
use contracts::{Brand, StoreId};
use platform::Problem;
use serde::{Deserialize, Serialize};
use utoipa::openapi::schema::{Object, Schema, Type};
use utoipa::openapi::{KnownFormat, RefOr, SchemaFormat};
use utoipa::{PartialSchema, ToSchema};

use super::CursorKey;
use crate::read::geo::{Circle, Point};
use crate::read::places::AfterPlace;
use crate::read::stores::Store;

/// Furthest that is looked: beyond it nobody goes for a shirt, and a search reads a part of the index, never all of it.
const MAX_RADIUS_KM: u32 = 200;
/// How far is looked unless asked otherwise: an hour's way.
const DEFAULT_RADIUS_KM: u32 = 50;
/// Longest text of a place: two numbers with more digits than anything measures.
const MAX_NEAR_CHARS: usize = 64;

/// Where the caller is: `latitude,longitude`.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct Near(Point);

impl TryFrom<String> for Near {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let says = "near must be LATITUDE,LONGITUDE in degrees, like 35.68,139.77";
        let number = |part: &str| part.parse::<f64>().ok();
        let parts = text.split_once(',').filter(|_| text.len() <= MAX_NEAR_CHARS);
        parts
            .and_then(|(latitude, longitude)| Point::new(number(latitude)?, number(longitude)?))
            .map(Self)
            .ok_or(says)
    }
}

impl PartialSchema for Near {
    fn schema() -> RefOr<Schema> {
        let degrees = |most: &str| format!(r"[+-]?({most}(\.0{{1,12}})?|");
        let pattern = format!(
            r"^{}[1-8]?[0-9](\.[0-9]{{1,12}})?),{}(1[0-7][0-9]|[1-9]?[0-9])(\.[0-9]{{1,12}})?)$",
            degrees("90"),
            degrees("180"),
        );
        let place = Object::builder()
            .schema_type(Type::String)
            .max_length(Some(MAX_NEAR_CHARS))
            .pattern(Some(pattern))
            .description(Some("A place: latitude and longitude in degrees (WGS 84)."))
            .examples(["35.68,139.77"]);
        Schema::from(place).into()
    }
}

impl ToSchema for Near {}

/// How far from there, in kilometres.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(try_from = "f64")]
pub(super) struct Radius(f64);

impl TryFrom<f64> for Radius {
    type Error = String;

    fn try_from(km: f64) -> Result<Self, String> {
        let fits = km > 0.0 && km <= f64::from(MAX_RADIUS_KM);
        if fits {
            Ok(Self(km))
        } else {
            Err(format!("radius_km must be above 0, and {MAX_RADIUS_KM} at most, not {km}"))
        }
    }
}

impl Default for Radius {
    fn default() -> Self {
        Self(DEFAULT_RADIUS_KM.into())
    }
}

impl PartialSchema for Radius {
    fn schema() -> RefOr<Schema> {
        let number = Object::builder()
            .schema_type(Type::Number)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::Double)))
            .exclusive_minimum(Some(0))
            .maximum(Some(MAX_RADIUS_KM))
            .default(Some(DEFAULT_RADIUS_KM.into()))
            .description(Some(
                "How far to look, in kilometres. Where more than 2,000 of the brand's stores are so near, half as far is \
                 looked, and so on.",
            ));
        Schema::from(number).into()
    }
}

impl ToSchema for Radius {}

/// The circle that is asked for.
pub(super) fn circle(Near(centre): Near, Radius(radius_km): Radius) -> Circle {
    Circle { centre, radius_km }
}

/// The circle as a part of a question, exactly.
pub(super) fn in_question(circle: Circle) -> String {
    format!("{:?}", (circle.centre, circle.radius_km))
}

/// Refuses a parameter that says nothing without the one of the place.
pub(super) fn needs(name: &'static str, place: &str) -> Problem {
    Problem::new(Code::InvalidQuery, format!("Send {name} together with {place}.")).at(name)
}

/// The store that a page ended with, from a cursor of the same question.
pub(super) fn after(
    cursors: &CursorKey,
    question: &[&str],
    cursor: Option<&String>,
    brand: &Brand,
) -> Result<Option<AfterPlace>, Problem> {
    let read = |[distance, store_id]: [&str; 2]| {
        let (distance_mm, store_id) = (distance.parse().ok()?, store_id.parse::<StoreId>().ok()?);
        (store_id.brand() == *brand).then_some(AfterPlace { distance_mm, store_id })
    };
    cursors.decode(question, cursor, read)
}

/// A distance as it is told: to the metre.
#[allow(clippy::cast_precision_loss, reason = "at most half the Earth in metres, far below 2^53")]
pub(crate) fn kilometres(distance_mm: u64) -> f64 {
    ((distance_mm + 500) / 1_000) as f64 / 1_000.0
}

/// Whether a store is open.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct OpenOut {
    /// Whether it is open now; left out where its hours are not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    open_now: Option<bool>,
    /// Until when, on the store's own clock; left out where it is not open.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    open_until: Option<DateTime<FixedOffset>>,
}

impl OpenOut {
    pub(super) fn of(store: &Store, now: DateTime<Utc>) -> Self {
        let open_until = store.open_until(now).map(|until| until.fixed_offset());
        Self { open_now: store.hours.as_ref().map(|_| open_until.is_some()), open_until }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_two_numbers_on_the_earth() {
        for near in ["35.68,139.77", "-90,180", "+0.0,-180.0", "90,0"] {
            assert!(Near::try_from(near.to_owned()).is_ok(), "{near}");
        }
        let long = format!("35.{},139", "0".repeat(80));
        for near in [
            "",
            ",",
            "999,999",
            "NaN,NaN",
            "inf,0",
            "90.1,0",
            "0,180.1",
            "35.68",
            "35.68,139.77,1",
            "a,b",
            "1 ,2",
            &long,
        ] {
            assert!(Near::try_from(near.to_owned()).is_err(), "{near}");
        }
    }

    #[test]
    fn a_radius_is_neither_nothing_nor_the_earth() {
        for radius in [0.0, -0.0, -1.0, 200.1, 40_000.0, f64::NAN, f64::INFINITY] {
            assert!(Radius::try_from(radius).is_err(), "{radius}");
        }
        for radius in [f64::MIN_POSITIVE, 0.1, 200.0] {
            assert!(Radius::try_from(radius).is_ok(), "{radius}");
        }
    }

    #[test]
    fn distances_are_told_to_the_metre() {
        assert_eq!(kilometres(1_234_499), 1.234);
        assert_eq!(kilometres(1_234_500), 1.235);
    }
}
