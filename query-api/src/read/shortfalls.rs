//! What a store promised and does not have.

use contracts::{Sku, StoreId};
use sqlx::Row;

use super::reservations::store_is_known;
use super::{Error, Missing, Page, Session};

/// A SKU of which more is held than is there.
#[derive(Debug)]
pub(crate) struct Shortfall {
    pub(crate) sku: String,
    pub(crate) missing: i32,
    pub(crate) on_hand: i32,
    pub(crate) held: i32,
    pub(crate) version: u64,
    pub(crate) at_risk: Vec<AtRisk>,
}

/// A running hold that cannot be kept if nothing is found.
#[derive(Debug)]
pub(crate) struct AtRisk {
    pub(crate) reservation_id: String,
    pub(crate) quantity: u32,
}

/// Where a page starts: behind this one.
#[derive(Debug, Clone, Copy)]
pub(crate) struct After<'a> {
    pub(crate) missing: u32,
    pub(crate) sku: &'a Sku,
}

/// More than any count: behind it the first page starts.
const MOST: u32 = i32::MAX.unsigned_abs();

/// Two ranges, because MySQL finds none in `(missing, sku) < (?, ?)`.
const OF_STORE: &str = "(SELECT sku, missing, on_hand, held, version FROM stock FORCE INDEX (by_missing) \
    WHERE store_id = ? AND missing = ? AND sku < ? ORDER BY sku DESC LIMIT ?) \
    UNION ALL (SELECT sku, missing, on_hand, held, version FROM stock FORCE INDEX (by_missing) \
    WHERE store_id = ? AND missing >= 1 AND missing < ? ORDER BY missing DESC, sku DESC LIMIT ?)";

/// Ids sort by the time they were made: those placed last are the first that cannot be kept. A hold is of one piece at
/// least, so as many rows as pieces are missing are enough.
const AT_RISK: &str = "SELECT reservation_id, quantity FROM reservation_lines FORCE INDEX (by_stock) \
    WHERE store_id = ? AND sku = ? AND running = TRUE ORDER BY reservation_id DESC LIMIT ?";
/// Most holds that are named for one SKU: more people than that nobody calls in a day.
const MAX_AT_RISK: u32 = 50;

/// A store's shortfalls, the largest first, behind `after`.
pub(crate) async fn of_store(
    session: &mut Session,
    store_id: &StoreId,
    after: Option<After<'_>>,
    limit: u32,
) -> Result<Result<Page<Shortfall>, Missing>, Error> {
    let from = after.map_or(MOST, |after| after.missing);
    let fetch = Page::<Shortfall>::fetch_limit(limit);
    let query = sqlx::query(OF_STORE)
        .bind(store_id.as_str())
        .bind(from)
        .bind(after.map_or("", |after| after.sku.as_str()))
        .bind(fetch)
        .bind(store_id.as_str())
        .bind(from)
        .bind(fetch);
    let rows = session.rows(query).await?;
    if rows.is_empty() && !store_is_known(session, store_id).await? {
        return Ok(Err(Missing::Store));
    }
    let rows = rows.iter().map(|row| {
        Ok::<_, sqlx::Error>(Shortfall {
            sku: row.try_get("sku")?,
            missing: row.try_get("missing")?,
            on_hand: row.try_get("on_hand")?,
            held: row.try_get("held")?,
            version: row.try_get("version")?,
            at_risk: Vec::new(),
        })
    });
    let mut rows = rows.collect::<Result<Vec<_>, _>>()?;
    // A union has no order of its own.
    rows.sort_by(|one, other| (other.missing, &other.sku).cmp(&(one.missing, &one.sku)));
    let mut page = Page::of(rows, limit);
    for shortfall in &mut page.rows {
        shortfall.at_risk = at_risk(session, store_id, shortfall).await?;
    }
    Ok(Ok(page))
}

/// The newest of the holds, as many as the missing pieces are in.
async fn at_risk(
    session: &mut Session,
    store_id: &StoreId,
    shortfall: &Shortfall,
) -> Result<Vec<AtRisk>, Error> {
    let most = u32::try_from(shortfall.missing).unwrap_or_default().min(MAX_AT_RISK);
    let query = sqlx::query(AT_RISK).bind(store_id.as_str()).bind(shortfall.sku.as_str()).bind(most);
    let (mut at_risk, mut left) = (Vec::new(), i64::from(shortfall.missing));
    for row in session.rows(query).await? {
        if left <= 0 {
            break;
        }
        let one =
            AtRisk { reservation_id: row.try_get("reservation_id")?, quantity: row.try_get("quantity")? };
        left -= i64::from(one.quantity);
        at_risk.push(one);
    }
    Ok(at_risk)
}
