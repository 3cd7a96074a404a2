//! Everything that a store counted.

use contracts::{Sku, StoreId};
use sqlx::Row;

use super::reservations::store_is_known;
use super::stock::{self, Level};
use super::takes::OfStores;
use super::{Error, Missing, Page, Session};

/// The count of one SKU.
#[derive(Debug)]
pub(crate) struct Counted {
    pub(crate) sku: String,
    pub(crate) level: Level,
}

/// Which counts, and behind which one.
#[derive(Debug)]
pub(crate) enum Wanted<'w> {
    /// All, in the order of SKUs.
    All(Option<&'w Sku>),
    /// Those with at most so many pieces left, the scarcest first.
    Scarce(u32, Option<(u32, &'w Sku)>),
}

const ALL: &str = "SELECT sku, available AS in_store, on_hand, held, safety, version, updated_at FROM stock \
    WHERE store_id = ? AND sku > ? ORDER BY sku LIMIT ?";

/// Two ranges, because MySQL finds none in `(available, sku) > (?, ?)`: it would walk all that has as many pieces again.
const SCARCE: &str = "(SELECT sku, available AS in_store, on_hand, held, safety, version, updated_at \
    FROM stock FORCE INDEX (by_available) WHERE store_id = ? AND available = ? AND sku > ? ORDER BY sku LIMIT ?) \
    UNION ALL (SELECT sku, available AS in_store, on_hand, held, safety, version, updated_at \
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
    let rows = session.rows(query).await?;
    let takes = OfStores::read(session, [store_id.as_str()]).await?.of(store_id.as_str());
    let counted = rows.iter().map(|row| {
        Ok::<_, sqlx::Error>(Counted { sku: row.try_get("sku")?, level: stock::read(row, takes)? })
    });
    let mut rows = counted.collect::<Result<Vec<_>, _>>()?;
    if let Wanted::Scarce(..) = wanted {
        // A union has no order of its own.
        rows.sort_by(|one, other| (one.level.in_store, &one.sku).cmp(&(other.level.in_store, &other.sku)));
    }
    if rows.is_empty() && !store_is_known(session, store_id).await? {
        return Ok(Err(Missing::Store));
    }
    Ok(Ok(Page::of(rows, limit)))
}
