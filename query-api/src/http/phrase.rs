//! What people type.

use contracts::Text;
use serde::Deserialize;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{Object, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

/// What somebody types to find something; no longer than what it is compared with.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct Phrase(String);

impl Phrase {
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Phrase {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        if (1..=Text::MAX_CHARS).contains(&text.chars().count()) {
            Ok(Self(text))
        } else {
            Err(format!("send 1 to {} characters", Text::MAX_CHARS))
        }
    }
}

impl PartialSchema for Phrase {
    fn schema() -> RefOr<Schema> {
        let text =
            Object::builder().schema_type(Type::String).min_length(Some(1)).max_length(Some(Text::MAX_CHARS));
        Schema::from(text.description(Some("What somebody types to find something."))).into()
    }
}

impl ToSchema for Phrase {}
