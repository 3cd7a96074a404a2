//! Reservations, without the customer (see [`super::customers`]).

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use contracts::{PickupCode, ReservationId, StoreId};
use sqlx::mysql::MySqlRow;
use sqlx::{MySql, QueryBuilder, Row};

use super::customers::{self, NamePart};
use super::list::push_list;
use super::{Error, Missing, Page, Session};

/// One customer's hold in one store.
#[derive(Debug)]
pub(crate) struct Reservation {
    pub(crate) reservation_id: String,
    pub(crate) pickup_code: String,
    pub(crate) store_id: String,
    pub(crate) status: String,
    pub(crate) version: u64,
    pub(crate) placed_at: DateTime<Utc>,
    pub(crate) expires_at: DateTime<Utc>,
    pub(crate) updated_at: DateTime<Utc>,
    pub(crate) extensions: u32,
    pub(crate) lines: Vec<Line>,
    /// The customer's account. Only to know the customer again; never to be answered.
    pub(crate) customer_id: Option<String>,
    /// SHA-256, in hex, of the customer's capability. Only to know the customer again; never to be answered.
    pub(crate) capability_hash: Option<String>,
}

/// How many pieces of one SKU.
#[derive(Debug)]
pub(crate) struct Line {
    pub(crate) sku: String,
    pub(crate) quantity: u32,
}

/// Where a page of reservations starts: behind this one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct After {
    pub(crate) expires_at: DateTime<Utc>,
    pub(crate) reservation_id: ReservationId,
}

const ONE: &str = "SELECT reservation_id, store_id, status, version, placed_at, expires_at, updated_at, \
    extensions, customer_id, capability_hash FROM reservations WHERE reservation_id = ?";

/// The reservation, with its lines.
pub(crate) async fn one(
    session: &mut Session,
    id: ReservationId,
) -> Result<Result<Reservation, Missing>, Error> {
    let row = session.row(sqlx::query(ONE).bind(id.to_string())).await?;
    let Some(row) = row else { return Ok(Err(Missing::Reservation)) };
    let mut found = [reservation(&row)?];
    add_lines(session, &mut found).await?;
    let [found] = found;
    Ok(Ok(found))
}

/// Two ranges, because MySQL finds none in `(expires_at, reservation_id) > (?, ?)`: most holds of a store end when it
/// closes, all at one time.
const OF_STORE: &str = "(SELECT reservation_id, store_id, status, version, placed_at, expires_at, updated_at, \
    extensions, customer_id, capability_hash FROM reservations FORCE INDEX (by_store) \
    WHERE store_id = ? AND status = ? AND expires_at = ? AND expires_at < ? AND reservation_id > ? \
    ORDER BY reservation_id LIMIT ?) \
    UNION ALL (SELECT reservation_id, store_id, status, version, placed_at, expires_at, updated_at, \
    extensions, customer_id, capability_hash FROM reservations FORCE INDEX (by_store) \
    WHERE store_id = ? AND status = ? AND expires_at > ? AND expires_at < ? \
    ORDER BY expires_at, reservation_id LIMIT ?)";

const STORE_KNOWN: &str = "SELECT 1 FROM stores WHERE store_id = ?";

/// Whether the store itself is projected.
pub(super) async fn store_is_known(session: &mut Session, store_id: &StoreId) -> Result<bool, Error> {
    Ok(session.row(sqlx::query(STORE_KNOWN).bind(store_id.as_str())).await?.is_some())
}

/// A store's reservations of one status that are due before a time, those that expire first in front, behind `after`.
pub(crate) async fn of_store(
    session: &mut Session,
    store_id: &StoreId,
    status: &str,
    due_before: DateTime<Utc>,
    after: Option<After>,
    limit: u32,
) -> Result<Result<Page<Reservation>, Missing>, Error> {
    // No hold expires before there was a service.
    let expires_at = after.map_or(DateTime::UNIX_EPOCH, |after| after.expires_at);
    // As DATETIME, like the column: a TIMESTAMP, as which sqlx sends times in UTC, ends in 2038 on some servers.
    let (expires_at, due_before) = (expires_at.naive_utc(), due_before.naive_utc());
    let reservation_id = after.map(|after| after.reservation_id.to_string()).unwrap_or_default();
    let fetch = Page::<Reservation>::fetch_limit(limit);
    let query = sqlx::query(OF_STORE)
        .bind(store_id.as_str())
        .bind(status)
        .bind(expires_at)
        .bind(due_before)
        .bind(reservation_id)
        .bind(fetch)
        .bind(store_id.as_str())
        .bind(status)
        .bind(expires_at)
        .bind(due_before)
        .bind(fetch);
    let mut rows = session.rows(query).await?.iter().map(reservation).collect::<Result<Vec<_>, _>>()?;
    // A union has no order of its own.
    in_order_of_end(&mut rows);
    if rows.is_empty() && !store_is_known(session, store_id).await? {
        return Ok(Err(Missing::Store));
    }
    let mut page = Page::of(rows, limit);
    add_lines(session, &mut page.rows).await?;
    Ok(Ok(page))
}

/// By its code, the newest first.
const BY_CODE: &str = "SELECT reservation_id, store_id, status, version, placed_at, expires_at, updated_at, \
    extensions, customer_id, capability_hash FROM reservations FORCE INDEX (by_pickup_code) \
    WHERE store_id = ? AND pickup_code = ? ORDER BY reservation_id DESC LIMIT ?";

