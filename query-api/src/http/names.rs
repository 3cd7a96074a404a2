//! Texts of people, as they are answered.

use serde::Serialize;
use utoipa::ToSchema;

/// A name in the languages that it is known in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(super) struct NameOut {
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(super) ja: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(super) en: Option<String>,
}

impl NameOut {
    /// The name, unless it is known in no language.
    pub(super) fn known(ja: Option<String>, en: Option<String>) -> Option<Self> {
        (ja.is_some() || en.is_some()).then_some(Self { ja, en })
    }
}

/// An id as the brand itself, and whoever the brand tells of it, knows it: without our slug.
pub(crate) fn own_code(id: &str) -> &str {
    id.split_once('.').map_or(id, |(_, code)| code)
}
