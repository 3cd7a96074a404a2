//! Shared types in the form that events carry them, and back.

use chrono::NaiveDate;

use crate::events::{self, hold_policy, opening_hours};
use crate::hours::{LocalTime, OpeningHours, Span, SpecialDay};
use crate::policy::{HoldPolicy, Lasts, Until};

/// What an event carries is not what the type can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the event carries an impossible value")]
pub struct WireError;

impl From<&HoldPolicy> for events::HoldPolicy {
    fn from(policy: &HoldPolicy) -> Self {
        let lasts = match policy.lasts() {
            Lasts::Minutes(minutes) => hold_policy::Lasts::Minutes(minutes),
            Lasts::Until(Until::Closing) => hold_policy::Lasts::Until(hold_policy::Until::Closing.into()),
            Lasts::Until(Until::NextDayClosing) => {
                hold_policy::Lasts::Until(hold_policy::Until::NextDayClosing.into())
            }
        };
        Self {
            accepts_holds: policy.accepts_holds(),
            lasts: Some(lasts),
            max_pieces_per_line: policy.max_pieces_per_line().get(),
            max_pieces: policy.max_pieces(),
            max_active_holds: policy.max_active_holds(),
            safety_stock: policy.safety_stock().get(),
        }
    }
}

impl TryFrom<&events::HoldPolicy> for HoldPolicy {
    type Error = WireError;

    fn try_from(policy: &events::HoldPolicy) -> Result<Self, WireError> {
        let lasts = match policy.lasts.ok_or(WireError)? {
            hold_policy::Lasts::Minutes(minutes) => Lasts::Minutes(minutes),
            hold_policy::Lasts::Until(until) => match hold_policy::Until::try_from(until) {
                Ok(hold_policy::Until::Closing) => Lasts::Until(Until::Closing),
                Ok(hold_policy::Until::NextDayClosing) => Lasts::Until(Until::NextDayClosing),
                _ => return Err(WireError),
            },
        };
        Self::new(
            policy.accepts_holds,
            lasts,
            u64::from(policy.max_pieces_per_line).try_into().map_err(|_| WireError)?,
            policy.max_pieces,
            policy.max_active_holds,
            u64::from(policy.safety_stock).try_into().map_err(|_| WireError)?,
        )
        .map_err(|_| WireError)
    }
}

impl From<&OpeningHours> for events::OpeningHours {
    fn from(hours: &OpeningHours) -> Self {
        let spans = |spans: &[Span]| -> Vec<opening_hours::Span> {
            let span = |span: &Span| opening_hours::Span {
                opens: span.opens.minutes().into(),
                closes: span.closes.minutes().into(),
            };
            spans.iter().map(span).collect()
        };
        Self {
            week: hours.week().iter().map(|day| opening_hours::Day { spans: spans(day) }).collect(),
            special_days: hours
                .special_days()
                .map(|(date, day)| opening_hours::SpecialDay { date: date.to_string(), spans: spans(day) })
                .collect(),
        }
    }
}

impl TryFrom<&events::OpeningHours> for OpeningHours {
    type Error = WireError;

    fn try_from(hours: &events::OpeningHours) -> Result<Self, WireError> {
        let time = |minutes| LocalTime::from_minutes(minutes).ok_or(WireError);
        let spans = |spans: &[opening_hours::Span]| -> Result<Vec<Span>, WireError> {
            spans
                .iter()
                .map(|span| Ok(Span { opens: time(span.opens)?, closes: time(span.closes)? }))
                .collect()
        };
        let week: Vec<Vec<Span>> =
            hours.week.iter().map(|day| spans(&day.spans)).collect::<Result<_, _>>()?;
        let special_days = hours.special_days.iter().map(|day| {
            let date: NaiveDate = day.date.parse().map_err(|_| WireError)?;
            Ok(SpecialDay { date, hours: spans(&day.spans)? })
        });
        let special_days = special_days.collect::<Result<_, WireError>>()?;
        Self::new(week.try_into().map_err(|_| WireError)?, special_days).map_err(|_| WireError)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_event_carries_comes_back_the_same() {
        for json in [
            "{}",
            r#"{"accepts_holds":false,"lasts":{"until":"closing"},"max_active_holds":3,"safety_stock":2}"#,
            r#"{"lasts":{"until":"next_day_closing"},"max_pieces_per_line":2,"max_pieces":5}"#,
        ] {
            let policy: HoldPolicy = serde_json::from_str(json).unwrap();
            assert_eq!(HoldPolicy::try_from(&events::HoldPolicy::from(&policy)), Ok(policy), "{json}");
        }
        for json in [
            "{}",
            r#"{"sun":[{"opens":"10:00","closes":"24:00"}],"special_days":[{"date":"2026-12-31","hours":[{"opens":"10:00","closes":"12:00"}]}]}"#,
        ] {
            let hours: OpeningHours = serde_json::from_str(json).unwrap();
            assert_eq!(OpeningHours::try_from(&events::OpeningHours::from(&hours)), Ok(hours), "{json}");
        }
    }

    #[test]
    fn what_cannot_be_is_refused() {
        assert!(HoldPolicy::try_from(&events::HoldPolicy::default()).is_err());
        assert!(OpeningHours::try_from(&events::OpeningHours::default()).is_err());
    }
}
