//! What products can be found by.
//!
//! A product's terms are written anew with each of its versions. Those that it no longer has stay behind in an older
//! version until the next rebuild, and lead to nothing: whoever searches reads the names once more.

use contracts::search;

use super::rows::{Product, Row, Sku, Values};

/// Most terms of a product: a name in two languages and a dozen colours have a third of them. What a longer one is not
/// found by are its last words.
const MAX_TERMS: usize = 300;

/// A piece of a word in the names or colours of a product.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Term {
    pub term: String,
    pub product_code: String,
    pub brand: String,
    pub version: u64,
}

impl Row for Term {
    const TABLE: &'static str = "product_terms";
    const KEY: &'static [&'static str] = &["term", "product_code"];
    const COLUMNS: &'static [&'static str] = &["brand"];

    fn version(&self) -> u64 {
        self.version
    }

    fn bind(&self, values: &mut Values<'_, '_>) {
        values
            .push_bind(self.term.clone())
            .push_bind(self.product_code.clone())
            .push_bind(self.brand.clone())
            .push_bind(self.version);
    }
}

/// The terms of a product.
pub(super) fn of(product: &Product, skus: &[Sku]) -> Vec<Term> {
    let texts = [&product.name].into_iter().chain(skus.iter().map(|sku| &sku.colour));
    let texts = texts.flat_map(|text| [text.ja.as_deref(), text.en.as_deref()]).flatten();
    let term = |term| Term {
        term,
        product_code: product.product_code.clone(),
        brand: product.brand.clone(),
        version: product.version,
    };
    search::terms(texts, MAX_TERMS).into_iter().map(term).collect()
}
