//! Products by words, or by exactly what stands on a label.
//!
//! Every step has a bound, so a word that is in all names costs no more than a rare one: the rarest piece of a word leads
//! to the candidates, and the next ones and the names themselves thin them out.

use std::collections::{BTreeSet, HashMap};

use contracts::search::{Words, narrow};
use contracts::{Brand, ProductCode, Sku};
use sqlx::{MySql, QueryBuilder, Row};

use super::list::push_list;
use super::products::{self, Product, SkuOf};
use super::{Error, Session};

/// Most products that one search finds: more than anybody looks through, and facets are counted over all of them.
const MAX_MATCHES: usize = 200;
/// Most SKUs of what one search finds, for each is asked for in the stores around. A product has a hundred at most.
const MAX_SKUS: usize = 2_000;
/// Most products that are looked at to find them: those that have the rarest piece of the words. Pieces are counted up to
/// here, so that one that is in fewer leads to all of them.
const MAX_CANDIDATES: u32 = 2_000;
/// Most pieces of the words that are weighed against each other; further ones are only looked for in the names.
const MAX_TERMS: usize = 16;
/// Pieces that a candidate is tried with before its name and SKUs are read: each costs a look-up, and reading costs ten.
const TERMS_TRIED: usize = 8;
/// Products of one statement.
const PRODUCTS_PER_STATEMENT: usize = 200;
/// Lengths of a GTIN, written with or without zeroes before it (GS1 General Specifications).
const GTIN_DIGITS: [usize; 4] = [8, 12, 13, 14];
/// Most products that have one GTIN: one, where the labels are right.
const MAX_WITH_GTIN: u32 = 20;

/// A product that was found, with its SKUs.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) product: Product,
    pub(crate) skus: Vec<SkuOf>,
}

/// What a search found.
#[derive(Debug)]
pub(crate) struct Matches {
    /// In the order of their codes.
    pub(crate) found: Vec<Found>,
    /// Whether this is all that there is.
    pub(crate) complete: bool,
}

/// The brand's products that a text means: the one whose code, SKU or GTIN it is, or those that have all its words.
pub(crate) async fn matches(session: &mut Session, brand: &Brand, text: &str) -> Result<Matches, Error> {
    let exact = exactly(session, brand, &narrow(text)).await?;
    if exact.is_empty() {
        return by_words(session, brand, &Words::of(text)).await;
    }
    let codes: Vec<&str> = exact.iter().map(String::as_str).collect();
    Ok(Matches { found: load(session, &codes).await?, complete: true })
}

/// Codes of the products that have this code, SKU or GTIN.
async fn exactly(session: &mut Session, brand: &Brand, text: &str) -> Result<BTreeSet<String>, Error> {
    let text = text.trim();
    // A brand's own code is found without the brand before it, and as people type it: labels have capitals.
    let local = text.strip_prefix(&format!("{brand}.")).unwrap_or(text);
    let mut codes = BTreeSet::new();
    for id in BTreeSet::from([format!("{brand}.{local}"), format!("{brand}.{}", local.to_ascii_uppercase())])
    {
        if let Ok(id) = id.parse::<ProductCode>() {
            let query = "SELECT product_code FROM products WHERE product_code = ?";
            for row in session.rows(sqlx::query(query).bind(id.as_str())).await? {
                codes.insert(row.try_get("product_code")?);
            }
        }
        if let Ok(id) = id.parse::<Sku>() {
            let query = "SELECT product_code FROM skus WHERE sku = ?";
            for row in session.rows(sqlx::query(query).bind(id.as_str())).await? {
                codes.insert(row.try_get("product_code")?);
            }
        }
    }
    // Labels group the digits of a GTIN.
    let digits: String = text.chars().filter(|c| !matches!(c, ' ' | '-')).collect();
    let longest = GTIN_DIGITS.into_iter().max().unwrap_or_default();
    if digits.bytes().all(|b| b.is_ascii_digit()) && (GTIN_DIGITS[0]..=longest).contains(&digits.len()) {
        let digits = digits.trim_start_matches('0');
        let written = GTIN_DIGITS.map(|length| format!("{digits:0>length$}"));
        let query = "SELECT product_code FROM skus FORCE INDEX (by_gtin) \
            WHERE gtin IN (?, ?, ?, ?) AND brand = ? LIMIT ?";
        let query = written.iter().fold(sqlx::query(query), |query, gtin| query.bind(gtin));
        for row in session.rows(query.bind(brand.as_str()).bind(MAX_WITH_GTIN)).await? {
            codes.insert(row.try_get("product_code")?);
        }
    }
    Ok(codes)
}

async fn by_words(session: &mut Session, brand: &Brand, words: &Words) -> Result<Matches, Error> {
    let mut matches = Matches { found: Vec::new(), complete: true };
    let terms = rarest_first(session, brand, words.terms().into_iter().take(MAX_TERMS)).await?;
    let Some((rarest, others)) = terms.split_first() else { return Ok(matches) };
    let candidates = candidates(session, brand, rarest).await?;
    matches.complete = candidates.len() < MAX_CANDIDATES as usize;
    let others = others.get(..TERMS_TRIED).unwrap_or(others);
    let mut skus = 0;
    'search: for some in candidates.chunks(PRODUCTS_PER_STATEMENT) {
        let left = having(session, some, others).await?;
        for found in load(session, &left).await? {
            if !words.are_in(found.texts()) {
                continue;
            }
            skus += found.skus.len();
            if matches.found.len() == MAX_MATCHES || skus > MAX_SKUS {
                matches.complete = false;
                break 'search;
            }
            matches.found.push(found);
        }
    }
    Ok(matches)
}

