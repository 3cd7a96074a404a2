//! Names that people read, in the languages they are known in.

use serde::{Deserialize, Serialize};

/// Why a text cannot be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    /// No language at all.
    #[error("give the text in at least one language: `ja` or `en`")]
    Empty,
    /// One language is blank or too long.
    #[error("a text must have 1 to {} characters and no control characters", Text::MAX_CHARS)]
    Length,
}

/// A text in Japanese, English or both.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Languages", into = "Languages")]
pub struct Text {
    languages: Languages,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Languages {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ja: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    en: Option<String>,
}

impl Text {
    /// Longest text in one language, in characters: an address fits, a page does not.
    pub const MAX_CHARS: usize = 200;

    /// A text in the languages given.
    ///
    /// # Errors
    /// When neither is given, or one is blank, too long or holds control characters.
    pub fn new(ja: Option<String>, en: Option<String>) -> Result<Self, TextError> {
        Self::try_from(Languages { ja, en })
    }

    /// In Japanese, if known.
    #[must_use]
    pub fn ja(&self) -> Option<&str> {
        self.languages.ja.as_deref()
    }

    /// In English, if known.
    #[must_use]
    pub fn en(&self) -> Option<&str> {
        self.languages.en.as_deref()
    }

    /// Whether `text` is what one language of a text may hold.
    #[must_use]
    pub fn fits(text: &str) -> bool {
        !text.trim().is_empty()
            && text.chars().count() <= Self::MAX_CHARS
            && !text.chars().any(char::is_control)
    }
}

impl TryFrom<Languages> for Text {
    type Error = TextError;

    fn try_from(languages: Languages) -> Result<Self, TextError> {
        if languages.ja.is_none() && languages.en.is_none() {
            return Err(TextError::Empty);
        }
        if [&languages.ja, &languages.en].into_iter().flatten().all(|text| Self::fits(text)) {
            Ok(Self { languages })
        } else {
            Err(TextError::Length)
        }
    }
}

impl From<Text> for Languages {
    fn from(text: Text) -> Self {
        text.languages
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_needs_a_language_and_a_length() {
        assert_eq!(Text::new(None, None), Err(TextError::Empty));
        assert_eq!(Text::new(Some(" ".into()), None), Err(TextError::Length));
        assert_eq!(Text::new(None, Some("x\u{0}".into())), Err(TextError::Length));
        assert_eq!(Text::new(None, Some("あ".repeat(201))), Err(TextError::Length));
        assert!(Text::new(Some("渋谷店".into()), Some("Shibuya".into())).is_ok());
    }
}
