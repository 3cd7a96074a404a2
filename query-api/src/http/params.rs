//! Query parameters.

use chrono::{DateTime, Utc};
use contracts::{Brand, Level, PickupCode, Quantity, Sku, StoreId};
use serde::Deserialize;
use utoipa::openapi::schema::{Object, Schema, Type};
use utoipa::openapi::{KnownFormat, RefOr, SchemaFormat};
use utoipa::{IntoParams, PartialSchema, ToSchema};

use super::cursor;
use super::list::{self, List};
use super::near::{Near, Radius};
use super::phrase::Phrase;

/// Most rows of one page: one answer stays a few tens of kilobytes, and one read a few milliseconds.
const MAX_LIMIT: u32 = 100;
/// Rows of a page unless asked otherwise: what a phone shows before somebody scrolls.
const DEFAULT_LIMIT: u32 = 20;

/// `?near=&radius_km=&in_stock=&min_quantity=&open_now=&limit=&cursor=`
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct SkuStoresParams {
    /// Only the stores that have it, for whoever comes at least; otherwise all that ever counted it.
    #[serde(default = "in_stock")]
    #[param(default = in_stock)]
    pub(super) in_stock: bool,
    /// Only the stores that have so many pieces, for whoever comes at least.
    pub(super) min_quantity: Option<Quantity>,
    /// Only the stores around this place, the nearest in front; otherwise all, in the order of their ids.
    pub(super) near: Option<Near>,
    /// With `near`.
    pub(super) radius_km: Option<Radius>,
    /// With `near`: only the stores that are known to be open now.
    #[serde(default)]
    #[param(default = false)]
    pub(super) open_now: bool,
    /// Most rows of the page.
    #[serde(default)]
    pub(super) limit: Limit,
    #[param(schema_with = cursor::schema)]
    pub(super) cursor: Option<String>,
}

fn in_stock() -> bool {
    true
}

/// `?brand=&near=&radius_km=&open_now=&limit=&cursor=`
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct StoresParams {
    /// Whose stores: the brand's slug.
    #[param(value_type = String, pattern = "^[a-z0-9-]{2,32}$", example = "hinata")]
    pub(super) brand: Brand,
    pub(super) near: Near,
    #[serde(default)]
    pub(super) radius_km: Radius,
    /// Only the stores that are known to be open now.
    #[serde(default)]
    #[param(default = false)]
    pub(super) open_now: bool,
    /// Most rows of the page.
    #[serde(default)]
    pub(super) limit: Limit,
    #[param(schema_with = cursor::schema)]
    pub(super) cursor: Option<String>,
}

/// `?brand=`
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct FeedParams {
    /// Whose stock: the brand's slug.
    #[param(value_type = String, pattern = "^[a-z0-9-]{2,32}$", example = "hinata")]
    pub(super) brand: Brand,
}

/// `?near=&radius_km=&limit=&cursor=`
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct AvailabilityParams {
    pub(super) near: Near,
    #[serde(default)]
    pub(super) radius_km: Radius,
    /// Most stores of the page.
    #[serde(default)]
    pub(super) limit: Limit,
    #[param(schema_with = cursor::schema)]
    pub(super) cursor: Option<String>,
}

/// `?brand=&q=&colour=&size=&in_stock_near=&radius_km=&limit=&cursor=`
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ProductsParams {
    /// Whose products: the brand's slug.
    #[param(value_type = String, pattern = "^[a-z0-9-]{2,32}$", example = "hinata")]
    pub(super) brand: Brand,
    /// What to search for.
    pub(super) q: Phrase,
    /// Only what there is in this colour, by its name in either language.
    pub(super) colour: Option<Phrase>,
    /// Only what there is in this size.
    pub(super) size: Option<Phrase>,
    /// Only what one of the 10 stores nearest to this place has, for whoever comes at least.
    pub(super) in_stock_near: Option<Near>,
    /// With `in_stock_near`.
    pub(super) radius_km: Option<Radius>,
    /// Most rows of the page.
    #[serde(default)]
    pub(super) limit: Limit,
    #[param(schema_with = cursor::schema)]
    pub(super) cursor: Option<String>,
}

