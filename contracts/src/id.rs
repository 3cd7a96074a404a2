//! Ids. Parsed once at the edge, trusted after.
//!
//! A brand's slug stands in every id of the brand, so who owns a thing is read off the id itself.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Shortest slug of a brand, in bytes: one letter says too little.
pub(crate) const MIN_SLUG: usize = 2;
/// Longest slug of a brand, in bytes.
pub(crate) const MAX_SLUG: usize = 32;
/// Longest code that a brand may give a store, a product or a SKU, in bytes: ids fit a short indexed column.
pub(crate) const MAX_CODE: usize = 64;

/// Why a text is no id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// The brand's part is wrong.
    #[error("`{0}` must start with a brand: {MIN_SLUG} to {MAX_SLUG} of a-z, 0-9 and -")]
    Brand(String),
    /// The code's part is missing or wrong.
    #[error("`{0}` must be a brand, a dot and a code: 1 to {MAX_CODE} of A-Z, a-z, 0-9, - and _")]
    Code(String),
    /// Not a UUID.
    #[error("`{0}` must be a UUID, like 0192f0c1-2d3e-7a4b-8c5d-6e7f80910213")]
    Uuid(String),
}

/// What a caller sent, cut to what is worth repeating to them.
fn shown(text: &str) -> String {
    text.chars().take(100).collect()
}

fn check_slug(text: &str, whole: &str) -> Result<(), IdError> {
    let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    if (MIN_SLUG..=MAX_SLUG).contains(&text.len()) && text.bytes().all(allowed) {
        Ok(())
    } else {
        Err(IdError::Brand(shown(whole)))
    }
}

fn check_branded(text: &str) -> Result<(), IdError> {
    let (slug, code) = text.split_once('.').ok_or_else(|| IdError::Code(shown(text)))?;
    check_slug(slug, text)?;
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    if (1..=MAX_CODE).contains(&code.len()) && code.bytes().all(allowed) {
        Ok(())
    } else {
        Err(IdError::Code(shown(text)))
    }
}

/// The tenant: everything belongs to exactly one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Brand(String);

macro_rules! text_id {
    ($name:ident, $check:expr) => {
        impl $name {
            /// The id as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl TryFrom<String> for $name {
            type Error = IdError;

            fn try_from(text: String) -> Result<Self, IdError> {
                $check(text.as_str())?;
                Ok(Self(text))
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                Self::try_from(text.to_owned())
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0
            }
        }
    };
}

macro_rules! branded_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        text_id!($name, check_branded);

        impl $name {
            /// The brand that the id belongs to.
            #[must_use]
            pub fn brand(&self) -> Brand {
                let slug = self.0.split_once('.').map_or(self.0.as_str(), |(slug, _)| slug);
                Brand(slug.to_owned())
            }
        }
    };
}

text_id!(Brand, |text| check_slug(text, text));

branded_id! {
    /// A physical shop, such as `hinata.shibuya-01`.
    StoreId
}
branded_id! {
    /// A style (品番), such as `hinata.KN1021`.
    ProductCode
}
branded_id! {
    /// What is counted: product × colour × size, such as `hinata.KN1021-BLK-M`.
    Sku
}

/// One customer's hold in one store. A UUIDv7: ids sort by the time they were made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ReservationId(Uuid);

impl ReservationId {
    /// A byte that is random: the front of a UUIDv7 is the time.
    #[must_use]
    pub fn last_byte(self) -> u8 {
        let [.., last] = self.0.into_bytes();
        last
    }

    /// Its last 32 bits, which are random as well.
    pub(crate) fn random_bits(self) -> u32 {
        let [.., a, b, c, d] = self.0.into_bytes();
        u32::from_be_bytes([a, b, c, d])
    }
}

impl From<Uuid> for ReservationId {
    fn from(id: Uuid) -> Self {
        Self(id)
    }
}

impl FromStr for ReservationId {
    type Err = IdError;

    /// Only the hyphenated form is taken, so that one id has one spelling.
    fn from_str(text: &str) -> Result<Self, IdError> {
        if text.len() != uuid::fmt::Hyphenated::LENGTH {
            return Err(IdError::Uuid(shown(text)));
        }
        Uuid::try_parse(text).map(Self).map_err(|_| IdError::Uuid(shown(text)))
    }
}

impl TryFrom<String> for ReservationId {
    type Error = IdError;

    fn try_from(text: String) -> Result<Self, IdError> {
        text.parse()
    }
}

impl From<ReservationId> for String {
    fn from(id: ReservationId) -> Self {
        id.to_string()
    }
}

impl fmt::Display for ReservationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.hyphenated().fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_id_knows_its_brand() {
        let sku: Sku = "hinata.KN1021-BLK-M".parse().unwrap();
        assert_eq!(sku.brand().as_str(), "hinata");
    }

    #[test]
    fn what_is_no_id_is_refused() {
        for text in
            ["", "hinata", ".x", "hinata.", "h.x", "Hinata.x", "hinata.a b", "hinata.a#b", "hinata.a.b"]
        {
            assert!(text.parse::<StoreId>().is_err(), "{text:?}");
        }
        let long = format!("hinata.{}", "x".repeat(MAX_CODE + 1));
        assert!(long.parse::<StoreId>().is_err());
    }

    #[test]
    fn a_reservation_id_has_one_spelling() {
        let id = "0192f0c1-2d3e-7a4b-8c5d-6e7f80910213";
        assert_eq!(id.to_uppercase().parse::<ReservationId>().unwrap().to_string(), id);
        for other in ["0192f0c12d3e7a4b8c5d6e7f80910213", "{0192f0c1-2d3e-7a4b-8c5d-6e7f80910213}", ""] {
            assert!(other.parse::<ReservationId>().is_err(), "{other:?}");
        }
    }

    proptest! {
        #[test]
        fn parsing_never_panics_and_keeps_the_text(text in ".{0,120}") {
            if let Ok(id) = text.parse::<Sku>() {
                prop_assert_eq!(id.as_str(), text.as_str());
                prop_assert!(id.as_str().starts_with(id.brand().as_str()));
            }
        }
    }
}
