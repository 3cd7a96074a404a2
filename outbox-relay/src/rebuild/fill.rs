//! Fills the next projection from the command side's tables, some segments at the same time.

use chrono::Utc;
use contracts::Table;
use futures::future::try_join_all;
use serde_dynamo::Item;
use sqlx::{MySqlConnection, MySqlPool};

use super::Error;
use crate::command_state::{self, CommandState, Segment};
use crate::core::rows::{Row, upsert};
use crate::core::{Edition, Plan, history};
use crate::progress::Progress;
use crate::staging::{forget, patiently, raise, stage};
use crate::unfinished::{Reached, Work};

/// Segments of a table that are read at the same time: each holds one page in memory and one connection.
pub(super) const SEGMENTS: i32 = 4;
/// What is read. The outbox comes first: its rows are what the history is made from, and they go by their time to live.
const SOURCES: [Table; 4] = [Table::Outbox, Table::Masters, Table::Stock, Table::Reservations];

/// Reads every table, from where the work is. How many items were read.
pub(super) async fn fill(state: &CommandState, work: Work<'_>) -> Result<u64, Error> {
    let mut total = 0;
    for table in SOURCES {
        total += state.count(table).await?;
    }
    let progress = Progress::new("rebuild", total);
    for table in SOURCES {
        let segments = (0..SEGMENTS).map(|number| Segment { table, number, of: SEGMENTS });
        try_join_all(segments.map(|segment| copy(state, work, segment, &progress))).await?;
    }
    Ok(progress.finish())
}

async fn copy(
    state: &CommandState,
    work: Work<'_>,
    segment: Segment,
    progress: &Progress,
) -> Result<(), Error> {
    let part = segment.name();
    let mut reached: Reached<Item, ()> = work.reached(&part).await?;
    progress.advance(reached.items);
    while !reached.ended {
        let page = state.page(segment, reached.after.take()).await?;
        let count = page.items.len() as u64;
        let plan = plan(segment.table, page.items)?;
        write(work.pool, &plan).await?;
        reached.ended = page.next.is_none();
        reached.after = page.next;
        reached.items += count;
        work.save(&part, &reached).await?;
        progress.advance(count);
    }
    Ok(())
}

fn plan(table: Table, items: Vec<Item>) -> Result<Plan, Error> {
    let mut plan = Plan::default();
    for item in items {
        if table == Table::Outbox {
            plan.history.extend(history(&item).map(|row| ((row.aggregate.clone(), row.version), row)));
        } else {
            let key = command_state::partition_key(&item).to_owned();
            let added = command_state::add_rows(&mut plan, table, item, Utc::now());
            added.map_err(|cause| Error::Item { key, cause: cause.to_string() })?;
        }
    }
    Ok(plan)
}

async fn write(pool: &MySqlPool, plan: &Plan) -> Result<(), Error> {
    let write = async |connection: &mut MySqlConnection| {
        add(connection, plan.stores.values()).await?;
        add(connection, plan.products.values()).await?;
        add(connection, plan.skus.values()).await?;
        add(connection, plan.terms.values()).await?;
        add(connection, plan.stocks.values()).await?;
        add(connection, plan.reservations.values()).await?;
        add(connection, plan.lines.values()).await?;
        upsert(connection, Edition::Live, plan.history.values()).await
    };
    Ok(patiently(pool, write).await?)
}

async fn add<'r, R: Row + 'r>(
    connection: &mut MySqlConnection,
    rows: impl ExactSizeIterator<Item = &'r R>,
) -> Result<(), sqlx::Error> {
    if rows.len() == 0 {
        return Ok(());
    }
    stage(connection, rows).await?;
    raise::<R>(connection, Edition::Next).await?;
    forget::<R>(connection).await
}
