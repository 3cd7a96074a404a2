//! Every phrase of the pages, in both languages.
//!
//! A phrase stands beside its translation, so one that has none does not compile. What a phrase leaves open is a name in
//! braces, the same in both languages, which whoever shows it fills in. Scripts get theirs from the page, as JSON.

mod common;
mod problems;
mod shop;
mod staff;

use std::fmt::{self, Display};

use serde::Serialize;

use super::lang::Lang;

pub(crate) use common::Common;
pub(crate) use problems::Problems;
pub(crate) use shop::{Hold, Shop};
pub(crate) use staff::Staff;

/// What stands in one language.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(transparent)]
pub(crate) struct Phrase(&'static str);

impl Phrase {
    /// It with one of its open places filled in.
    pub(crate) fn with(self, name: &str, value: impl Display) -> Filled {
        Filled(self.0.to_owned()).with(name, value)
    }
}

impl Display for Phrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

/// A phrase of which some is filled in.
#[derive(Debug, Clone)]
pub(crate) struct Filled(String);

impl Filled {
    /// It with one more of its open places filled in.
    pub(crate) fn with(self, name: &str, value: impl Display) -> Self {
        Self(self.0.replace(&format!("{{{name}}}"), &value.to_string()))
    }
}

impl Display for Filled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// `words! { Section { name: "日本語", "English"; } }`: a section of the phrases, one for each part of the pages.
macro_rules! words {
    ($(#[$doc:meta])* $section:ident { $($name:ident: $ja:literal, $en:literal;)+ }) => {
        $(#[$doc])*
        #[derive(Debug, serde::Serialize)]
        pub(crate) struct $section { $(pub(crate) $name: crate::pages::words::Phrase,)+ }

        impl $section {
            /// The section in a language.
            pub(crate) const fn of(lang: crate::pages::lang::Lang) -> &'static Self {
                use crate::pages::words::Phrase;
                match lang {
                    crate::pages::lang::Lang::Ja => &Self { $($name: Phrase($ja),)+ },
                    crate::pages::lang::Lang::En => &Self { $($name: Phrase($en),)+ },
                }
            }

            #[cfg(test)]
            pub(super) const PAIRS: &[(&str, &str, &str)] = &[$((stringify!($name), $ja, $en),)+];
        }
    };
}
use words;

/// All phrases in one language.
#[derive(Debug)]
pub(crate) struct Words {
    pub(crate) common: &'static Common,
    pub(crate) shop: &'static Shop,
    pub(crate) hold: &'static Hold,
    pub(crate) staff: &'static Staff,
    pub(crate) problems: &'static Problems,
}

impl Words {
    /// Those of a language.
    pub(crate) const fn of(lang: Lang) -> Self {
        Self {
            common: Common::of(lang),
            shop: Shop::of(lang),
            hold: Hold::of(lang),
            staff: Staff::of(lang),
            problems: Problems::of(lang),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn open_places(phrase: &str) -> BTreeSet<&str> {
        phrase.split('{').skip(1).map(|rest| rest.split('}').next().unwrap()).collect()
    }

    #[test]
    fn both_languages_leave_the_same_open() {
        for (name, ja, en) in
            [Common::PAIRS, Shop::PAIRS, Hold::PAIRS, Staff::PAIRS, Problems::PAIRS].concat()
        {
            assert_eq!(open_places(ja), open_places(en), "{name}");
            assert!(!ja.is_empty() && !en.is_empty(), "{name}");
        }
    }

    #[test]
    fn open_places_are_filled_in() {
        assert_eq!(Phrase("{n} of {all}").with("n", 1).with("all", 2).to_string(), "1 of 2");
    }
}
