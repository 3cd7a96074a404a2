//! Stores: one by its id, and those near a place, maybe with what they have of a SKU.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use contracts::{Brand, HoldPolicy, OpeningHours, Sku, StoreId};
use sqlx::mysql::MySqlRow;
use sqlx::{MySql, QueryBuilder, Row};

use super::list::push_list;
use super::places::{AfterPlace, Place, Places};
use super::takes::{self, Takes};
use super::{Error, Missing, Page, Session};

/// Most stores of one statement: a page of the largest size is mostly filled by one.
const STORES_PER_STATEMENT: usize = 256;

/// A shop.
#[derive(Debug)]
pub(crate) struct Store {
    pub(crate) store_id: String,
    pub(crate) name_ja: Option<String>,
    pub(crate) name_en: Option<String>,
    pub(crate) address_ja: Option<String>,
    pub(crate) address_en: Option<String>,
    pub(crate) latitude: Option<f64>,
    pub(crate) longitude: Option<f64>,
    pub(crate) time_zone: String,
    pub(crate) hours: Option<Hours>,
    /// How it keeps things for people, where that is understood.
    pub(crate) policy: Option<HoldPolicy>,
    pub(crate) version: u64,
    pub(crate) updated_at: DateTime<Utc>,
}

/// When a store is open, where that is known.
#[derive(Debug)]
pub(crate) struct Hours {
    pub(crate) opening: OpeningHours,
    pub(crate) zone: Tz,
}

/// How many pieces of a SKU a store has.
#[derive(Debug)]
pub(crate) struct Count {
    /// Pieces that one hold can have.
    pub(crate) available: i32,
    /// Pieces that are left for whoever comes.
    pub(crate) in_store: i32,
    pub(crate) version: u64,
    pub(crate) updated_at: DateTime<Utc>,
}

/// A store near a place.
#[derive(Debug)]
pub(crate) struct Near {
    pub(crate) distance_mm: u64,
    pub(crate) store: Store,
    /// Of the SKU that was asked for.
    pub(crate) count: Option<Count>,
}

/// Which of the stores near a place.
pub(crate) struct Wanted<'q> {
    /// Only those that counted this SKU and have so many pieces left.
    pub(crate) sku: Option<(&'q Sku, i32)>,
    /// Only those that are known to be open then.
    pub(crate) open_at: Option<DateTime<Utc>>,
    pub(crate) after: Option<&'q AfterPlace>,
    pub(crate) limit: u32,
}

/// The columns of [`Store`] beside those of [`takes`], as they are called in answers of the database.
const COLUMNS: &str = "stores.store_id, stores.name_ja, stores.name_en, stores.address_ja, stores.address_en, \
    stores.latitude, stores.longitude, stores.version AS store_version, stores.updated_at AS store_updated_at";

/// A statement that reads what [`store`] and [`Takes::read`] need.
pub(super) fn select(from: &str) -> String {
    format!("SELECT {COLUMNS}, {}{from}", takes::COLUMNS)
}

/// The store.
pub(crate) async fn one(session: &mut Session, id: &StoreId) -> Result<Result<Store, Missing>, Error> {
    let mut query = QueryBuilder::<MySql>::new(select(" FROM stores WHERE store_id = "));
    let row = session.row(query.push_bind(id.as_str()).build()).await?;
    Ok(match row {
        Some(row) => Ok(store(&row)?),
        None => Err(Missing::Store),
    })
}

/// The first stores of a brand, in the order of their ids.
pub(crate) async fn first(session: &mut Session, brand: &Brand, limit: u32) -> Result<Vec<Store>, Error> {
    let mut query =
        QueryBuilder::<MySql>::new(select(" FROM stores FORCE INDEX (PRIMARY) WHERE store_id > "));
    // An id is the slug, a dot and a code; behind the dot comes the slash.
    query.push_bind(format!("{brand}.")).push(" AND store_id < ").push_bind(format!("{brand}/"));
    query.push(" ORDER BY store_id LIMIT ").push_bind(limit);
    let rows = session.rows(query.build()).await?;
    Ok(rows.iter().map(store).collect::<Result<_, _>>()?)
}

