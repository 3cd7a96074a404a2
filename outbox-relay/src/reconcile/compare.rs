//! Rows of command state against those of the projection, in the database itself.

use contracts::Table;
use sqlx::{AssertSqlSafe, MySqlConnection, Row as _};

use super::report::{Difference, Kind};
use super::sourced::Sourced;
use crate::core::rows::Row;
use crate::core::{Edition, Plan};
use crate::staging::{UPDATED_AT, execute, forget, raise, same_key, stage};

/// A row in which the two sides differ.
#[derive(Debug, Clone)]
pub(super) struct Found {
    pub difference: Difference,
    /// The item that the row is made from.
    pub source: (Table, String),
    /// Version in command state.
    pub ours: u64,
    /// Version in the projection, 0 where the row is missing.
    pub theirs: u64,
}

/// What a comparison does about what it finds.
#[derive(Debug, Clone, Copy)]
pub(super) enum Action<'a> {
    Look,
    /// Makes the projection's rows what the plan says. Rows that are ahead only where they are among these, in the same
    /// version: a version may only be lowered that command state was seen not to have reached later.
    Repair(&'a [Found]),
}

/// Every row of the plan that is not so in the projection.
pub(super) async fn compare(
    connection: &mut MySqlConnection,
    plan: &Plan,
    action: Action<'_>,
) -> Result<Vec<Found>, sqlx::Error> {
    let mut found = Vec::new();
    rows(connection, plan.stores.values(), action, &mut found).await?;
    rows(connection, plan.products.values(), action, &mut found).await?;
    rows(connection, plan.skus.values(), action, &mut found).await?;
    rows(connection, plan.terms.values(), action, &mut found).await?;
    rows(connection, plan.stocks.values(), action, &mut found).await?;
    rows(connection, plan.reservations.values(), action, &mut found).await?;
    rows(connection, plan.lines.values(), action, &mut found).await?;
    Ok(found)
}

async fn rows<'r, R: Sourced + 'r>(
    connection: &mut MySqlConnection,
    rows: impl ExactSizeIterator<Item = &'r R>,
    action: Action<'_>,
    found: &mut Vec<Found>,
) -> Result<(), sqlx::Error> {
    if rows.len() == 0 {
        return Ok(());
    }
    stage(connection, rows).await?;
    match action {
        Action::Look => look::<R>(connection, found).await?,
        Action::Repair(ahead) => repair::<R>(connection, ahead).await?,
    }
    forget::<R>(connection).await
}

/// The columns that state has, besides key and version.
fn compared<R: Row>() -> impl Iterator<Item = &'static str> {
    R::COLUMNS.iter().copied().filter(|column| *column != UPDATED_AT)
}

/// The key of a row as one text.
pub(super) fn key_text<R: Row>(table: &str) -> String {
    let columns = R::KEY.iter().map(|column| format!("{table}.{column}")).collect::<Vec<_>>();
    format!("CONCAT_WS('#', {})", columns.join(", "))
}

async fn look<R: Sourced>(
    connection: &mut MySqlConnection,
    found: &mut Vec<Found>,
) -> Result<(), sqlx::Error> {
    let (live, staged) = (Edition::Live.table::<R>(), Edition::Staged.table::<R>());
    // Byte by byte: to the columns' own collation, small letters are the same as capitals.
    let differing = compared::<R>().map(|column| {
        format!("IF(CAST({live}.{column} AS BINARY) <=> CAST({staged}.{column} AS BINARY), NULL, '{column}')")
    });
    let sql = format!(
        "SELECT {} AS source_key, {} AS row_key, {staged}.version AS ours, {live}.version AS theirs, \
         CONCAT_WS(', ', {}) AS fields FROM {staged} LEFT JOIN {live} ON {} \
         HAVING theirs IS NULL OR theirs <> ours OR fields <> ''",
        R::source_key(&staged),
        key_text::<R>(&staged),
        differing.collect::<Vec<_>>().join(", "),
        same_key::<R>(&live, &staged),
    );
    for row in sqlx::query(AssertSqlSafe(sql)).fetch_all(connection).await? {
        let (ours, theirs): (u64, Option<u64>) = (row.try_get("ours")?, row.try_get("theirs")?);
        let (kind, detail) = match theirs {
            None => (Kind::Missing, format!("version {ours} in command state")),
            Some(theirs) if theirs == ours => {
                // Names only: values may be a customer's.
                (Kind::Differs, format!("in {} at version {ours}", row.try_get::<String, _>("fields")?))
            }
            Some(theirs) => (
                if theirs < ours { Kind::Behind } else { Kind::Ahead },
                format!("version {ours} in command state, {theirs} in the projection"),
            ),
        };
        found.push(Found {
            difference: Difference { table: R::TABLE, kind, row: row.try_get("row_key")?, detail },
            source: (R::SOURCE, row.try_get("source_key")?),
            ours,
            theirs: theirs.unwrap_or_default(),
        });
    }
    Ok(())
}

async fn repair<R: Sourced>(connection: &mut MySqlConnection, found: &[Found]) -> Result<(), sqlx::Error> {
    let (live, staged) = (Edition::Live.table::<R>(), Edition::Staged.table::<R>());
    raise::<R>(connection, Edition::Live).await?;
    let same = same_key::<R>(&live, &staged);
    let set: Vec<String> =
        compared::<R>().map(|column| format!("{live}.{column} = {staged}.{column}")).collect();
    let set = set.join(", ");
    let rewrite =
        format!("UPDATE {live} JOIN {staged} ON {same} AND {live}.version = {staged}.version SET {set}");
    execute(connection, rewrite).await?;
    let lower = format!(
        "UPDATE {live} JOIN {staged} ON {same} SET {set}, {live}.version = {staged}.version \
         WHERE {live}.version = ? AND {staged}.version < {live}.version AND {} = ?",
        key_text::<R>(&staged),
    );
    let ahead = |found: &&Found| found.difference.table == R::TABLE && found.difference.kind == Kind::Ahead;
    for row in found.iter().filter(ahead) {
        let lower = sqlx::query(AssertSqlSafe(lower.clone())).bind(row.theirs).bind(&row.difference.row);
        lower.execute(&mut *connection).await?;
    }
    Ok(())
}