/// `?sku=&store_id=`
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct BagParams {
    /// What is in the bag.
    #[param(explode = false, schema_with = list::skus)]
    pub(super) sku: List<Sku>,
    /// Where, all of the SKUs' brand.
    #[param(explode = false, schema_with = list::stores)]
    pub(super) store_id: List<StoreId>,
}

/// `?status=&due_before=&limit=&cursor=`
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ReservationsParams {
    /// Which reservations; `held` unless asked otherwise.
    #[serde(default)]
    pub(super) status: Status,
    /// Only those whose time is over before then.
    #[param(value_type = Option<DateTime<Utc>>)]
    pub(super) due_before: Option<Time>,
    /// Most rows of the page.
    #[serde(default)]
    pub(super) limit: Limit,
    #[param(schema_with = cursor::schema)]
    pub(super) cursor: Option<String>,
}

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

/// `?limit=&cursor=`
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct PageParams {
    /// Most rows of the page.
    #[serde(default)]
    pub(super) limit: Limit,
    #[param(schema_with = cursor::schema)]
    pub(super) cursor: Option<String>,
}

/// `?max_in_store=&limit=&cursor=`
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct StoreStockParams {
    /// Only what has at most so many pieces in the store, the scarcest first.
    pub(super) max_in_store: Option<Level>,
    /// Most rows of the page.
    #[serde(default)]
    pub(super) limit: Limit,
    #[param(schema_with = cursor::schema)]
    pub(super) cursor: Option<String>,
}

/// `?pickup_code=` or `?phone_end=`
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct SearchParams {
    /// What the customer says or shows.
    pub(super) pickup_code: Option<PickupCode>,
    /// The last digits of the telephone number.
    #[param(inline)]
    pub(super) phone_end: Option<PhoneEnd>,
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

#[cfg(test)]
mod tests {
    use axum::extract::FromRequestParts;
    use axum::http::Request;
    use contracts::problem::Code;
    use platform::Problem;
    use platform::extract::{NoParams, Query};
    use serde::de::DeserializeOwned;

    use super::*;

    async fn parse<T: DeserializeOwned>(query: &str) -> Result<T, Problem> {
        let (mut parts, ()) = Request::get(format!("/?{query}")).body(()).unwrap().into_parts();
        Query::from_request_parts(&mut parts, &()).await.map(|Query(params)| params)
    }

    async fn refused<T: DeserializeOwned + std::fmt::Debug>(query: &str, field: &str) {
        let problem = parse::<T>(query).await.unwrap_err();
        assert_eq!(problem.code(), Code::InvalidQuery, "{query}");
        assert_eq!(problem.member("field").and_then(|field| field.as_str()), Some(field), "{query}");
    }

    #[tokio::test]
    async fn every_parameter_has_a_default() {
        let params: SkuStoresParams = parse("").await.unwrap();
        assert!(params.in_stock && params.limit.get() == DEFAULT_LIMIT && params.cursor.is_none());
        let params: ReservationsParams = parse("limit=100&status=ready").await.unwrap();
        assert!(params.status == Status::Ready && params.limit.get() == MAX_LIMIT);
    }

    #[tokio::test]
    async fn a_wrong_parameter_is_refused_by_name() {
        for limit in ["0", "101", "1000000000", "18446744073709551616", "-1", "1.5", "ten", "", "%00", "%ff"]
        {
            refused::<SkuStoresParams>(&format!("limit={limit}"), "limit").await;
            refused::<ReservationsParams>(&format!("limit={limit}"), "limit").await;
        }
        for in_stock in ["1", "yes", "TRUE", ""] {
            refused::<SkuStoresParams>(&format!("in_stock={in_stock}"), "in_stock").await;
        }
        for status in ["overdue", "Held", "", "held%20"] {
            refused::<ReservationsParams>(&format!("status={status}"), "status").await;
        }
        refused::<SkuStoresParams>("status=held", "status").await;
        refused::<ReservationsParams>("in_stock=true", "in_stock").await;
        assert_eq!(parse::<SkuStoresParams>("limit=1&limit=2").await.unwrap_err().code(), Code::InvalidQuery);
        refused::<NoParams>("limit=1", "limit").await;
    }
}
