//! Counts of many SKUs in many stores at once.

use std::collections::HashMap;

use sqlx::{MySql, QueryBuilder, Row};

use super::list::push_list;
use super::products::SkuOf;
use super::stores::Store;
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

/// A store, and what it has of a product.
#[derive(Debug)]
pub(crate) struct Offering {
    /// How far away it is, where somebody is somewhere.
    pub(crate) distance_mm: Option<u64>,
    pub(crate) store: Store,
    /// In the order of the SKUs; without those that were never counted there.
    pub(crate) offers: Vec<(String, Offer)>,
}

/// What each of these stores has of these SKUs.
pub(crate) async fn in_stores(
    session: &mut Session,
    stores: Vec<(Option<u64>, Store)>,
    skus: &[SkuOf],
) -> Result<Vec<Offering>, Error> {
    let store_ids: Vec<&str> = stores.iter().map(|(_, store)| store.store_id.as_str()).collect();
    let sku_ids: Vec<&str> = skus.iter().map(|sku| sku.sku.as_str()).collect();
    let mut offers = offers(session, &store_ids, &sku_ids).await?;
    let offering = |(distance_mm, store): (Option<u64>, Store)| {
        let offer = |sku: &SkuOf| {
            let offer = offers.remove(&(store.store_id.clone(), sku.sku.clone()))?;
            Some((sku.sku.clone(), offer))
        };
        let offers = skus.iter().filter_map(offer).collect();
        Offering { distance_mm, store, offers }
    };
    Ok(stores.into_iter().map(offering).collect())
}