/// A page of the stores that are wanted, nearest first.
pub(crate) async fn near(
    session: &mut Session,
    places: &Places,
    wanted: &Wanted<'_>,
) -> Result<Page<Near>, Error> {
    let full = usize::try_from(Page::<Near>::fetch_limit(wanted.limit)).unwrap_or(usize::MAX);
    let (mut page, now) = (Vec::new(), Utc::now());
    let mut rest = places.behind(wanted.after);
    // Twice a page mostly has one in stock; where few have it, fewer and fewer statements look at the rest.
    let mut together = full.saturating_mul(2);
    while page.len() < full && !rest.is_empty() {
        let (some, others) = rest.split_at(rest.len().min(together).min(STORES_PER_STATEMENT));
        let mut found = among(session, some, wanted).await?;
        for place in some {
            if page.len() == full {
                break;
            }
            let Some(row) = found.remove(&place.store_id) else { continue };
            let store = store(&row)?;
            if wanted.open_at.is_none_or(|now| store.open_until(now).is_some()) {
                let count = if wanted.sku.is_some() { Some(count(&row, now)?) } else { None };
                page.push(Near { distance_mm: place.distance_mm, store, count });
            }
        }
        rest = others;
        together = together.saturating_mul(2);
    }
    Ok(Page::of(page, wanted.limit))
}

/// The rows of those stores that have what is wanted, by their ids.
async fn among(
    session: &mut Session,
    places: &[Place],
    wanted: &Wanted<'_>,
) -> Result<HashMap<String, MySqlRow>, Error> {
    let mut query = QueryBuilder::<MySql>::new(select(""));
    if let Some((sku, least)) = wanted.sku {
        query.push(
            ", stock.available AS in_store, stock.version, stock.updated_at FROM stock FORCE INDEX (by_sku) \
             STRAIGHT_JOIN stores ON stores.store_id = stock.store_id WHERE stock.sku = ",
        );
        query.push_bind(sku.as_str()).push(" AND stock.available >= ").push_bind(least);
        query.push(" AND stock.store_id IN ");
    } else {
        query.push(" FROM stores FORCE INDEX (PRIMARY) WHERE store_id IN ");
    }
    push_list(&mut query, places.iter().map(|place| place.store_id.as_str()));
    let rows = session.rows(query.build()).await?;
    Ok(rows.into_iter().map(|row| Ok((row.try_get("store_id")?, row))).collect::<Result<_, sqlx::Error>>()?)
}

fn count(row: &MySqlRow, now: DateTime<Utc>) -> Result<Count, sqlx::Error> {
    let in_store = row.try_get("in_store")?;
    Ok(Count {
        available: Takes::read(row, now)?.of_left(in_store),
        in_store,
        version: row.try_get("version")?,
        updated_at: row.try_get("updated_at")?,
    })
}

pub(super) fn store(row: &MySqlRow) -> Result<Store, sqlx::Error> {
    let time_zone: String = row.try_get("time_zone")?;
    let opening: Option<String> = row.try_get("opening_hours")?;
    let opening = opening.and_then(|json| serde_json::from_str::<OpeningHours>(&json).ok());
    let known = opening.filter(OpeningHours::are_known);
    let hours = known.zip(time_zone.parse().ok()).map(|(opening, zone)| Hours { opening, zone });
    let policy: Option<String> = row.try_get("hold_policy")?;
    let policy = policy.map_or_else(|| Some(HoldPolicy::default()), |json| serde_json::from_str(&json).ok());
    Ok(Store {
        store_id: row.try_get("store_id")?,
        name_ja: row.try_get("name_ja")?,
        name_en: row.try_get("name_en")?,
        address_ja: row.try_get("address_ja")?,
        address_en: row.try_get("address_en")?,
        latitude: row.try_get("latitude")?,
        longitude: row.try_get("longitude")?,
        time_zone,
        hours,
        policy,
        version: row.try_get("store_version")?,
        updated_at: row.try_get("store_updated_at")?,
    })
}

impl Store {
    /// Until when it is open, on its own clock; `None` where it is closed or nothing is known.
    pub(crate) fn open_until(&self, now: DateTime<Utc>) -> Option<DateTime<Tz>> {
        let Hours { opening, zone } = self.hours.as_ref()?;
        Some(opening.open_until(now, *zone)?.with_timezone(zone))
    }

    /// Until when it keeps what is put aside now; `None` where it takes no holds, or nothing is known.
    pub(crate) fn keeps_until(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let policy = self.policy.as_ref().filter(|policy| policy.accepts_holds())?;
        let zone = self.time_zone.parse().ok()?;
        match &self.hours {
            Some(Hours { opening, .. }) => policy.deadline(now, opening, zone),
            None => policy.deadline(now, &OpeningHours::default(), zone),
        }
    }

    /// In how many days it closes next, on its own calendar: 0 when that is today, so somebody can still come.
    pub(crate) fn days_to_closing(&self, now: DateTime<Utc>) -> Option<i64> {
        let Hours { opening, zone } = self.hours.as_ref()?;
        // Midnight ends a day, it does not begin one.
        let last_moment = opening.closing_after(now, *zone)? - TimeDelta::seconds(1);
        let day = |time: DateTime<Utc>| time.with_timezone(zone).date_naive();
        Some((day(last_moment) - day(now)).num_days())
    }
}
