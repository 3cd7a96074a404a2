//! The stores of a brand, by name: what somebody chooses from who may see them all.

use contracts::Brand;
use sqlx::Row;

use super::{Error, Page, Session};

/// Most stores of a brand that are listed: as many as somebody scrolls through.
const MAX_SHOPS: u32 = 1_000;

/// A store, by its name.
#[derive(Debug)]
pub(crate) struct Shop {
    pub(crate) store_id: String,
    pub(crate) name_ja: Option<String>,
    pub(crate) name_en: Option<String>,
    pub(crate) time_zone: String,
}

/// Ids begin with the brand's slug and a dot; behind the dot stands the slash.
const OF_BRAND: &str = "SELECT store_id, name_ja, name_en, time_zone FROM stores FORCE INDEX (PRIMARY) \
    WHERE store_id > ? AND store_id < ? ORDER BY store_id LIMIT ?";

/// A brand's stores, in the order of their ids.
pub(crate) async fn of_brand(session: &mut Session, brand: &Brand) -> Result<Page<Shop>, Error> {
    let query = sqlx::query(OF_BRAND).bind(format!("{brand}.")).bind(format!("{brand}/"));
    let rows = session.rows(query.bind(Page::<Shop>::fetch_limit(MAX_SHOPS))).await?;
    let shops = rows.iter().map(|row| {
        Ok::<_, sqlx::Error>(Shop {
            store_id: row.try_get("store_id")?,
            name_ja: row.try_get("name_ja")?,
            name_en: row.try_get("name_en")?,
            time_zone: row.try_get("time_zone")?,
        })
    });
    Ok(Page::of(shops.collect::<Result<_, _>>()?, MAX_SHOPS))
}
