//! `outbox-relay reconcile`: command state against the projection, in both directions, and its repair.
//!
//! DynamoDB has no order of keys, so neither side is merged with the other: command state is read by segments and each
//! page is looked up in the projection by its keys; then the projection is read in the order of its keys and each page is
//! looked up in command state. What is held in memory is a few pages and the suspects. The history is not compared: state
//! does not have it.

mod compare;
mod report;
mod settle;
mod sourced;
mod strays;

use chrono::Utc;
use contracts::Table;
use futures::future::try_join_all;
use platform::mysql::Mysql;
use sqlx::{MySqlConnection, MySqlPool};

use crate::command_state::{self, CommandState, Segment, add_rows, partition_key};
use crate::core::Plan;
use crate::progress::Progress;
use crate::staging::{forget_customers, mend, now, patiently};
use compare::Action;
use report::Difference;
pub use report::{Kind, Report};

/// Segments of a table that are read at the same time: each holds a page in memory and one connection.
const SEGMENTS: i32 = 4;
/// Connections: one for each segment.
const CONNECTIONS: u32 = SEGMENTS.unsigned_abs();
/// Suspects that are looked at again together; it bounds what is kept of a projection of which all is wrong.
const SUSPECTS: usize = 2_000;
/// What the projection's rows of state are made from.
const SOURCES: [Table; 3] = [Table::Masters, Table::Stock, Table::Reservations];

/// Why the two sides could not be compared to the end.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The command side could not be read.
    #[error(transparent)]
    CommandState(#[from] command_state::Error),
    /// The database did not do as asked.
    #[error("MySQL did not do as asked")]
    Mysql(#[from] sqlx::Error),
}

/// Compares the two sides. Nothing is kept from one run to the next: one that was broken off is simply run again.
///
/// # Errors
/// See [`Error`].
pub async fn run(state: &CommandState, mysql: &Mysql, repair: bool) -> Result<Report, Error> {
    let pool = mysql.pool(CONNECTIONS);
    let started_at = patiently(&pool, async |connection: &mut MySqlConnection| now(connection).await).await?;
    let mut total = 0;
    for table in SOURCES {
        total += state.count(table).await?;
    }
    let progress = Progress::new("reconcile", total);
    let mut report = Report::default();
    for table in SOURCES {
        let segments = (0..SEGMENTS).map(|number| Segment { table, number, of: SEGMENTS });
        let compared = segments.map(|segment| compare(state, &pool, segment, &progress, repair));
        for of_segment in try_join_all(compared).await? {
            report.merge(of_segment);
        }
    }
    report.items = progress.finish();
    strays::find(state, &pool, &mut report, repair).await?;
    if repair {
        forget_customers(&pool).await?;
    }
    if repair && report.remaining() == 0 {
        // What was lost before is in command state, and so in the projection now.
        patiently(&pool, async |connection: &mut MySqlConnection| mend(connection, started_at).await).await?;
    }
    Ok(report)
}

/// Compares one segment with the projection.
async fn compare(
    state: &CommandState,
    pool: &MySqlPool,
    segment: Segment,
    progress: &Progress,
    repair: bool,
) -> Result<Report, Error> {
    let (mut report, mut suspects, mut after) = (Report::default(), Vec::new(), None);
    loop {
        let page = state.page(segment, after).await?;
        let count = page.items.len();
        let mut plan = Plan::default();
        for item in page.items {
            let row = partition_key(&item).to_owned();
            if let Err(why) = add_rows(&mut plan, segment.table, item, Utc::now()) {
                let (table, detail) = (segment.table.base_name(), why.to_string());
                report.add(&Difference { table, kind: Kind::Unreadable, row, detail });
            }
        }
        suspects.extend(settle::act(pool, &plan, Action::Look).await?);
        progress.advance(count);
        after = page.next;
        if suspects.len() >= SUSPECTS || after.is_none() {
            let suspects = std::mem::take(&mut suspects);
            settle::settle(state, pool, &mut report, suspects, repair).await?;
        }
        if after.is_none() {
            return Ok(report);
        }
    }
}
