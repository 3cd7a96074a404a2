//! Several ids in one parameter.

use std::str::FromStr;

use contracts::{Sku, StoreId, openapi};
use serde::{Deserialize, Deserializer, de};
use utoipa::openapi::schema::Array;

/// Most ids of one list: as many as a hold may have lines, and two lists of the longest fit into any URL (4 kilobytes).
const MAX_IDS: usize = 20;

/// Ids with commas between them; at least one.
#[derive(Debug, PartialEq)]
pub(super) struct List<T>(Vec<T>);

impl<T> List<T> {
    pub(super) fn as_slice(&self) -> &[T] {
        &self.0
    }
}

impl<'de, T: FromStr<Err: std::fmt::Display>> Deserialize<'de> for List<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        if text.split(',').count() > MAX_IDS {
            return Err(de::Error::custom(format!("at most {MAX_IDS} ids at once")));
        }
        let ids: Result<Vec<T>, T::Err> = text.split(',').map(str::parse).collect();
        ids.map(Self).map_err(de::Error::custom)
    }
}

/// The schema of SKUs in a list.
pub(super) fn skus() -> Array {
    openapi::list::<Sku>(1, MAX_IDS)
}

/// The schema of stores in a list.
pub(super) fn stores() -> Array {
    openapi::list::<StoreId>(1, MAX_IDS)
}

#[cfg(test)]
mod tests {
    use serde::de::value::{Error, StrDeserializer};

    use super::*;

    fn read(text: &str) -> Result<List<Sku>, Error> {
        List::deserialize(StrDeserializer::new(text))
    }

    #[test]
    fn a_list_has_some_ids_and_not_too_many() {
        assert_eq!(read("hinata.A,hinata.B").unwrap().as_slice().len(), 2);
        let many = |count| vec!["hinata.A"; count].join(",");
        assert!(read(&many(MAX_IDS)).is_ok());
        for text in ["", ",", "hinata.A,", "hinata.A, hinata.B", "hinata", &many(MAX_IDS + 1), &many(500)] {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
