//! Whether a store is open, and until when.

use chrono::{DateTime, Days, NaiveDate, Utc};
use chrono_tz::Tz;

use crate::hours::{DAY_MINUTES, LocalTime, OpeningHours, instant};

/// Days that are looked through for the end of being open: a store that does not close in a week does not close.
const MAX_DAYS_OPEN: u64 = 7;

impl OpeningHours {
    /// Whether anything is known of them: hours without a single open day are those of a store that nobody gave any.
    #[must_use]
    pub fn are_known(&self) -> bool {
        self.week().iter().any(|spans| !spans.is_empty())
            || self.special_days().any(|(_, spans)| !spans.is_empty())
    }

    /// When the store closes that is open at `now`; `None` where it is closed. A span that begins when the one before it
    /// ends, at midnight too, goes on with it; of a store that never closes, it is a time about a week ahead.
    #[must_use]
    pub fn open_until(&self, now: DateTime<Utc>, zone: Tz) -> Option<DateTime<Utc>> {
        let today = now.with_timezone(&zone).date_naive();
        let mut until = None;
        for day in 0..=MAX_DAYS_OPEN {
            let date = today.checked_add_days(Days::new(day))?;
            until = self.open_on(date, zone, now, until);
            match (until, self.on(date).last()) {
                (Some(_), Some(last)) if last.closes.minutes() == DAY_MINUTES => {}
                _ => break,
            }
        }
        until
    }

    /// Until when it is open on a day, where it was open until `until` before.
    fn open_on(
        &self,
        date: NaiveDate,
        zone: Tz,
        now: DateTime<Utc>,
        until: Option<DateTime<Utc>>,
    ) -> Option<DateTime<Utc>> {
        let at = |time: LocalTime| instant(date, time, zone);
        self.on(date).iter().fold(until, |until, span| {
            let (Some(opens), Some(closes)) = (at(span.opens), at(span.closes)) else { return until };
            let goes_on = until == Some(opens) || until.is_none() && opens <= now && now < closes;
            if goes_on { Some(closes) } else { until }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn until(hours: &str, now: &str) -> Option<String> {
        let hours: OpeningHours = serde_json::from_str(hours).unwrap();
        let until = hours.open_until(now.parse().unwrap(), chrono_tz::Asia::Tokyo)?;
        Some(until.with_timezone(&chrono_tz::Asia::Tokyo).format("%a %H:%M").to_string())
    }

    #[test]
    fn a_store_is_open_within_its_spans_only() {
        let hours = r#"{"tue":[{"opens":"10:00","closes":"13:00"},{"opens":"14:00","closes":"20:00"}]}"#;
        // Tuesday in Tokyo, nine hours ahead.
        for (now, expected) in [
            ("2026-11-24T00:59:59Z", None),
            ("2026-11-24T01:00:00Z", Some("Tue 13:00")),
            ("2026-11-24T03:59:59Z", Some("Tue 13:00")),
            ("2026-11-24T04:00:00Z", None),
            ("2026-11-24T05:00:00Z", Some("Tue 20:00")),
            ("2026-11-24T11:00:00Z", None),
            ("2026-11-25T03:00:00Z", None),
        ] {
            assert_eq!(until(hours, now).as_deref(), expected, "{now}");
        }
    }

    #[test]
    fn midnight_does_not_close_a_store_that_opens_then() {
        let hours =
            r#"{"tue":[{"opens":"22:00","closes":"24:00"}],"wed":[{"opens":"00:00","closes":"02:00"}]}"#;
        assert_eq!(until(hours, "2026-11-24T14:00:00Z").as_deref(), Some("Wed 02:00"));
        assert_eq!(until(hours, "2026-11-24T16:00:00Z").as_deref(), Some("Wed 02:00"));
        let meeting = r#"{"tue":[{"opens":"10:00","closes":"13:00"},{"opens":"13:00","closes":"20:00"}]}"#;
        assert_eq!(until(meeting, "2026-11-24T03:00:00Z").as_deref(), Some("Tue 20:00"));
    }

    #[test]
    fn a_store_that_never_closes_is_open() {
        let day = r#"[{"opens":"00:00","closes":"24:00"}]"#;
        let days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"].map(|name| format!("\"{name}\":{day}"));
        assert!(until(&format!("{{{}}}", days.join(",")), "2026-11-24T03:00:00Z").is_some());
    }

    #[test]
    fn hours_of_which_nothing_is_known_are_told_apart() {
        assert!(!OpeningHours::default().are_known());
        let hours: OpeningHours =
            serde_json::from_str(r#"{"mon":[{"opens":"10:00","closes":"13:00"}]}"#).unwrap();
        assert!(hours.are_known());
    }
}
