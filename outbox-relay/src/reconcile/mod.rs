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

use std::time::Duration;

use chrono::{DateTime, Utc};
use contracts::Table;
use futures::future::try_join_all;
use platform::mysql::Mysql;
use serde_dynamo::Item;
use sqlx::MySqlConnection;

use crate::command_state::{self, CommandState, Segment, add_rows, partition_key};
use crate::core::Plan;
use crate::progress::Progress;
use crate::staging::{forget_customers, lost_since, mend, now, patiently};
use crate::unfinished::{RECONCILE, REPAIR, Reached, Work};
use compare::Action;
use report::Difference;
pub use report::{Kind, Report};

/// Segments of a table that are read at the same time: each holds a page in memory and one connection.
const SEGMENTS: i32 = 4;
/// Connections: one for each segment.
const CONNECTIONS: u32 = SEGMENTS.unsigned_abs();
/// Suspects that are looked at again together; it bounds what is kept of a projection of which all is wrong.
const SUSPECTS: usize = 2_000;
/// Pages after which suspects are looked at, so that the place can be saved: a tenth of a minute's work.
const UNSAVED: u32 = 50;
/// How long after its last step a run that was broken off can be gone on with. Later its answer would be about a time that
/// nobody asks about.
const RESUMED_WITHIN: Duration = Duration::from_hours(1);
/// The part that keeps when the work was begun.
const BEGUN: &str = "begun";
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

/// Compares the two sides. One that was broken off goes on when it is run again, with what it had found.
///
/// # Errors
/// See [`Error`].
pub async fn run(state: &CommandState, mysql: &Mysql, repair: bool) -> Result<Report, Error> {
    let pool = mysql.pool(CONNECTIONS);
    let work = Work::new(&pool, if repair { REPAIR } else { RECONCILE });
    work.expire(RESUMED_WITHIN).await?;
    let started_at = started_at(work).await?;
    let work = Work { begun: Some(started_at), ..work };
    // What one without a repair found is not so for long, and will not have been at the end.
    let found_before = Work::new(&pool, RECONCILE);
    if repair {
        found_before.forget().await?;
    }
    let mut total = 0;
    for table in SOURCES {
        total += state.count(table).await?;
    }
    let progress = Progress::new("reconcile", total);
    let mut report = Report::default();
    for table in SOURCES {
        let segments = (0..SEGMENTS).map(|number| Segment { table, number, of: SEGMENTS });
        let compared = segments.map(|segment| compare(state, work, segment, &progress, repair));
        for of_segment in try_join_all(compared).await? {
            report.merge(of_segment);
        }
    }
    report.items = progress.finish();
    strays::find(state, work, &mut report, repair).await?;
    if repair {
        forget_customers(&pool).await?;
    }
    if repair && report.remaining() == 0 {
        // What was lost before is in command state, and so in the projection now.
        let mend = async |connection: &mut MySqlConnection| mend(connection, started_at).await;
        report.losses_left = patiently(&pool, mend).await?;
    }
    if repair {
        found_before.forget().await?;
    }
    work.forget().await?;
    Ok(report)
}

/// When the work was begun, by the time of the database.
async fn started_at(work: Work<'_>) -> Result<DateTime<Utc>, sqlx::Error> {
    let begun: Option<DateTime<Utc>> = work.reached(BEGUN).await?;
    if let Some(begun) = begun {
        let lost = async |connection: &mut MySqlConnection| lost_since(connection, begun).await;
        if !patiently(work.pool, lost).await? {
            return Ok(begun);
        }
        // What was compared before a loss does not show it.
        work.forget().await?;
    }
    let begun = patiently(work.pool, async |connection: &mut MySqlConnection| now(connection).await).await?;
    work.save(BEGUN, &begun).await?;
    Ok(begun)
}

/// Compares one segment with the projection.
async fn compare(
    state: &CommandState,
    work: Work<'_>,
    segment: Segment,
    progress: &Progress,
    repair: bool,
) -> Result<Report, Error> {
    let part = segment.name();
    let mut reached: Reached<Item, Report> = work.reached(&part).await?;
    progress.advance(reached.items);
    let (mut suspects, mut unsaved) = (Vec::new(), 0);
    while !reached.ended {
        let page = state.page(segment, reached.after.take()).await?;
        let count = page.items.len() as u64;
        let mut plan = Plan::default();
        for item in page.items {
            let row = partition_key(&item).to_owned();
            if let Err(why) = add_rows(&mut plan, segment.table, item, Utc::now()) {
                let (table, detail) = (segment.table.base_name(), why.to_string());
                reached.result.add(&Difference { table, kind: Kind::Unreadable, row, detail });
            }
        }
        suspects.extend(settle::act(work.pool, &plan, Action::Look).await?);
        progress.advance(count);
        reached.ended = page.next.is_none();
        reached.after = page.next;
        reached.items += count;
        unsaved += 1;
        if suspects.len() >= SUSPECTS || unsaved >= UNSAVED || reached.ended {
            let suspects = std::mem::take(&mut suspects);
            settle::settle(state, work.pool, &mut reached.result, suspects, repair).await?;
        }
        // What is suspected is not yet in the report.
        if suspects.is_empty() {
            work.save(&part, &reached).await?;
            unsaved = 0;
        }
    }
    Ok(reached.result)
}
