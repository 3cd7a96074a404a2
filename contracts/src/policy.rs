//! How a store keeps things for people.

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use crate::{Level, OpeningHours, Quantity};

/// How long a hold lasts where the store does not say, in minutes.
const DEFAULT_MINUTES: u32 = 24 * 60;
/// Longest hold, in minutes: two weeks, after which pieces are unsold rather than kept.
pub(crate) const MAX_MINUTES: u32 = 14 * 24 * 60;
/// Most pieces of one reservation: every line that a reservation may have, with the most that a line may ask for.
pub(crate) const MAX_PIECES: u32 = 20 * Quantity::MAX;
/// How often a customer may prolong a hold: once, because the next customer waits for the piece.
pub const MAX_CUSTOMER_EXTENSIONS: u32 = 1;
/// How often staff may: who has not come by then does not want it.
pub const MAX_STAFF_EXTENSIONS: u32 = 5;
/// Most running holds that a store may allow a customer.
pub(crate) const MAX_ACTIVE_HOLDS: u32 = 1_000;

/// Why a policy cannot be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// Holds that last no time, or too long.
    #[error("a hold lasts 1 to {MAX_MINUTES} minutes, not {0}")]
    Minutes(u32),
    /// More pieces than a reservation can have, or none.
    #[error("a reservation has 1 to {MAX_PIECES} pieces, not {0}")]
    Pieces(u32),
    /// A limit of nothing, or one that is none.
    #[error(
        "a customer may have 1 to {MAX_ACTIVE_HOLDS} running holds, not {0}; to take none, set accepts_holds"
    )]
    ActiveHolds(u32),
}

/// Until when a hold lasts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lasts {
    /// So many minutes.
    Minutes(u32),
    /// Until the store closes.
    Until(Until),
}

/// Until which closing time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Until {
    /// That of the same day; of the next open day where the store is closed already.
    Closing,
    /// That of the next open day.
    NextDayClosing,
}

/// How a store keeps things for people: part of its master data.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Raw", into = "Raw")]
pub struct HoldPolicy {
    raw: Raw,
}

/// How the store keeps things for people. What is left out has its default.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(default))]
pub(crate) struct Raw {
    /// Whether the store takes holds at all.
    accepts_holds: bool,
    lasts: Lasts,
    /// Most pieces of one SKU that one hold may ask for.
    max_pieces_per_line: Quantity,
    #[cfg_attr(feature = "openapi", schema(schema_with = crate::openapi::pieces))]
    max_pieces: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(schema_with = crate::openapi::active_holds))]
    max_active_holds: Option<u32>,
    /// Pieces of each SKU that are never offered, unless its count says otherwise.
    safety_stock: Level,
}

impl Default for Raw {
    fn default() -> Self {
        Self {
            accepts_holds: true,
            lasts: Lasts::Minutes(DEFAULT_MINUTES),
            max_pieces_per_line: Quantity::MOST,
            max_pieces: MAX_PIECES,
            max_active_holds: None,
            safety_stock: Level::ZERO,
        }
    }
}

impl HoldPolicy {
    /// A policy of these parts.
    ///
    /// # Errors
    /// When one is out of bounds.
    pub fn new(
        accepts_holds: bool,
        lasts: Lasts,
        max_pieces_per_line: Quantity,
        max_pieces: u32,
        max_active_holds: Option<u32>,
        safety_stock: Level,
    ) -> Result<Self, PolicyError> {
        let raw =
            Raw { accepts_holds, lasts, max_pieces_per_line, max_pieces, max_active_holds, safety_stock };
        raw.try_into()
    }

    /// Whether the store takes holds at all.
    #[must_use]
    pub fn accepts_holds(&self) -> bool {
        self.raw.accepts_holds
    }

    /// Until when a hold lasts.
    #[must_use]
    pub fn lasts(&self) -> Lasts {
        self.raw.lasts
    }

    /// Most pieces of one SKU that one hold may ask for.
    #[must_use]
    pub fn max_pieces_per_line(&self) -> Quantity {
        self.raw.max_pieces_per_line
    }

    /// Most pieces that one hold may ask for.
    #[must_use]
    pub fn max_pieces(&self) -> u32 {
        self.raw.max_pieces
    }