/// By the end of its telephone number, the newest of each number first.
const BY_PHONE: &str = "SELECT reservation_id, store_id, status, version, placed_at, expires_at, updated_at, \
    extensions, customer_id, capability_hash FROM reservations FORCE INDEX (by_phone) \
    WHERE store_id = ? AND phone_reversed >= ? AND phone_reversed < ? \
    ORDER BY phone_reversed DESC, reservation_id DESC LIMIT ?";

/// Fewest digits of a whole national number.
const WHOLE_NUMBER: usize = 10;

/// What staff know of a hold that they look for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Clue {
    Code(PickupCode),
    /// The last digits of the telephone number.
    PhoneEnd(String),
    /// A part of the customer's name.
    Name(NamePart),
}

/// What was found by a clue.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) page: Page<Reservation>,
    /// Whether everything was looked through that could fit.
    pub(crate) complete: bool,
}

const BY_IDS: &str = "SELECT reservation_id, store_id, status, version, placed_at, expires_at, updated_at, \
    extensions, customer_id, capability_hash FROM reservations FORCE INDEX (PRIMARY) WHERE reservation_id IN ";

/// A store's reservations that fit, `limit` of them at most.
pub(crate) async fn find(
    session: &mut Session,
    store_id: &StoreId,
    clue: &Clue,
    limit: u32,
) -> Result<Result<Found, Missing>, Error> {
    let fetch = Page::<Reservation>::fetch_limit(limit);
    let mut complete = true;
    let rows = match clue {
        Clue::Code(code) => {
            let query = sqlx::query(BY_CODE).bind(store_id.as_str()).bind(code.to_string());
            session.rows(query.bind(fetch)).await?
        }
        Clue::PhoneEnd(digits) => {
            // A whole national number has a zero in front that the international one has not.
            let digits = match digits.strip_prefix('0') {
                Some(rest) if digits.len() >= WHOLE_NUMBER => rest,
                _ => digits,
            };
            let first: String = digits.chars().rev().collect();
            // The character behind 9.
            let behind = format!("{first}:");
            let query = sqlx::query(BY_PHONE).bind(store_id.as_str()).bind(first).bind(behind);
            session.rows(query.bind(fetch)).await?
        }
        Clue::Name(part) => {
            let limit = usize::try_from(fetch).unwrap_or(usize::MAX);
            let named = customers::named(session, store_id, part, limit).await?;
            complete = named.complete;
            let mut query = QueryBuilder::<MySql>::new(BY_IDS);
            push_list(&mut query, named.reservation_ids.iter().map(String::as_str));
            session.rows(query.build()).await?
        }
    };
    let mut rows = rows.iter().map(reservation).collect::<Result<Vec<_>, _>>()?;
    if matches!(clue, Clue::Name(_)) {
        in_order_of_end(&mut rows);
    }
    if rows.is_empty() && !store_is_known(session, store_id).await? {
        return Ok(Err(Missing::Store));
    }
    let mut page = Page::of(rows, limit);
    add_lines(session, &mut page.rows).await?;
    Ok(Ok(Found { page, complete }))
}

/// Those that end first in front.
fn in_order_of_end(rows: &mut [Reservation]) {
    rows.sort_by(|one, other| {
        (one.expires_at, &one.reservation_id).cmp(&(other.expires_at, &other.reservation_id))
    });
}

/// Reads the lines of all these reservations at once. A reservation's lines never change and are projected together with
/// it, so it does not matter that this is a second statement.
async fn add_lines(session: &mut Session, reservations: &mut [Reservation]) -> Result<(), Error> {
    if reservations.is_empty() {
        return Ok(());
    }
    let mut query = QueryBuilder::<MySql>::new(
        "SELECT reservation_id, sku, quantity FROM reservation_lines WHERE reservation_id IN ",
    );
    push_list(&mut query, reservations.iter().map(|reservation| reservation.reservation_id.as_str()));
    query.push(" ORDER BY reservation_id, sku");
    let rows = session.rows(query.build()).await?;
    let mut lines: HashMap<String, Vec<Line>> = HashMap::new();
    for row in rows {
        let line = Line { sku: row.try_get("sku")?, quantity: row.try_get("quantity")? };
        lines.entry(row.try_get("reservation_id")?).or_default().push(line);
    }
    for reservation in reservations {
        reservation.lines = lines.remove(&reservation.reservation_id).unwrap_or_default();
    }
    Ok(())
}

fn reservation(row: &MySqlRow) -> Result<Reservation, sqlx::Error> {
    let reservation_id: String = row.try_get("reservation_id")?;
    // Made anew: rows that no relay of today wrote have none.
    let id = reservation_id.parse::<ReservationId>().map_err(|error| sqlx::Error::Decode(error.into()))?;
    Ok(Reservation {
        reservation_id,
        pickup_code: PickupCode::from(id).to_string(),
        store_id: row.try_get("store_id")?,
        status: row.try_get("status")?,
        version: row.try_get("version")?,
        placed_at: row.try_get("placed_at")?,
        expires_at: row.try_get("expires_at")?,
        updated_at: row.try_get("updated_at")?,
        extensions: row.try_get("extensions")?,
        lines: Vec::new(),
        customer_id: row.try_get("customer_id")?,
        capability_hash: row.try_get("capability_hash")?,
    })
}
