//! Names of aggregates: what an event is about.

use std::fmt;
use std::str::FromStr;

use crate::{ProductCode, ReservationId, Sku, StoreId};

/// What has versions of its own.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Aggregate {
    /// A store.
    Store(StoreId),
    /// A product with its SKUs.
    Product(ProductCode),
    /// The count of one SKU in one store.
    Stock(StoreId, Sku),
    /// A hold.
    Reservation(ReservationId),
}

/// Not the name of an aggregate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not the name of an aggregate")]
pub struct AggregateError;

impl fmt::Display for Aggregate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Store(id) => write!(f, "store#{id}"),
            Self::Product(code) => write!(f, "product#{code}"),
            Self::Stock(store_id, sku) => write!(f, "stock#{store_id}#{sku}"),
            Self::Reservation(id) => write!(f, "reservation#{id}"),
        }
    }
}

impl FromStr for Aggregate {
    type Err = AggregateError;

    fn from_str(name: &str) -> Result<Self, AggregateError> {
        fn id<T: FromStr>(text: &str) -> Result<T, AggregateError> {
            text.parse().map_err(|_| AggregateError)
        }
        match name.split_once('#').ok_or(AggregateError)? {
            ("store", rest) => Ok(Self::Store(id(rest)?)),
            ("product", rest) => Ok(Self::Product(id(rest)?)),
            ("reservation", rest) => Ok(Self::Reservation(id(rest)?)),
            ("stock", rest) => {
                let (store_id, sku) = rest.split_once('#').ok_or(AggregateError)?;
                Ok(Self::Stock(id(store_id)?, id(sku)?))
            }
            _ => Err(AggregateError),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_comes_back_as_its_aggregate() {
        for name in [
            "store#hinata.a",
            "product#hinata.KN1",
            "stock#hinata.a#hinata.KN1-M",
            "reservation#0192f0c1-2d3e-7a4b-8c5d-6e7f80910213",
        ] {
            assert_eq!(name.parse::<Aggregate>().unwrap().to_string(), name);
        }
        for name in ["", "store", "store#", "stock#hinata.a", "stock#hinata.a#hinata.b#c", "sku#hinata.b"] {
            assert_eq!(name.parse::<Aggregate>(), Err(AggregateError), "{name}");
        }
    }
}
