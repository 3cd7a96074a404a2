//! The languages of the pages, and which one a visitor reads.

use axum::http::{HeaderMap, header};

/// A language of the pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lang {
    Ja,
    En,
}

impl Lang {
    /// All there are, in the order of the switch.
    pub(crate) const ALL: [Self; 2] = [Self::Ja, Self::En];

    /// Its name in HTML and in addresses.
    pub(crate) const fn tag(self) -> &'static str {
        match self {
            Self::Ja => "ja",
            Self::En => "en",
        }
    }

    /// What its readers call it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Ja => "日本語",
            Self::En => "English",
        }
    }

    /// The language with this name.
    pub(super) fn tagged(tag: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|lang| lang.tag() == tag)
    }

    /// What a browser prefers (RFC 9110, section 12.5.4). Whoever reads neither is given English, and whoever says nothing
    /// the language of the shops.
    pub(super) fn preferred(headers: &HeaderMap) -> Self {
        let values = headers.get_all(header::ACCEPT_LANGUAGE).iter().filter_map(|value| value.to_str().ok());
        let ranges = values.flat_map(|value| value.split(',')).filter_map(|range| {
            let (tag, weight) = range.split_once(';').unwrap_or((range, "q=1"));
            let weight: f32 = weight.trim().strip_prefix("q=")?.parse().ok()?;
            (weight > 0.0).then_some((tag.trim().to_ascii_lowercase(), weight))
        });
        let mut ranges: Vec<(String, f32)> = ranges.collect();
        ranges.sort_by(|(_, one), (_, other)| other.total_cmp(one));
        let primary = |tag: &str| Self::tagged(tag.split('-').next().unwrap_or_default());
        let known = ranges.iter().find_map(|(tag, _)| primary(tag));
        known.unwrap_or(if ranges.iter().all(|(tag, _)| tag == "*") { Self::Ja } else { Self::En })
    }

    /// A name in this language, or in the other where it has none.
    pub(crate) fn pick<'n>(self, ja: Option<&'n str>, en: Option<&'n str>) -> &'n str {
        let (first, second) = match self {
            Self::Ja => (ja, en),
            Self::En => (en, ja),
        };
        first.or(second).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn the_language_is_what_the_browser_prefers() {
        let preferred = |accept: &'static str| {
            let value = (header::ACCEPT_LANGUAGE, HeaderValue::from_static(accept));
            Lang::preferred(&HeaderMap::from_iter([value]))
        };
        for (accept, lang) in [
            ("ja", Lang::Ja),
            ("en-GB,en;q=0.9,ja;q=0.8", Lang::En),
            ("fr,ja;q=0.5,en;q=0.4", Lang::Ja),
            ("fr-FR, de", Lang::En),
            ("ja;q=0, en", Lang::En),
            ("*", Lang::Ja),
            ("", Lang::En),
            ("en;q=x, ja-JP", Lang::Ja),
        ] {
            assert_eq!(preferred(accept), lang, "{accept}");
        }
        assert_eq!(Lang::preferred(&HeaderMap::new()), Lang::Ja);
    }
}
