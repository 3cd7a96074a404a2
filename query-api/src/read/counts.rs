//! Counts of many SKUs in many stores at once.

use std::collections::HashMap;

use sqlx::{MySql, QueryBuilder, Row};

use super::list::push_list;
use super::takes::OfStores;
use super::{Error, Session};

/// Counts of one statement: far below MySQL's 65,535 placeholders, and some milliseconds' work.
const COUNTS_PER_STATEMENT: usize = 2_000;

/// How many pieces of a SKU a store has, and the version of that.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Offer {
    /// Pieces that one hold can have.
    pub(crate) available: i32,
    /// Pieces that are left for whoever comes.
    pub(crate) in_store: i32,
    pub(crate) version: u64,
}

/// Which of these SKUs were counted in which of these stores, by store and SKU.
pub(crate) async fn offers(
    session: &mut Session,
    stores: &[&str],
    skus: &[&str],
) -> Result<HashMap<(String, String), Offer>, Error> {
    let mut offers = HashMap::new();
    if stores.is_empty() {
        return Ok(offers);
    }
    let takes = OfStores::read(session, stores.iter().copied()).await?;
    let together = (COUNTS_PER_STATEMENT / stores.len()).max(1);
    for skus in skus.chunks(together) {
        let mut query = QueryBuilder::<MySql>::new(
            "SELECT store_id, sku, available, version FROM stock FORCE INDEX (PRIMARY) WHERE store_id IN ",
        );
        push_list(&mut query, stores.iter().copied());
        query.push(" AND sku IN ");
        push_list(&mut query, skus.iter().copied());
        for row in session.rows(query.build()).await? {
            let (store_id, in_store): (String, i32) = (row.try_get("store_id")?, row.try_get("available")?);
            let available = takes.of(&store_id).of_left(in_store);
            let offer = Offer { available, in_store, version: row.try_get("version")? };
            offers.insert((store_id, row.try_get("sku")?), offer);
        }
    }
    Ok(offers)
}
