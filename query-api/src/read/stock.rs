//! Counts: of one SKU in one store, and of one SKU in all of them.

use chrono::{DateTime, Utc};
use contracts::{Sku, StoreId};
use sqlx::mysql::MySqlRow;
use sqlx::{MySql, QueryBuilder, Row};

use super::takes::{self, Takes};
use super::{Error, First, Missing, Page, Session, as_of};

/// The count of one SKU in one store.
#[derive(Debug, Clone)]
pub(crate) struct Level {
    /// Pieces that one hold can have.
    pub(crate) available: i32,
    /// Pieces that are left for whoever comes.
    pub(crate) in_store: i32,
    pub(crate) on_hand: i32,
    pub(crate) held: i32,
    pub(crate) safety: i32,
    pub(crate) version: u64,
    pub(crate) updated_at: DateTime<Utc>,
}

/// The columns of a count; what stands in `available` there knows nothing of the store.
pub(super) const COLUMNS: &str = "stock.available AS in_store, stock.on_hand, stock.held, stock.safety, stock.version, \
    stock.updated_at";

const KNOWN: &str = "SELECT EXISTS(SELECT 1 FROM stores WHERE store_id = ?) AS store, \
    EXISTS(SELECT 1 FROM skus WHERE sku = ?) AS sku";

/// The count of this SKU in this store, or what is missing.
///
/// A count proves its store and SKU, even where they are not projected yet.
pub(crate) struct LevelOf<'q> {
    pub(crate) store_id: &'q StoreId,
    pub(crate) sku: &'q Sku,
}

impl First for LevelOf<'_> {
    type Read = Result<Level, Missing>;

    async fn read(&self, session: &mut Session) -> Result<Self::Read, Error> {
        if let Some(level) = self.counted(session).await? {
            return Ok(Ok(level));
        }
        // No row, no date. What is missing has to be so at the time that the answer names.
        session.date().await?;
        match self.counted(session).await? {
            Some(level) => Ok(Ok(level)),
            None => Ok(Err(self.missing(session).await?)),
        }
    }
}

impl LevelOf<'_> {
    /// With its date: the most asked question takes one trip.
    async fn counted(&self, session: &mut Session) -> Result<Option<Level>, Error> {
        let from = "stock LEFT JOIN stores ON stores.store_id = stock.store_id";
        let columns = format!("{COLUMNS}, {}", takes::COLUMNS);
        let mut query = QueryBuilder::<MySql>::new(as_of::dated(&columns, from));
        query.push(" WHERE stock.store_id = ").push_bind(self.store_id.as_str());
        query.push(" AND stock.sku = ").push_bind(self.sku.as_str());
        let Some(row) = session.row(query.build()).await? else { return Ok(None) };
        session.date_by(&row)?;
        Ok(Some(read(&row, Takes::read(&row, Utc::now())?)?))
    }

    async fn missing(&self, session: &mut Session) -> Result<Missing, Error> {
        let (store_id, sku) = (self.store_id.as_str(), self.sku.as_str());
        let known = session.row(sqlx::query(KNOWN).bind(store_id).bind(sku)).await?;
        let known = known.ok_or(sqlx::Error::RowNotFound)?;
        Ok(if known.try_get::<i64, _>("store")? == 0 {
            Missing::Store
        } else if known.try_get::<i64, _>("sku")? == 0 {
            Missing::Sku
        } else {
            Missing::Stock
        })
    }
}

/// The count that stands in a row with the columns of [`COLUMNS`], in a store that takes so much.
pub(super) fn read(row: &MySqlRow, takes: Takes) -> Result<Level, sqlx::Error> {
    let in_store = row.try_get("in_store")?;
    Ok(Level {
        available: takes.of_left(in_store),
        in_store,
        on_hand: row.try_get("on_hand")?,
        held: row.try_get("held")?,
        safety: row.try_get("safety")?,
        version: row.try_get("version")?,
        updated_at: row.try_get("updated_at")?,
    })
}

/// A store that counted the SKU.
#[derive(Debug)]
pub(crate) struct StoreWithSku {
    pub(crate) store_id: String,
    pub(crate) name_ja: Option<String>,
    pub(crate) name_en: Option<String>,
    pub(crate) latitude: Option<f64>,
    pub(crate) longitude: Option<f64>,
    pub(crate) available: i32,
    pub(crate) in_store: i32,
    pub(crate) version: u64,
    pub(crate) updated_at: DateTime<Utc>,
}

/// A store whose own row is not projected yet is left out: nobody can be sent to a shop without a name, and the answer
/// stays true, for the store's event is older than its first count, so `as_of` is older than both.
///
/// The order of the join and the index are fixed, because the optimiser's other choice, to walk all stores in order, is
/// the better one only while there are few.
const STORES_WITH_SKU: &str = "stock.store_id, stores.name_ja, stores.name_en, stores.latitude, \
    stores.longitude, stock.available AS in_store, stock.version, stock.updated_at FROM stock FORCE INDEX (by_sku) STRAIGHT_JOIN stores ON stores.store_id = stock.store_id \
    WHERE stock.sku = ";

const SKU_KNOWN: &str = "SELECT 1 FROM skus WHERE sku = ?";

/// Stores that counted the SKU, in the order of their ids, behind `after`; only those that have so many pieces left.
pub(crate) async fn stores_with_sku(
    session: &mut Session,
    sku: &Sku,
    least: i32,
    after: Option<&StoreId>,
    limit: u32,
) -> Result<Result<Page<StoreWithSku>, Missing>, Error> {
    let now = Utc::now();
    let mut query = QueryBuilder::<MySql>::new(format!("SELECT {}, {STORES_WITH_SKU}", takes::COLUMNS));
    query.push_bind(sku.as_str());
    query.push(" AND stock.store_id > ").push_bind(after.map_or("", StoreId::as_str));
    query.push(" AND stock.available >= ").push_bind(least);
    query.push(" ORDER BY stock.store_id LIMIT ").push_bind(Page::<StoreWithSku>::fetch_limit(limit));
    let rows = session
        .rows(query.build())
        .await?
        .iter()
        .map(|row| store_with_sku(row, now))
        .collect::<Result<Vec<_>, _>>()?;
    if rows.is_empty() && !sku_is_known(session, sku).await? {
        return Ok(Err(Missing::Sku));
    }
    Ok(Ok(Page::of(rows, limit)))
}

/// Whether some product has the SKU.
pub(crate) async fn sku_is_known(session: &mut Session, sku: &Sku) -> Result<bool, Error> {
    Ok(session.row(sqlx::query(SKU_KNOWN).bind(sku.as_str())).await?.is_some())
}

fn store_with_sku(row: &MySqlRow, now: DateTime<Utc>) -> Result<StoreWithSku, sqlx::Error> {
    let in_store = row.try_get("in_store")?;
    Ok(StoreWithSku {
        store_id: row.try_get("store_id")?,
        name_ja: row.try_get("name_ja")?,
        name_en: row.try_get("name_en")?,
        latitude: row.try_get("latitude")?,
        longitude: row.try_get("longitude")?,
        available: Takes::read(row, now)?.of_left(in_store),
        in_store,
        version: row.try_get("version")?,
        updated_at: row.try_get("updated_at")?,
    })
}
