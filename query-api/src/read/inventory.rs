//! All that a brand's stores have, page by page, for whoever takes it whole.
//!
//! Every page is read by a session of its own, and starts where the one before it ended: a reader may take as long as it
//! likes, and has no connection meanwhile.

use chrono::Utc;
use contracts::Brand;
use sqlx::{MySql, QueryBuilder, Row};

use super::stores::{self, Store};
use super::takes::Takes;
use super::{AsOf, Error, Session, Source};

/// Counts of one page: some milliseconds' work, and some tens of kilobytes.
const COUNTS_PER_PAGE: u32 = 1_000;

const PAGE: &str = "SELECT sku, available FROM stock FORCE INDEX (PRIMARY) WHERE store_id = ? AND sku > ? \
    ORDER BY sku LIMIT ?";

/// Some of what one store has.
#[derive(Debug)]
pub(crate) struct Stocked<'i> {
    pub(crate) store: &'i Store,
    pub(crate) takes: Takes,
    /// SKUs, and how many pieces of each are left for whoever comes.
    pub(crate) counts: Vec<(String, i32)>,
}

/// Reads on from where it is.
pub(crate) struct Inventory {
    source: Source,
    /// The store that is being read, or the last one that was.
    store: Option<(Store, Takes)>,
    /// The SKU that the last page ended with.
    sku: String,
    /// Whether that store may have more.
    more: bool,
    /// Before and behind the brand's stores: their ids begin with its slug and a dot, and `/` comes behind the dot.
    bounds: (String, String),
}

impl Inventory {
    /// Of all stores of a brand, in the order of their ids.
    pub(crate) fn new(source: Source, brand: &Brand) -> Self {
        let bounds = (format!("{brand}."), format!("{brand}/"));
        Self { source, store: None, sku: String::new(), more: false, bounds }
    }

    /// The next page, `None` behind the last one; and up to when it is complete. A page may be empty.
    pub(crate) async fn next(&mut self) -> Result<(Option<Stocked<'_>>, AsOf), Error> {
        let mut session = self.source.any().await?;
        if !self.more {
            self.store = self.next_store(&mut session).await?;
            self.sku.clear();
        }
        let Some((store, takes)) = &self.store else { return Ok((None, session.end())) };
        let query = sqlx::query(PAGE).bind(&store.store_id).bind(&self.sku).bind(COUNTS_PER_PAGE);
        let rows = session.rows(query).await?;
        let as_of = session.end();
        let mut counts: Vec<(String, i32)> = Vec::with_capacity(rows.len());
        for row in &rows {
            counts.push((row.try_get("sku")?, row.try_get("available")?));
        }
        self.more = counts.len() >= COUNTS_PER_PAGE as usize;
        if let Some((sku, _)) = counts.last() {
            self.sku.clone_from(sku);
        }
        Ok((Some(Stocked { store, takes: *takes, counts }), as_of))
    }

    async fn next_store(&self, session: &mut Session) -> Result<Option<(Store, Takes)>, Error> {
        let (first, end) = &self.bounds;
        let after = self.store.as_ref().map_or(first, |(store, _)| &store.store_id);
        let mut query = QueryBuilder::<MySql>::new(stores::select(
            " FROM stores FORCE INDEX (PRIMARY) WHERE store_id > ",
        ));
        query.push_bind(after).push(" AND store_id < ").push_bind(end).push(" ORDER BY store_id LIMIT 1");
        let Some(row) = session.row(query.build()).await? else { return Ok(None) };
        Ok(Some((stores::store(&row)?, Takes::read(&row, Utc::now())?)))
    }
}
