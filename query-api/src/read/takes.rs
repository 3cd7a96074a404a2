//! What a store keeps for people: how many pieces of a SKU one hold can have there.
//!
//! The one place that says what is `available`. The rule is the command side's (`command-api/domain/hold.rs`), and stands on
//! the same policy: a store may take no holds, or give only so many pieces to one.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use contracts::{HoldPolicy, OpeningHours};
use sqlx::mysql::MySqlRow;
use sqlx::{MySql, QueryBuilder, Row};

use super::list::push_list;
use super::{Error, Session};

/// Stores of one statement: far below MySQL's 65,535 placeholders, and a few milliseconds' work.
const STORES_PER_STATEMENT: usize = 1_000;

/// What [`Takes::read`] reads of the table `stores`.
pub(super) const COLUMNS: &str = "CAST(stores.hold_policy AS CHAR) AS hold_policy, \
    CAST(stores.opening_hours AS CHAR) AS opening_hours, stores.time_zone";

/// How many pieces of one SKU a store gives to one hold, however many it has: none where it takes no holds, and none where
/// its policy is not known here, because a hold could be refused there.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Takes(i32);

impl Takes {
    /// From a row with the columns of [`COLUMNS`], all NULL where the store is not there.
    pub(super) fn read(row: &MySqlRow, now: DateTime<Utc>) -> Result<Self, sqlx::Error> {
        let Some(zone) = row.try_get::<Option<String>, _>("time_zone")? else { return Ok(Self::default()) };
        let policy: Option<String> = row.try_get("hold_policy")?;
        let hours: Option<String> = row.try_get("opening_hours")?;
        Ok(Self::of(policy.as_deref(), hours.as_deref(), &zone, now).unwrap_or_default())
    }

    /// `None` where it is not understood.
    fn of(policy: Option<&str>, hours: Option<&str>, zone: &str, now: DateTime<Utc>) -> Option<Self> {
        // A store that was defined before there were policies has that of a store which says nothing.
        let policy: HoldPolicy = policy.map_or_else(|| Some(HoldPolicy::default()), parsed)?;
        let zone: Tz = zone.parse().ok()?;
        // Hours are only looked at where they matter: this is done for every row of a page.
        let hours: OpeningHours = match hours.filter(|_| policy.needs_hours()) {
            Some(hours) => parsed(hours)?,
            None => OpeningHours::default(),
        };
        let takes = policy.accepts_holds() && policy.deadline(now, &hours, zone).is_some();
        let most = policy.max_pieces_per_line().get().min(policy.max_pieces());
        Some(if takes { Self(i32::try_from(most).unwrap_or(i32::MAX)) } else { Self::default() })
    }

    /// How many pieces one hold can have where so many are left.
    pub(crate) fn of_left(self, left: i32) -> i32 {
        left.min(self.0)
    }
}

fn parsed<T: serde::de::DeserializeOwned>(json: &str) -> Option<T> {
    serde_json::from_str(json).ok()
}

/// What each of some stores takes.
#[derive(Debug, Default)]
pub(super) struct OfStores(HashMap<String, Takes>);

impl OfStores {
    pub(super) async fn read(
        session: &mut Session,
        stores: impl IntoIterator<Item = &str>,
    ) -> Result<Self, Error> {
        let stores: Vec<&str> = stores.into_iter().collect();
        let (mut of_stores, now) = (HashMap::with_capacity(stores.len()), Utc::now());
        for some in stores.chunks(STORES_PER_STATEMENT) {
            let mut query = QueryBuilder::<MySql>::new(format!(
                "SELECT stores.store_id, {COLUMNS} FROM stores FORCE INDEX (PRIMARY) WHERE store_id IN "
            ));
            push_list(&mut query, some.iter().copied());
            for row in session.rows(query.build()).await? {
                of_stores.insert(row.try_get("store_id")?, Takes::read(&row, now)?);
            }
        }
        Ok(Self(of_stores))
    }

    pub(super) fn of(&self, store_id: &str) -> Takes {
        self.0.get(store_id).copied().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_available_is_what_a_hold_can_have() {
        let now = "2026-11-21T03:00:00Z".parse().unwrap();
        let of = |policy, hours| {
            let takes = Takes::of(policy, hours, "Asia/Tokyo", now).unwrap_or_default();
            [0, 2, 500].map(|left| takes.of_left(left))
        };
        assert_eq!(of(None, None), [0, 2, 100]);
        assert_eq!(of(Some(r#"{"max_pieces_per_line":3}"#), None), [0, 2, 3]);
        assert_eq!(of(Some(r#"{"max_pieces":4}"#), None), [0, 2, 4]);
        assert_eq!(of(Some(r#"{"accepts_holds":false}"#), None), [0, 0, 0]);
        assert_eq!(of(Some("a policy of another kind"), None), [0, 0, 0]);
        let until = Some(r#"{"lasts":{"until":"closing"}}"#);
        assert_eq!(of(until, Some(r#"{"mon":[{"opens":"10:00","closes":"20:00"}]}"#)), [0, 2, 100]);
        assert_eq!(of(until, None), [0, 0, 0], "it never opens");
        assert_eq!(Takes::of(None, None, "Nowhere", now), None);
    }
}
