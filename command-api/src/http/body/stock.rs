//! What may be said of counts.

use chrono::{DateTime, TimeDelta, Utc};
use contracts::Level;
use contracts::openapi::{or_null, words};
use platform::Problem;
use serde::Deserialize;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{Object, OneOf, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

use super::{Words, invalid};
use crate::domain::stock::Command as StockCommand;

/// How far ahead of ours a source's clock may be: a minute happens, an hour is a time zone.
const MAX_CLOCK_LEAD: TimeDelta = TimeDelta::minutes(5);
/// Longest name of a source of counts, in characters.
const MAX_SOURCE_CHARS: usize = 64;
/// Most pieces that one adjustment may move: a delivery fits, a typing error of three digits more does not.
const MAX_DELTA: u32 = 100_000;

/// What was counted, when and by whom.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({
    "on_hand": 12, "safety": 1, "observed_at": "2026-05-01T09:30:00Z", "source": "rfid",
})))]
pub(in crate::http) struct CountIn {
    /// Pieces physically there, held ones included.
    on_hand: Level,
    /// Pieces that are never offered; what they were before where it is left out.
    safety: Option<Level>,
    /// When they were counted; now where it is left out. Not in the future, and not before 1970.
    observed_at: Option<DateTime<Utc>>,
    #[schema(schema_with = source)]
    source: Option<Words>,
}

fn source() -> Object {
    let mut source = words(MAX_SOURCE_CHARS);
    source.description = Some("Who counted. An older count of the same source changes nothing.".to_owned());
    or_null(source)
}

impl CountIn {
    pub(in crate::http) fn into_command(self, now: DateTime<Utc>) -> Result<StockCommand, Problem> {
        let Self { on_hand, safety, observed_at, source } = self;
        if observed_at.is_some_and(|observed_at| observed_at > now + MAX_CLOCK_LEAD) {
            return Err(invalid(
                "observed_at",
                "Send when the pieces were counted, which is not in the future.",
            ));
        }
        if observed_at.is_some_and(|observed_at| observed_at < DateTime::UNIX_EPOCH) {
            return Err(invalid("observed_at", "Send when the pieces were counted, after 1970."));
        }
        let source = source.map(Words::into_string);
        if source.as_ref().is_some_and(|source| source.chars().count() > MAX_SOURCE_CHARS) {
            return Err(invalid(
                "source",
                format!("Name the source in at most {MAX_SOURCE_CHARS} characters."),
            ));
        }
        let observed_at = observed_at.map(|observed_at| to_micros(observed_at).min(now));
        Ok(StockCommand::Count { on_hand, safety, observed_at, source })
    }
}

/// Microseconds: what every store on the way can hold.
fn to_micros(time: DateTime<Utc>) -> DateTime<Utc> {
    DateTime::from_timestamp_micros(time.timestamp_micros()).unwrap_or(time)
}

/// Pieces that came or went.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({"delta": -1, "reason": "sold at the till"})))]
pub(in crate::http) struct AdjustmentIn {
    delta: Delta,
    /// Why.
    pub(in crate::http) reason: Words,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(try_from = "i64")]
struct Delta(i32);

impl PartialSchema for Delta {
    fn schema() -> RefOr<Schema> {
        let most = i64::from(MAX_DELTA);
        let whole = |min: i64, max: i64| {
            Object::builder().schema_type(Type::Integer).minimum(Some(min)).maximum(Some(max))
        };
        let either = OneOf::builder().item(whole(-most, -1)).item(whole(1, most));
        Schema::from(either.description(Some("Pieces that came, or went where it is negative."))).into()
    }
}

impl ToSchema for Delta {}

impl TryFrom<i64> for Delta {
    type Error = String;

    fn try_from(value: i64) -> Result<Self, String> {
        i32::try_from(value)
            .ok()
            .filter(|delta| *delta != 0 && delta.unsigned_abs() <= MAX_DELTA)
            .map(Self)
            .ok_or_else(|| format!("delta must be 1 to {MAX_DELTA} pieces up or down, not {value}"))
    }
}

impl AdjustmentIn {
    pub(in crate::http) fn command(&self) -> StockCommand {
        let Delta(delta) = self.delta;
        StockCommand::Adjust { delta }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_delta_has_bounds_on_both_sides() {
        for (value, taken) in [
            (0, false),
            (1, true),
            (-100_000, true),
            (100_001, false),
            (i64::from(i32::MIN), false),
            (i64::MIN, false),
        ] {
            assert_eq!(Delta::try_from(value).is_ok(), taken, "{value}");
        }
    }
}
