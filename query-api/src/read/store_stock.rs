//! Everything that a store counted.

use chrono::{DateTime, Utc};
use contracts::{Sku, StoreId};
use sqlx::Row;
use sqlx::mysql::MySqlRow;

use super::reservations::store_is_known;
use super::{Error, Missing, Page, Session};

/// The count of one SKU.
#[derive(Debug)]
pub(crate) struct Counted {
    pub(crate) sku: String,
    pub(crate) available: i32,
    pub(crate) on_hand: i32,
    pub(crate) held: i32,
    pub(crate) safety: i32,
    pub(crate) version: u64,
    pub(crate) updated_at: DateTime<Utc>,
}

/// Which counts, and behind which one.
#[derive(Debug)]
pub(crate) enum Wanted<'w> {
    /// All, in the order of SKUs.
    All(Option<&'w Sku>),
    /// Those with at most so many pieces to offer, the scarcest first.
    Scarce(u32, Option<(u32, &'w Sku)>),
}

const ALL: &str = "SELECT sku, available, on_hand, held, safety, version, updated_at FROM stock \
    WHERE store_id = ? AND sku > ? ORDER BY sku LIMIT ?";

/// Two ranges, because MySQL finds none in `(available, sku) > (?, ?)`: it would walk all that has as many pieces again.
const SCARCE: &str = "(SELECT sku, available, on_hand, held, safety, version, updated_at \
    FROM stock FORCE INDEX (by_available) WHERE store_id = ? AND available = ? AND sku > ? ORDER BY sku LIMIT ?) \
    UNION ALL (SELECT sku, available, on_hand, held, safety, version, updated_at \
    FROM stock FORCE INDEX (by_available) WHERE store_id = ? AND available > ? AND available <= ? \
    ORDER BY available, sku LIMIT ?)";

/// A page of a store's counts.
pub(crate) async fn of_store(
    session: &mut Session,
    store_id: &StoreId,
    wanted: &Wanted<'_>,
    limit: u32,
) -> Result<Result<Page<Counted>, Missing>, Error> {
    let fetch = Page::<Counted>::fetch_limit(limit);
    let query = match wanted {
        Wanted::All(after) => {
            sqlx::query(ALL).bind(store_id.as_str()).bind(after.map_or("", Sku::as_str)).bind(fetch)
        }
        Wanted::Scarce(most, after) => {
            let (from, sku) = after.map_or((0, ""), |(available, sku)| (available, sku.as_str()));
            let query = sqlx::query(SCARCE).bind(store_id.as_str()).bind(from).bind(sku).bind(fetch);
            query.bind(store_id.as_str()).bind(from).bind(most).bind(fetch)
        }
    };
    let mut rows = session.rows(query).await?.iter().map(counted).collect::<Result<Vec<_>, _>>()?;
    if let Wanted::Scarce(..) = wanted {
        // A union has no order of its own.
        rows.sort_by(|one, other| (one.available, &one.sku).cmp(&(other.available, &other.sku)));
    }
    if rows.is_empty() && !store_is_known(session, store_id).await? {
        return Ok(Err(Missing::Store));
    }
    Ok(Ok(Page::of(rows, limit)))
}

fn counted(row: &MySqlRow) -> Result<Counted, sqlx::Error> {
    Ok(Counted {
        sku: row.try_get("sku")?,
        available: row.try_get("available")?,
        on_hand: row.try_get("on_hand")?,
        held: row.try_get("held")?,
        safety: row.try_get("safety")?,
        version: row.try_get("version")?,
        updated_at: row.try_get("updated_at")?,
    })
}
