//! Values of query parameters.

use chrono::{DateTime, Utc};
use serde::Deserialize;
use utoipa::openapi::schema::{Object, Schema, Type};
use utoipa::openapi::{KnownFormat, RefOr, SchemaFormat};
use utoipa::{PartialSchema, ToSchema};

/// Most rows of one page: one answer stays a few tens of kilobytes, and one read a few milliseconds.
pub(super) const MAX_LIMIT: u32 = 100;
/// Rows of a page unless asked otherwise: what a phone shows before somebody scrolls.
pub(super) const DEFAULT_LIMIT: u32 = 20;

/// Whose reservations: those that staff still have to fetch, unless asked otherwise.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ReservationStatus)]
pub(super) enum Status {
    #[default]
    Held,
    Ready,
    Collected,
    Cancelled,
    Expired,
}

impl Status {
    /// As it stands in the API and in the projection.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Held => "held",
            Self::Ready => "ready",
            Self::Collected => "collected",
            Self::Cancelled => "cancelled",
            Self::Expired => "expired",
        }
    }
}

/// Fewest digits of a telephone number to look for: fewer are shared by too many.
const MIN_PHONE_DIGITS: usize = 4;
/// Most digits of a telephone number (ITU-T E.164).
const MAX_PHONE_DIGITS: usize = 15;

/// The last digits of a telephone number.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct PhoneEnd(String);

impl PhoneEnd {
    pub(super) fn into_digits(self) -> String {
        self.0
    }
}

impl PartialSchema for PhoneEnd {
    fn schema() -> RefOr<Schema> {
        let digits = Object::builder()
            .schema_type(Type::String)
            .pattern(Some(format!("^[0-9]{{{MIN_PHONE_DIGITS},{MAX_PHONE_DIGITS}}}$")));
        Schema::from(digits).into()
    }
}

impl ToSchema for PhoneEnd {}

impl TryFrom<String> for PhoneEnd {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let fits = (MIN_PHONE_DIGITS..=MAX_PHONE_DIGITS).contains(&text.len());
        if fits && text.bytes().all(|byte| byte.is_ascii_digit()) {
            Ok(Self(text))
        } else {
            Err(format!("phone_end has {MIN_PHONE_DIGITS} to {MAX_PHONE_DIGITS} digits"))
        }
    }
}

/// A time that a DATETIME can hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "DateTime<Utc>")]
pub(super) struct Time(DateTime<Utc>);

/// The last microsecond that a DATETIME can hold, since the epoch: 9999-12-31T23:59:59.999999Z.
const MAX_MICROS: i64 = 253_402_300_799_999_999;

impl Time {
    /// The last there is.
    pub(super) const LAST: Self = Self(DateTime::from_timestamp_micros(MAX_MICROS).expect("in its range"));

    pub(super) fn get(self) -> DateTime<Utc> {
        self.0
    }
}

impl TryFrom<DateTime<Utc>> for Time {
    type Error = &'static str;

    fn try_from(time: DateTime<Utc>) -> Result<Self, &'static str> {
        let fits = (0..=MAX_MICROS).contains(&time.timestamp_micros());
        if fits { Ok(Self(time)) } else { Err("a time is from 1970 to 9999") }
    }
}

/// How many rows a page may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "u64")]
pub(super) struct Limit(u32);

impl Limit {
    pub(super) fn get(self) -> u32 {
        self.0
    }
}

impl Default for Limit {
    fn default() -> Self {
        Self(DEFAULT_LIMIT)
    }
}

impl PartialSchema for Limit {
    fn schema() -> RefOr<Schema> {
        let number = Object::builder()
            .schema_type(Type::Integer)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::Int32)))
            .minimum(Some(1))
            .maximum(Some(MAX_LIMIT))
            .default(Some(DEFAULT_LIMIT.into()));
        Schema::from(number).into()
    }
}

impl ToSchema for Limit {}

impl TryFrom<u64> for Limit {
    type Error = String;

    fn try_from(value: u64) -> Result<Self, String> {
        u32::try_from(value)
            .ok()
            .filter(|limit| (1..=MAX_LIMIT).contains(limit))
            .map(Self)
            .ok_or_else(|| format!("limit must be 1 to {MAX_LIMIT}, not {value}"))
    }
}
