//! Applying a quarantined record through the core.

use serde::Deserialize;
use serde_dynamo::Item;
use serde_json::Value;
use sqlx::{MySqlConnection, Row};

use super::store::{Store, TIMEOUT};
use crate::core::database::{Database, Mysql};
use crate::core::{self, Batch, Change, Plan, Progress, Record};
use crate::lambda;

/// What came of a redrive.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// Its rows are written, and it left the quarantine.
    Applied,
    /// It still cannot be applied, and this is why.
    Stays(String),
    /// There is no such record.
    Missing,
}

impl Store {
    /// Applies a record and takes it out of the quarantine, both or neither.
    pub(super) async fn redrive(&self, id: u64) -> Result<Outcome, core::Error> {
        let database = Mysql::new(self.pool.clone());
        let applied = database.transact(TIMEOUT, async |connection: &mut MySqlConnection| {
            // Two at once: the second waits here, and then finds nothing.
            let select = "SELECT stream, record FROM quarantine WHERE id = ? FOR UPDATE";
            let Some(row) = sqlx::query(select).bind(id).fetch_optional(&mut *connection).await? else {
                return Ok(Outcome::Missing);
            };
            let (stream, kept): (String, String) = (row.try_get("stream")?, row.try_get("record")?);
            let record =
                Record { id: String::new(), sequence_number: None, created_at: None, change: change(&kept) };
            let batch = Batch { stream: &stream, records: &[record], progress: Progress::Caller };
            let plan = Plan::of(&batch);
            let outcome = match plan.put_aside().next() {
                Some((_, reason)) => {
                    let tell = sqlx::query("UPDATE quarantine SET reason = ? WHERE id = ?");
                    tell.bind(reason).bind(id).execute(&mut *connection).await?;
                    Outcome::Stays(reason.to_owned())
                }
                None => {
                    core::write(connection, &plan, &stream).await?;
                    let leave = sqlx::query("DELETE FROM quarantine WHERE id = ?");
                    leave.bind(id).execute(&mut *connection).await?;
                    Outcome::Applied
                }
            };
            Ok(outcome)
        });
        match applied.await {
            Err(error) if error.is_of_data() => {
                Ok(Outcome::Stays(format!("the database refuses a value: {}", error.refusal())))
            }
            other => other,
        }
    }
}

/// The change that was kept: the row itself, or a record that could not be read when it came. A row that was not new
/// is taken for a new one: whoever redrives it has decided that it counts.
fn change(kept: &str) -> Change {
    let unreadable = |reason: &str| Change::Unreadable { reason: reason.to_owned(), record: kept.to_owned() };
    if kept.is_empty() {
        return unreadable("its content was purged");
    }
    let Ok(json) = serde_json::from_str::<Value>(kept) else {
        return unreadable("what was kept is no JSON");
    };
    match Item::deserialize(&json) {
        Ok(row) => Change::Inserted(row),
        Err(_) => lambda::record(&json).change,
    }
}
