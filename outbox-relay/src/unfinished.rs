//! How far long work has come, kept in the database: killed, or given up while a server was away, it goes on there when it
//! is run again.

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sqlx::{MySqlConnection, MySqlPool};

use crate::staging::patiently;

/// Work whose parts go on each by itself.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Work<'p> {
    pub pool: &'p MySqlPool,
    /// The same in every run.
    pub name: &'static str,
    /// When it was begun, for all but that itself. What another one left, or still writes, is not its own.
    pub begun: Option<DateTime<Utc>>,
}

/// The names of what can be broken off.
pub(crate) const REBUILD: &str = "rebuild";
pub(crate) const RECONCILE: &str = "reconcile";
pub(crate) const REPAIR: &str = "repair";

/// How far a part has come.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Reached<K, R> {
    /// What it goes on behind; `None` before the first.
    pub after: Option<K>,
    pub ended: bool,
    /// Items that were read.
    pub items: u64,
    /// What came of it so far.
    pub result: R,
}

impl<'p> Work<'p> {
    /// Of which nobody knows yet when it was begun.
    pub(crate) fn new(pool: &'p MySqlPool, name: &'static str) -> Self {
        Self { pool, name, begun: None }
    }

    fn key(self, part: &str) -> String {
        self.begun
            .map_or_else(|| part.to_owned(), |begun| format!("{part} since {}", begun.timestamp_micros()))
    }

    /// Where the part goes on: at its beginning, unless it was begun before.
    pub(crate) async fn reached<T: DeserializeOwned + Default>(self, part: &str) -> Result<T, sqlx::Error> {
        let part = self.key(part);
        let read = async |connection: &mut MySqlConnection| {
            let read = "SELECT reached FROM unfinished_work WHERE work = ? AND part = ?";
            sqlx::query_scalar::<_, String>(read).bind(self.name).bind(&part).fetch_optional(connection).await
        };
        let reached = patiently(self.pool, read).await?;
        // Another release may have written it in a way of its own.
        Ok(reached.and_then(|reached| serde_json::from_str(&reached).ok()).unwrap_or_default())
    }

    /// The part has come so far.
    pub(crate) async fn save<T: Serialize>(self, part: &str, reached: &T) -> Result<(), sqlx::Error> {
        let reached = serde_json::to_string(reached).map_err(|error| sqlx::Error::Encode(error.into()))?;
        let part = self.key(part);
        let save = async |connection: &mut MySqlConnection| {
            let save = "INSERT INTO unfinished_work (work, part, reached, saved_at) \
                        VALUES (?, ?, ?, UTC_TIMESTAMP(6)) \
                        ON DUPLICATE KEY UPDATE reached = VALUES(reached), saved_at = VALUES(saved_at)";
            sqlx::query(save).bind(self.name).bind(&part).bind(&reached).execute(connection).await
        };
        patiently(self.pool, save).await.map(drop)
    }

    /// Begins anew, unless something was saved in the last while.
    pub(crate) async fn expire(self, after: Duration) -> Result<(), sqlx::Error> {
        let expire = async |connection: &mut MySqlConnection| {
            let last = "SELECT COALESCE(MAX(saved_at) < UTC_TIMESTAMP(6) - INTERVAL ? SECOND, 0) \
                        FROM unfinished_work WHERE work = ?";
            let last = sqlx::query_scalar::<_, i64>(last).bind(after.as_secs()).bind(self.name);
            Ok(last.fetch_one(connection).await? == 1)
        };
        if patiently(self.pool, expire).await? { self.forget().await } else { Ok(()) }
    }

    /// It is done, or begins anew.
    pub(crate) async fn forget(self) -> Result<(), sqlx::Error> {
        let forget = async |connection: &mut MySqlConnection| {
            let forget = "DELETE FROM unfinished_work WHERE work = ?";
            sqlx::query(forget).bind(self.name).execute(connection).await
        };
        patiently(self.pool, forget).await.map(drop)
    }
}