    /// Most running holds that a customer of the brand may have when placing one here; `None` for any number.
    #[must_use]
    pub fn max_active_holds(&self) -> Option<u32> {
        self.raw.max_active_holds
    }

    /// Pieces of each SKU that are never offered: what a new count takes over. A count may say otherwise, and a change of the
    /// policy leaves the counts that are there as they are.
    #[must_use]
    pub fn safety_stock(&self) -> Level {
        self.raw.safety_stock
    }

    /// Whether it can be told only from opening hours when a hold ends.
    #[must_use]
    pub fn needs_hours(&self) -> bool {
        matches!(self.raw.lasts, Lasts::Until(_))
    }

    /// When a hold ends that begins, or is extended, at `from`; `None` when the store does not open again in a month.
    #[must_use]
    pub fn deadline(&self, from: DateTime<Utc>, hours: &OpeningHours, zone: Tz) -> Option<DateTime<Utc>> {
        match self.raw.lasts {
            Lasts::Minutes(minutes) => from.checked_add_signed(TimeDelta::minutes(minutes.into())),
            Lasts::Until(Until::Closing) => hours.closing_after(from, zone),
            Lasts::Until(Until::NextDayClosing) => hours.closing_next_day(from, zone),
        }
    }
}

impl TryFrom<Raw> for HoldPolicy {
    type Error = PolicyError;

    fn try_from(raw: Raw) -> Result<Self, PolicyError> {
        match raw {
            Raw { lasts: Lasts::Minutes(minutes), .. } if !(1..=MAX_MINUTES).contains(&minutes) => {
                Err(PolicyError::Minutes(minutes))
            }
            Raw { max_pieces, .. } if !(1..=MAX_PIECES).contains(&max_pieces) => {
                Err(PolicyError::Pieces(max_pieces))
            }
            Raw { max_active_holds: Some(holds), .. } if !(1..=MAX_ACTIVE_HOLDS).contains(&holds) => {
                Err(PolicyError::ActiveHolds(holds))
            }
            raw => Ok(Self { raw }),
        }
    }
}

impl From<HoldPolicy> for Raw {
    fn from(policy: HoldPolicy) -> Self {
        policy.raw
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(json: &str) -> Result<HoldPolicy, serde_json::Error> {
        serde_json::from_str(json)
    }

    #[test]
    fn what_is_left_out_has_a_default() {
        assert_eq!(policy("{}").unwrap(), HoldPolicy::default());
        let whole = serde_json::to_string(&HoldPolicy::default()).unwrap();
        assert_eq!(policy(&whole).unwrap(), HoldPolicy::default());
    }

    #[test]
    fn a_policy_has_bounds() {
        for wrong in [
            r#"{"lasts":{"minutes":0}}"#,
            r#"{"lasts":{"minutes":20161}}"#,
            r#"{"lasts":{"until":"whenever"}}"#,
            r#"{"lasts":{"minutes":5,"until":"closing"}}"#,
            r#"{"max_pieces":0}"#,
            r#"{"max_pieces_per_line":101}"#,
            r#"{"max_active_holds":0}"#,
            r#"{"max_active_holds":1001}"#,
            r#"{"safety_stock":-1}"#,
            r#"{"limit":1}"#,
        ] {
            assert!(policy(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_hold_ends_when_the_policy_says() {
        let tokyo = chrono_tz::Asia::Tokyo;
        let hours = serde_json::from_str(
            r#"{"sat":[{"opens":"10:00","closes":"20:00"}],"mon":[{"opens":"10:00","closes":"19:00"}]}"#,
        )
        .unwrap();
        let at = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
        // A Saturday, noon in Tokyo.
        let now = at("2026-11-21T03:00:00Z");
        let deadline = |json: &str| policy(json).unwrap().deadline(now, &hours, tokyo);
        assert_eq!(deadline(r#"{"lasts":{"minutes":90}}"#), Some(at("2026-11-21T04:30:00Z")));
        assert_eq!(deadline(r#"{"lasts":{"until":"closing"}}"#), Some(at("2026-11-21T11:00:00Z")));
        assert_eq!(deadline(r#"{"lasts":{"until":"next_day_closing"}}"#), Some(at("2026-11-23T10:00:00Z")));
    }
}