/// The pieces, those first that fewest products have; none where no product has one of them.
async fn rarest_first(
    session: &mut Session,
    brand: &Brand,
    terms: impl Iterator<Item = String>,
) -> Result<Vec<String>, Error> {
    let terms: Vec<String> = terms.collect();
    if terms.len() < 2 {
        return Ok(terms);
    }
    let mut query = QueryBuilder::<MySql>::new("");
    for (n, term) in terms.iter().enumerate() {
        query.push(if n == 0 { "" } else { " UNION ALL " });
        query.push(format!("SELECT {n} AS n, COUNT(*) AS products FROM (SELECT 1 FROM product_terms WHERE "));
        with_term(&mut query, brand, term);
        query.push(format!(" LIMIT {MAX_CANDIDATES}) AS counted_{n}"));
    }
    let mut counted = Vec::with_capacity(terms.len());
    for row in session.rows(query.build()).await? {
        let (products, n): (i64, i64) = (row.try_get("products")?, row.try_get("n")?);
        if products == 0 {
            return Ok(Vec::new());
        }
        counted.push((products, n));
    }
    counted.sort_unstable();
    let term = |(_, n)| terms.get(usize::try_from(n).ok()?).cloned();
    Ok(counted.into_iter().filter_map(term).collect())
}

/// The rows of a brand with a piece: its codes begin with its slug and a dot, and `/` comes behind the dot.
fn with_term(query: &mut QueryBuilder<MySql>, brand: &Brand, term: &str) {
    query.push("term = ").push_bind(term.to_owned());
    query.push(" AND product_code > ").push_bind(format!("{brand}."));
    query.push(" AND product_code < ").push_bind(format!("{brand}/"));
}

async fn candidates(session: &mut Session, brand: &Brand, term: &str) -> Result<Vec<String>, Error> {
    let mut query = QueryBuilder::<MySql>::new("SELECT product_code FROM product_terms WHERE ");
    with_term(&mut query, brand, term);
    query.push(format!(" ORDER BY product_code LIMIT {MAX_CANDIDATES}"));
    let rows = session.rows(query.build()).await?;
    Ok(rows.iter().map(|row| row.try_get("product_code")).collect::<Result<_, _>>()?)
}

/// Those that have all of these pieces.
async fn having<'c>(
    session: &mut Session,
    codes: &'c [String],
    terms: &[String],
) -> Result<Vec<&'c str>, Error> {
    if terms.is_empty() {
        return Ok(codes.iter().map(String::as_str).collect());
    }
    let mut query = QueryBuilder::<MySql>::new(
        "SELECT product_code FROM product_terms FORCE INDEX (PRIMARY) WHERE term IN ",
    );
    push_list(&mut query, terms.iter().map(String::as_str));
    query.push(" AND product_code IN ");
    push_list(&mut query, codes.iter().map(String::as_str));
    let mut had: HashMap<String, usize> = HashMap::new();
    for row in session.rows(query.build()).await? {
        *had.entry(row.try_get("product_code")?).or_default() += 1;
    }
    let has_all = |code: &&str| had.get(*code) == Some(&terms.len());
    Ok(codes.iter().map(String::as_str).filter(has_all).collect())
}

/// Products with their SKUs, in the order of their codes. What a piece of an older name led to is thinned out by the
/// names, which are read here as they are now.
async fn load(session: &mut Session, codes: &[&str]) -> Result<Vec<Found>, Error> {
    if codes.is_empty() {
        return Ok(Vec::new());
    }
    let mut query = QueryBuilder::<MySql>::new(
        "SELECT sku, product_code, colour_ja, colour_en, size, gtin FROM skus FORCE INDEX (by_product) \
         WHERE product_code IN ",
    );
    push_list(&mut query, codes.iter().copied());
    let mut skus: HashMap<String, Vec<SkuOf>> = HashMap::new();
    for row in session.rows(query.build()).await? {
        let sku = products::sku(&row)?;
        skus.entry(sku.product_code.clone()).or_default().push(sku);
    }
    let mut query = QueryBuilder::<MySql>::new(
        "SELECT product_code, name_ja, name_en FROM products FORCE INDEX (PRIMARY) WHERE product_code IN ",
    );
    push_list(&mut query, codes.iter().copied());
    let mut found = Vec::with_capacity(codes.len());
    for row in session.rows(query.build()).await? {
        let product = products::product(&row)?;
        let mut skus = skus.remove(&product.product_code).unwrap_or_default();
        skus.sort_unstable_by(|one, other| one.sku.cmp(&other.sku));
        found.push(Found { product, skus });
    }
    found.sort_unstable_by(|one, other| one.product.product_code.cmp(&other.product.product_code));
    Ok(found)
}

impl Found {
    /// What it is found by.
    fn texts(&self) -> impl Iterator<Item = &str> {
        let colours = self.skus.iter().flat_map(|sku| [&sku.colour_ja, &sku.colour_en]);
        [&self.product.name_ja, &self.product.name_en].into_iter().chain(colours).filter_map(Option::as_deref)
    }
}
