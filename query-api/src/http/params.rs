//! Query parameters.

use contracts::{Brand, Level, PickupCode, Quantity, Sku, StoreId};
use serde::Deserialize;
use utoipa::IntoParams;

use super::cursor;
use super::list::{self, List};
use super::near::{Near, Radius};
use super::phrase::Phrase;
use super::values::{Limit, PhoneEnd, Status, Time};

/// The parameters of a list: those that are named, how long a page is, and where it starts.
macro_rules! paged {
    ($(#[$about:meta])* $name:ident { $($(#[$of:meta])* $field:ident: $type:ty,)* }) => {
        $(#[$about])*
        #[derive(Debug, Deserialize, IntoParams)]
        #[serde(deny_unknown_fields)]
        #[into_params(parameter_in = Query)]
        pub(super) struct $name {
            $($(#[$of])* pub(super) $field: $type,)*
            /// Most rows of the page.
            #[serde(default)]
            pub(super) limit: Limit,
            #[param(schema_with = cursor::schema)]
            pub(super) cursor: Option<String>,
        }
    };
}

paged! {
    /// `?near=&radius_km=&in_stock=&min_quantity=&open_now=&limit=&cursor=`
    SkuStoresParams {
        /// Only the stores that have it, for whoever comes at least; otherwise all that ever counted it.
        #[serde(default = "in_stock")]
        #[param(default = in_stock)]
        in_stock: bool,
        /// Only the stores that have so many pieces, for whoever comes at least.
        min_quantity: Option<Quantity>,
        /// Only the stores around this place, the nearest in front; otherwise all, in the order of their ids.
        near: Option<Near>,
        /// With `near`.
        radius_km: Option<Radius>,
        /// With `near`: only the stores that are known to be open now.
        #[serde(default)]
        #[param(default = false)]
        open_now: bool,
    }
}

fn in_stock() -> bool {
    true
}

paged! {
    /// `?brand=&near=&radius_km=&open_now=&limit=&cursor=`
    StoresParams {
        /// Whose stores: the brand's slug.
        #[param(value_type = String, pattern = "^[a-z0-9-]{2,32}$", example = "hinata")]
        brand: Brand,
        near: Near,
        #[serde(default)]
        radius_km: Radius,
        /// Only the stores that are known to be open now.
        #[serde(default)]
        #[param(default = false)]
        open_now: bool,
    }
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

paged! {
    /// `?near=&radius_km=&limit=&cursor=`
    AvailabilityParams {
        near: Near,
        #[serde(default)]
        radius_km: Radius,
    }
}

paged! {
    /// `?brand=&q=&colour=&size=&in_stock_near=&radius_km=&limit=&cursor=`
    ProductsParams {
        /// Whose products: the brand's slug.
        #[param(value_type = String, pattern = "^[a-z0-9-]{2,32}$", example = "hinata")]
        brand: Brand,
        /// What to search for.
        q: Phrase,
        /// Only what there is in this colour, by its name in either language.
        colour: Option<Phrase>,
        /// Only what there is in this size.
        size: Option<Phrase>,
        /// Only what one of the 10 stores nearest to this place has, for whoever comes at least.
        in_stock_near: Option<Near>,
        /// With `in_stock_near`.
        radius_km: Option<Radius>,
    }
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

paged! {
    /// `?status=&due_before=&limit=&cursor=`
    ReservationsParams {
        /// Which reservations; `held` unless asked otherwise.
        #[serde(default)]
        status: Status,
        /// Only those whose time is over before then.
        #[param(value_type = Option<DateTime<Utc>>)]
        due_before: Option<Time>,
    }
}

paged! {
    /// `?limit=&cursor=`
    PageParams {}
}

paged! {
    /// `?max_in_store=&limit=&cursor=`
    StoreStockParams {
        /// Only what has at most so many pieces in the store, the scarcest first.
        max_in_store: Option<Level>,
    }
}

/// `?pickup_code=`, `?phone_end=` or `?name=`
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct SearchParams {
    /// What the customer says or shows.
    pub(super) pickup_code: Option<PickupCode>,
    /// The last digits of the telephone number.
    #[param(inline)]
    pub(super) phone_end: Option<PhoneEnd>,
    /// A part of the customer's name, in any width, kana or case.
    pub(super) name: Option<Phrase>,
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
    use crate::http::values::{DEFAULT_LIMIT, MAX_LIMIT};

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
