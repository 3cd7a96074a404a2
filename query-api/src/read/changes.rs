//! Which stocks changed, in the order in which that was committed.
//!
//! The relay gives each of its transactions the next position, so that they are committed in the order of their positions
//! (`outbox-relay/core/changes.rs`): when the last position is read first, every change up to it is there to be read.

use std::collections::BTreeSet;

use chrono::Utc;
use contracts::{Sku, StoreId};
use sqlx::mysql::MySqlRow;
use sqlx::{MySql, QueryBuilder, Row};

use super::list::push_list;
use super::stock::{self, Level};
use super::takes::{self, OfStores, Takes};
use super::{Error, Session};

/// Transactions whose changes are read at once. Each changed some thousand stocks at most.
const POSITIONS_PER_READ: u64 = 4;

/// The count of one SKU in one store, as it is now.
#[derive(Debug)]
pub(crate) struct Changed {
    pub(crate) store_id: String,
    pub(crate) sku: String,
    pub(crate) level: Level,
}

/// What changed behind a position.
#[derive(Debug)]
pub(crate) struct Changes {
    /// All changes up to here are told, now or before.
    pub(crate) position: u64,
    /// What changed, as it is now. A change that was followed by another may be told with that one.
    pub(crate) rows: Vec<Changed>,
    /// Whether any other stock may have changed, too.
    pub(crate) anew: bool,
}

const LAST: &str = "SELECT position FROM positions WHERE name = 'stock'";

/// The last position there is.
pub(crate) async fn last(session: &mut Session) -> Result<u64, Error> {
    let row = session.row(sqlx::query(LAST)).await?;
    Ok(row.map(|row| row.try_get("position")).transpose()?.unwrap_or_default())
}

const BETWEEN: &str = "SELECT changes.store_id, changes.sku, stock.available AS in_store, stock.on_hand, stock.held, \
    stock.safety, stock.version, stock.updated_at FROM stock_changes AS changes FORCE INDEX (by_position) \
    LEFT JOIN stock ON stock.store_id = changes.store_id AND stock.sku = changes.sku \
    WHERE changes.position > ? AND changes.position <= ? ORDER BY changes.position";

/// What changed behind `after`, as far as one read takes, up to `last`.
pub(crate) async fn between(session: &mut Session, after: u64, last: u64) -> Result<Changes, Error> {
    let position = after.saturating_add(POSITIONS_PER_READ).min(last);
    let (mut rows, mut anew) = (Vec::new(), false);
    for row in session.rows(sqlx::query(BETWEEN).bind(after).bind(position)).await? {
        if row.try_get::<String, _>("store_id")?.is_empty() {
            anew = true;
        } else if row.try_get::<Option<u64>, _>("version")?.is_some() {
            rows.push(row);
        }
    }
    Ok(Changes { position, rows: changed(session, &rows).await?, anew })
}

/// The counts that stand in rows, with what their stores take of them: many counts of few stores.
async fn changed(session: &mut Session, rows: &[MySqlRow]) -> Result<Vec<Changed>, Error> {
    let stores = rows.iter().map(|row| row.try_get("store_id")).collect::<Result<BTreeSet<&str>, _>>()?;
    let takes = OfStores::read(session, stores).await?;
    let changed = rows.iter().map(|row| {
        let (store_id, sku): (String, String) = (row.try_get("store_id")?, row.try_get("sku")?);
        let level = stock::read(row, takes.of(&store_id))?;
        Ok::<_, sqlx::Error>(Changed { store_id, sku, level })
    });
    Ok(changed.collect::<Result<_, _>>()?)
}

/// The counts of these SKUs in these stores, of those that changed behind `after`; all where it is `None`, or where more
/// may have changed than was noted.
pub(crate) async fn since(
    session: &mut Session,
    stores: &[StoreId],
    skus: &[Sku],
    after: Option<u64>,
) -> Result<Vec<Changed>, Error> {
    let all = match after {
        None => true,
        Some(after) => all_changed_at(session).await? > after || last(session).await? < after,
    };
    let mut query = QueryBuilder::<MySql>::new(format!(
        "SELECT stock.store_id, stock.sku, {}, {}, changes.position FROM stock \
         LEFT JOIN stores ON stores.store_id = stock.store_id LEFT JOIN stock_changes AS changes \
         ON changes.store_id = stock.store_id AND changes.sku = stock.sku WHERE stock.store_id IN ",
        stock::COLUMNS,
        takes::COLUMNS
    ));
    push_list(&mut query, stores.iter().map(StoreId::as_str));
    query.push(" AND stock.sku IN ");
    push_list(&mut query, skus.iter().map(Sku::as_str));
    let (mut found, now) = (Vec::new(), Utc::now());
    for row in session.rows(query.build()).await? {
        if all || row.try_get::<Option<u64>, _>("position")? > after {
            let level = stock::read(&row, Takes::read(&row, now)?)?;
            found.push(Changed { store_id: row.try_get("store_id")?, sku: row.try_get("sku")?, level });
        }
    }
    Ok(found)
}

const ALL_CHANGED: &str = "SELECT position FROM stock_changes WHERE store_id = '' AND sku = ''";

async fn all_changed_at(session: &mut Session) -> Result<u64, Error> {
    let row = session.row(sqlx::query(ALL_CHANGED)).await?;
    Ok(row.map(|row| row.try_get("position")).transpose()?.unwrap_or_default())
}
