//! Which differences are real, and their repair.
//!
//! What looks different may only be on its way. So a suspect is looked at again, for a while, and given up as soon as its
//! row moved past what it was seen in: the relay writes rows whole, so nothing is left of what it was.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use chrono::Utc;
use contracts::Table;
use sqlx::{MySqlConnection, MySqlPool};
use tokio::time::{Instant, sleep};

use super::Error;
use super::compare::{Action, Found, compare};
use super::report::{Kind, Report};
use crate::command_state::{CommandState, add_rows};
use crate::core::{Plan, changes};
use crate::staging::patiently;

/// How long a difference must last until it is one. The relay applies an event within a second; one that is this far
/// behind is not well, and its differences are real.
const LASTS: Duration = Duration::from_secs(10);
/// Pause between two looks.
const LOOK_AGAIN: Duration = Duration::from_millis(500);
/// Repairs of the same row, each looked at afterwards: one that was changed under a repair is repaired once more.
const REPAIRS: usize = 3;
/// Items that are looked at together: a product may lead to a hundred rows.
const TOGETHER: usize = 100;

/// Compares, or repairs, the rows of a plan.
pub(super) async fn act(pool: &MySqlPool, plan: &Plan, action: Action<'_>) -> Result<Vec<Found>, Error> {
    let act = async |connection: &mut MySqlConnection| compare(connection, plan, action).await;
    Ok(patiently(pool, act).await?)
}

/// Keeps of the suspects what is real, reports it, and repairs it if it is to be.
pub(super) async fn settle(
    state: &CommandState,
    pool: &MySqlPool,
    report: &mut Report,
    suspects: Vec<Found>,
    repair: bool,
) -> Result<(), Error> {
    let mut real = lasting(state, pool, suspects).await?;
    for found in &real {
        report.add(&found.difference);
    }
    if !repair {
        return Ok(());
    }
    let mut unrepaired = real.clone();
    for _ in 0..REPAIRS {
        if unrepaired.is_empty() {
            break;
        }
        // Read after what is to be repaired was seen: a version that is ahead of this is ahead indeed.
        for plan in plans(state, &sources(&unrepaired)).await? {
            act(pool, &plan, Action::Repair(&unrepaired)).await?;
        }
        patiently(pool, changes::all).await?;
        let now = look(state, pool, &sources(&unrepaired)).await?;
        unrepaired = lasting(state, pool, now).await?;
    }
    real.retain(|found| !unrepaired.iter().any(|left| is_same(left, found)));
    for found in &real {
        report.repaired(&found.difference);
    }
    Ok(())
}

fn is_same(one: &Found, other: &Found) -> bool {
    one.difference.table == other.difference.table && one.difference.row == other.difference.row
}

fn sources(found: &[Found]) -> BTreeSet<(Table, String)> {
    found.iter().map(|found| found.source.clone()).collect()
}

/// What is still as different as when it was first seen, after a while.
async fn lasting(
    state: &CommandState,
    pool: &MySqlPool,
    mut suspects: Vec<Found>,
) -> Result<Vec<Found>, Error> {
    let deadline = Instant::now() + LASTS;
    while !suspects.is_empty() && Instant::now() < deadline {
        sleep(LOOK_AGAIN).await;
        let now = look(state, pool, &sources(&suspects)).await?;
        let now: BTreeMap<_, _> =
            now.iter().map(|now| ((now.difference.table, &now.difference.row), now)).collect();
        suspects.retain(|first| {
            let now = now.get(&(first.difference.table, &first.difference.row));
            now.is_some_and(|now| !has_moved(first, now))
        });
    }
    Ok(suspects)
}

/// Whether the side that was behind has come to where the other was, or the row was written anew.
fn has_moved(first: &Found, now: &Found) -> bool {
    match first.difference.kind {
        Kind::Ahead => now.ours >= first.theirs,
        Kind::Differs => now.theirs > first.theirs,
        Kind::Missing | Kind::Behind | Kind::Stray | Kind::Unreadable => now.theirs >= first.ours,
    }
}

/// The differences of some items as they are now.
pub(super) async fn look(
    state: &CommandState,
    pool: &MySqlPool,
    sources: &BTreeSet<(Table, String)>,
) -> Result<Vec<Found>, Error> {
    let mut found = Vec::new();
    for plan in plans(state, sources).await? {
        found.extend(act(pool, &plan, Action::Look).await?);
    }
    Ok(found)
}

/// The rows of some items as they are now.
async fn plans(state: &CommandState, sources: &BTreeSet<(Table, String)>) -> Result<Vec<Plan>, Error> {
    let mut plans = Vec::new();
    for table in [Table::Masters, Table::Stock, Table::Reservations] {
        let keys: Vec<String> =
            sources.iter().filter(|(of, _)| *of == table).map(|(_, key)| key.clone()).collect();
        for keys in keys.chunks(TOGETHER) {
            let mut plan = Plan::default();
            for item in state.get(table, keys).await? {
                // What cannot be read was told when it was scanned.
                let _ = add_rows(&mut plan, table, item, Utc::now());
            }
            plans.push(plan);
        }
    }
    Ok(plans)
}

#[cfg(test)]
mod tests {
    use super::super::report::Difference;
    use super::*;

    fn found(kind: Kind, ours: u64, theirs: u64) -> Found {
        let difference = Difference { table: "stock", kind, row: "s#k".into(), detail: String::new() };
        Found { difference, source: (Table::Stock, "s#k".into()), ours, theirs }
    }

    #[test]
    fn what_moves_on_is_only_on_its_way() {
        let first = found(Kind::Behind, 7, 6);
        assert!(!has_moved(&first, &found(Kind::Behind, 9, 6)), "it stands still");
        assert!(has_moved(&first, &found(Kind::Behind, 9, 7)), "always some behind, and never for long");
        let first = found(Kind::Ahead, 7, 8);
        assert!(!has_moved(&first, &found(Kind::Ahead, 7, 8)));
        assert!(has_moved(&first, &found(Kind::Ahead, 8, 9)), "seen between two looks");
        let first = found(Kind::Differs, 7, 7);
        assert!(!has_moved(&first, &found(Kind::Behind, 8, 7)), "the same values are still there");
        assert!(has_moved(&first, &found(Kind::Behind, 9, 8)), "written whole since");
        assert!(!has_moved(&found(Kind::Missing, 1, 0), &found(Kind::Missing, 1, 0)));
    }
}
