//! Rows of the projection that come from no item: the projection is read in the order of its keys, a page at a time, and
//! the items that prove its rows are asked for.
//!
//! A row is seen before its item is asked for, and nothing removes an item. So what has none is stray at once; there is
//! nothing to wait for.

use std::collections::{BTreeMap, BTreeSet};

use chrono::Utc;
use contracts::Table;
use sqlx::mysql::MySqlRow;
use sqlx::{AssertSqlSafe, MySqlConnection, MySqlPool, Row as _};

use super::Error;
use super::compare::key_text;
use super::report::{Difference, Kind, Report};
use super::settle::{look, settle};
use super::sourced::Sourced;
use crate::command_state::{CommandState, add_rows, partition_key};
use crate::core::Plan;
use crate::core::rows::{Line, Product, Reservation, Row, Sku, Stock, Store};
use crate::staging::patiently;
use crate::unfinished::{Reached, Work};

/// Rows of one page.
const PAGE_ROWS: usize = 500;

/// A row of the projection.
struct Seen {
    key: Vec<String>,
    row: String,
    source: String,
    proof: String,
    version: u64,
}

/// Looks for stray rows in every table, and removes them if they are to be repaired.
pub(super) async fn find(
    state: &CommandState,
    work: Work<'_>,
    report: &mut Report,
    repair: bool,
) -> Result<(), Error> {
    table::<Store>(state, work, report, repair).await?;
    table::<Product>(state, work, report, repair).await?;
    table::<Sku>(state, work, report, repair).await?;
    // Terms are left out: what they lead to is read once more by whoever searches, and there are millions.
    table::<Stock>(state, work, report, repair).await?;
    table::<Reservation>(state, work, report, repair).await?;
    table::<Line>(state, work, report, repair).await
}

async fn table<R: Sourced>(
    state: &CommandState,
    work: Work<'_>,
    report: &mut Report,
    repair: bool,
) -> Result<(), Error> {
    let part = format!("rows of {}", R::TABLE);
    let mut reached: Reached<Vec<String>, Report> = work.reached(&part).await?;
    while !reached.ended {
        let after = reached.after.unwrap_or_else(|| vec![String::new(); R::KEY.len()]);
        let page = page::<R>(work.pool, &after).await?;
        reached.ended = page.len() < PAGE_ROWS;
        reached.after = Some(page.last().map_or(after, |last| last.key.clone()));
        let strays = unproven::<R>(state, page).await?;
        for stray in &strays {
            reached.result.add(&difference::<R>(stray));
        }
        if repair && !strays.is_empty() {
            remove::<R>(state, work.pool, &mut reached.result, &strays).await?;
        }
        work.save(&part, &reached).await?;
    }
    report.merge(reached.result);
    Ok(())
}

fn difference<R: Row>(stray: &Seen) -> Difference {
    let detail = format!("version {} in the projection", stray.version);
    Difference { table: R::TABLE, kind: Kind::Stray, row: stray.row.clone(), detail }
}

/// The rows behind that key. The comparison is written out: not every server reads a range for one of tuples.
async fn page<R: Sourced>(pool: &MySqlPool, after: &[String]) -> Result<Vec<Seen>, Error> {
    let behind = match R::KEY {
        [one, two] => format!("{one} >= ? AND ({one} > ? OR {two} > ?)"),
        _ => format!("{} > ?", R::KEY.join("")),
    };
    let keys = R::KEY.join(", ");
    let sql = format!(
        "SELECT {keys}, {} AS row_key, {} AS source_key, {} AS proof_key, version FROM {} \
         WHERE {behind} ORDER BY {keys} LIMIT {PAGE_ROWS}",
        key_text::<R>(R::TABLE),
        R::source_key(R::TABLE),
        R::proof_key(R::TABLE),
        R::TABLE,
    );
    let read = async |connection: &mut MySqlConnection| {
        let mut query = sqlx::query(AssertSqlSafe(sql.clone()));
        if let [one, _] = after {
            query = query.bind(one);
        }
        for part in after {
            query = query.bind(part);
        }
        query.fetch_all(connection).await?.iter().map(seen::<R>).collect()
    };
    Ok(patiently(pool, read).await?)
}

fn seen<R: Row>(row: &MySqlRow) -> Result<Seen, sqlx::Error> {
    Ok(Seen {
        key: (0..R::KEY.len()).map(|column| row.try_get(column)).collect::<Result<_, _>>()?,
        row: row.try_get("row_key")?,
        source: row.try_get("source_key")?,
        proof: row.try_get("proof_key")?,
        version: row.try_get("version")?,
    })
}

/// The rows without an item, and the lines that are not in their reservation.
async fn unproven<R: Sourced>(state: &CommandState, mut page: Vec<Seen>) -> Result<Vec<Seen>, Error> {
    let keys: BTreeSet<&str> = page.iter().map(|seen| seen.proof.as_str()).collect();
    let keys: Vec<String> = keys.into_iter().map(str::to_owned).collect();
    let items = state.get(R::SOURCE, &keys).await?;
    let items: BTreeMap<String, _> =
        items.into_iter().map(|item| (partition_key(&item).to_owned(), item)).collect();
    if R::TABLE != Line::TABLE {
        page.retain(|seen| !items.contains_key(&seen.proof));
        return Ok(page);
    }
    let (mut plan, mut unreadable) = (Plan::default(), BTreeSet::new());
    for (key, item) in items {
        if add_rows(&mut plan, Table::Reservations, item, Utc::now()).is_err() {
            // It was told when it was scanned, and nobody knows its lines.
            unreadable.insert(key);
        }
    }
    page.retain(|seen| {
        let is_in =
            matches!(seen.key.as_slice(), [id, sku] if plan.lines.contains_key(&(id.clone(), sku.clone())));
        !is_in && !unreadable.contains(&seen.proof)
    });
    Ok(page)
}

async fn remove<R: Sourced>(
    state: &CommandState,
    pool: &MySqlPool,
    report: &mut Report,
    strays: &[Seen],
) -> Result<(), Error> {
    let key: Vec<String> = R::KEY.iter().map(|column| format!("{column} = ?")).collect();
    let sql = format!("DELETE FROM {} WHERE {} AND version = ?", R::TABLE, key.join(" AND "));
    let remove = async |connection: &mut MySqlConnection| {
        for stray in strays {
            let mut query = sqlx::query(AssertSqlSafe(sql.clone()));
            for part in &stray.key {
                query = query.bind(part);
            }
            query.bind(stray.version).execute(&mut *connection).await?;
        }
        Ok(())
    };
    patiently(pool, remove).await?;
    for stray in strays {
        report.repaired(&difference::<R>(stray));
    }
    // An aggregate that was made under the same key meanwhile found its row taken.
    let sources = strays.iter().map(|stray| (R::SOURCE, stray.source.clone())).collect();
    let found = look(state, pool, &sources).await?;
    settle(state, pool, report, found, true).await
}
