//! The brands that have stores.

use contracts::Brand;
use sqlx::Row;

use super::{Error, Session};

/// Most brands that are told: a page's list, and as many look-ups.
const MAX_BRANDS: usize = 50;

/// One step through the index for each brand, over all of its stores: nothing lists the brands.
const NEXT: &str = "SELECT brand FROM stores FORCE INDEX (by_place) WHERE brand > ? ORDER BY brand LIMIT 1";

/// The brands, in the order of their slugs.
pub(crate) async fn all(session: &mut Session) -> Result<Vec<Brand>, Error> {
    let (mut brands, mut last) = (Vec::new(), String::new());
    while brands.len() < MAX_BRANDS {
        let Some(row) = session.row(sqlx::query(NEXT).bind(&last)).await? else { break };
        last = row.try_get("brand")?;
        // A slug in the projection is one; what is none has no page.
        brands.extend(last.parse::<Brand>());
    }
    Ok(brands)
}

const ONE: &str = "SELECT brand FROM stores FORCE INDEX (by_place) WHERE brand = ? LIMIT 1";

/// Whether the brand has a store.
pub(crate) async fn is_known(session: &mut Session, brand: &Brand) -> Result<bool, Error> {
    Ok(session.row(sqlx::query(ONE).bind(brand.as_str())).await?.is_some())
}
