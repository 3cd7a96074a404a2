//! When a store is open, on its own clock.

use std::collections::BTreeMap;
use std::fmt;

use chrono::{DateTime, Datelike, Days, NaiveDate, Offset, TimeDelta, TimeZone, Utc, Weekday};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

/// Most times that a store opens and closes on one day.
pub(crate) const MAX_SPANS: usize = 4;
/// Most special days of a store: the holidays of two years.
pub(crate) const MAX_SPECIAL_DAYS: usize = 60;
/// How far ahead an open day is looked for, in days: a store that is closed for longer has no next closing time.
const MAX_DAYS_AHEAD: u64 = 31;
/// Minutes of a day.
pub(crate) const DAY_MINUTES: u16 = 24 * 60;

/// Why opening hours cannot be taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HoursError {
    /// Not a time of day.
    #[error("`{0}` must be a time of day from 00:00 to 24:00, like 10:30")]
    Time(String),
    /// A store that closes before it opens, or opens twice at once.
    #[error("a day has at most {MAX_SPANS} spans, each opens before it closes, and after the one before it")]
    Spans,
    /// Too many special days, or two for one date.
    #[error("a store has at most {MAX_SPECIAL_DAYS} special days, and one for each date")]
    SpecialDays,
}

/// A time on a store's clock, in minutes after midnight; 24:00 is the end of the day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct LocalTime(u16);

impl LocalTime {
    /// Minutes after midnight.
    #[must_use]
    pub fn minutes(self) -> u16 {
        self.0
    }

    /// The time so many minutes after midnight.
    #[must_use]
    pub fn from_minutes(minutes: u32) -> Option<Self> {
        u16::try_from(minutes).ok().filter(|minutes| *minutes <= DAY_MINUTES).map(Self)
    }
}

impl TryFrom<String> for LocalTime {
    type Error = HoursError;

    fn try_from(text: String) -> Result<Self, HoursError> {
        let parsed = text.split_once(':').and_then(|(hours, minutes)| {
            let two_digits = |part: &str| part.len() == 2 && part.bytes().all(|b| b.is_ascii_digit());
            if !two_digits(hours) || !two_digits(minutes) {
                return None;
            }
            let (hours, minutes): (u16, u16) = (hours.parse().ok()?, minutes.parse().ok()?);
            (minutes < 60).then_some(hours * 60 + minutes).filter(|minutes| *minutes <= DAY_MINUTES)
        });
        parsed.map(Self).ok_or_else(|| HoursError::Time(text.chars().take(20).collect()))
    }
}

impl From<LocalTime> for String {
    fn from(time: LocalTime) -> Self {
        time.to_string()
    }
}

impl fmt::Display for LocalTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.0 / 60, self.0 % 60)
    }
}

/// From opening to closing, on one day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Span {
    /// When the door opens.
    pub opens: LocalTime,
    /// When it closes.
    pub closes: LocalTime,
}

/// A store's week, and the days that are not like it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Days7", into = "Days7")]
pub struct OpeningHours {
    /// From Monday.
    week: [Vec<Span>; 7],
    special_days: BTreeMap<NaiveDate, Vec<Span>>,
}

/// A date on which a store keeps other hours; without any, it is closed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SpecialDay {
    /// On the store's calendar.
    pub date: NaiveDate,
    /// Its hours.
    #[cfg_attr(feature = "openapi", schema(schema_with = crate::openapi::spans))]
    pub hours: Vec<Span>,
}

/// When the store is open, on its own clock. A day that is left out is closed. The spans of a day are in order and do not
/// overlap.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub(crate) struct Days7 {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "openapi", schema(schema_with = crate::openapi::spans))]
    mon: Vec<Span>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "openapi", schema(schema_with = crate::openapi::spans))]
    tue: Vec<Span>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "openapi", schema(schema_with = crate::openapi::spans))]
    wed: Vec<Span>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "openapi", schema(schema_with = crate::openapi::spans))]
    thu: Vec<Span>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "openapi", schema(schema_with = crate::openapi::spans))]
    fri: Vec<Span>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "openapi", schema(schema_with = crate::openapi::spans))]
    sat: Vec<Span>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "openapi", schema(schema_with = crate::openapi::spans))]
    sun: Vec<Span>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "openapi", schema(schema_with = crate::openapi::special_days))]
    special_days: Vec<SpecialDay>,
}

impl OpeningHours {
    /// Opening hours from a week, Monday first, and special days.
    ///
    /// # Errors
    /// When a day's spans are out of order, or there are too many special days.
    pub fn new(week: [Vec<Span>; 7], special_days: Vec<SpecialDay>) -> Result<Self, HoursError> {
        let count = special_days.len();
        let special_days: BTreeMap<NaiveDate, Vec<Span>> =
            special_days.into_iter().map(|day| (day.date, day.hours)).collect();
        if special_days.len() != count || count > MAX_SPECIAL_DAYS {
            return Err(HoursError::SpecialDays);
        }
        if week.iter().chain(special_days.values()).all(|spans| in_order(spans)) {
            Ok(Self { week, special_days })
        } else {
            Err(HoursError::Spans)
        }
    }

    /// The hours of each day of a week, Monday first.
    #[must_use]
    pub fn week(&self) -> &[Vec<Span>; 7] {
        &self.week
    }

    /// The days that are not like their weekday.
    pub fn special_days(&self) -> impl Iterator<Item = (NaiveDate, &[Span])> {
        self.special_days.iter().map(|(date, spans)| (*date, spans.as_slice()))
    }

    /// The hours of a day.
    #[must_use]
    pub fn on(&self, date: NaiveDate) -> &[Span] {
        self.special_days.get(&date).unwrap_or_else(|| self.of(date.weekday()))
    }

    fn of(&self, weekday: Weekday) -> &Vec<Span> {
        let [mon, tue, wed, thu, fri, sat, sun] = &self.week;
        match weekday {
            Weekday::Mon => mon,
            Weekday::Tue => tue,
            Weekday::Wed => wed,
            Weekday::Thu => thu,
            Weekday::Fri => fri,
            Weekday::Sat => sat,
            Weekday::Sun => sun,
        }
    }

    /// The first time after `instant` at which the store closes for the day.
    #[must_use]
    pub fn closing_after(&self, instant: DateTime<Utc>, zone: Tz) -> Option<DateTime<Utc>> {
        self.closings(instant.with_timezone(&zone).date_naive(), zone).find(|closing| *closing > instant)
    }

    /// When the store closes on the first day it is open after the day of `instant`.
    #[must_use]
    pub fn closing_next_day(&self, instant: DateTime<Utc>, zone: Tz) -> Option<DateTime<Utc>> {
        // Who is there when the store closes at midnight is there on the day that ends.
        let day = instant.checked_sub_signed(TimeDelta::microseconds(1))?.with_timezone(&zone).date_naive();
        self.closings(day.succ_opt()?, zone).next()
    }

    /// When the store closes for the day, on each open day from this one on.
    fn closings(&self, first: NaiveDate, zone: Tz) -> impl Iterator<Item = DateTime<Utc>> {
        (0..MAX_DAYS_AHEAD).filter_map(move |days| {
            let date = first.checked_add_days(Days::new(days))?;
            instant(date, self.on(date).last()?.closes, zone)
        })
    }
}

fn in_order(spans: &[Span]) -> bool {
    spans.len() <= MAX_SPANS
        && spans.iter().all(|span| span.opens < span.closes)
        && spans.windows(2).all(|pair| matches!(pair, [before, after] if before.closes <= after.opens))
}

/// The moment that a store's clock shows this time. Where the clock shows it twice, the later; where it is skipped, as
/// much later as the clock is put forward.
pub(crate) fn instant(date: NaiveDate, time: LocalTime, zone: Tz) -> Option<DateTime<Utc>> {
    let local = date.and_hms_opt(0, 0, 0)?.checked_add_signed(TimeDelta::minutes(time.0.into()))?;
    // With the offset of the day before, the clock shows a time that is skipped as much later.
    let skipped = || {
        let before = zone.from_local_datetime(&local.checked_sub_days(Days::new(1))?).latest()?;
        local.checked_sub_offset(before.offset().fix()).map(|moment| moment.and_utc())
    };
    let shown = zone.from_local_datetime(&local).latest().map(|moment| moment.with_timezone(&Utc));
    shown.or_else(skipped)
}

impl TryFrom<Days7> for OpeningHours {
    type Error = HoursError;

    fn try_from(days: Days7) -> Result<Self, HoursError> {
        let Days7 { mon, tue, wed, thu, fri, sat, sun, special_days } = days;
        Self::new([mon, tue, wed, thu, fri, sat, sun], special_days)
    }
}

impl From<OpeningHours> for Days7 {
    fn from(hours: OpeningHours) -> Self {
        let [mon, tue, wed, thu, fri, sat, sun] = hours.week;
        let special_days = hours.special_days.into_iter().map(|(date, hours)| SpecialDay { date, hours });
        Self { mon, tue, wed, thu, fri, sat, sun, special_days: special_days.collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hours(json: &str) -> OpeningHours {
        serde_json::from_str(json).unwrap()
    }

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    /// Closed on Wednesdays and on one Friday; Saturdays with a pause.
    fn shop() -> OpeningHours {
        let day = r#"[{"opens":"10:00","closes":"20:00"}]"#;
        hours(&format!(
            r#"{{"mon":{day},"tue":{day},"thu":{day},"fri":{day},
                "sat":[{{"opens":"09:00","closes":"12:00"}},{{"opens":"13:00","closes":"24:00"}}],
                "special_days":[{{"date":"2026-11-27","hours":[]}}]}}"#
        ))
    }

    #[test]
    fn the_closing_time_is_told_on_the_stores_clock() {
        let tokyo = chrono_tz::Asia::Tokyo;
        // Tuesday, 19:59 and 20:00 in Tokyo; Wednesday is closed.
        assert_eq!(shop().closing_after(at("2026-11-24T10:59:00Z"), tokyo), Some(at("2026-11-24T11:00:00Z")));
        assert_eq!(shop().closing_after(at("2026-11-24T11:00:00Z"), tokyo), Some(at("2026-11-26T11:00:00Z")));
        assert_eq!(
            shop().closing_next_day(at("2026-11-24T01:00:00Z"), tokyo),
            Some(at("2026-11-26T11:00:00Z"))
        );
        // From Saturday's closing at midnight, the next is Monday's.
        assert_eq!(
            shop().closing_next_day(at("2026-11-28T15:00:00Z"), tokyo),
            Some(at("2026-11-30T11:00:00Z"))
        );
        // Thursday evening: Friday is a special day, Saturday ends at midnight.
        assert_eq!(
            shop().closing_next_day(at("2026-11-26T11:30:00Z"), tokyo),
            Some(at("2026-11-28T15:00:00Z"))
        );
    }

    #[test]
    fn a_store_that_never_opens_never_closes() {
        assert_eq!(hours("{}").closing_after(at("2026-11-24T10:59:00Z"), chrono_tz::Asia::Tokyo), None);
    }

    #[test]
    fn a_clock_that_jumps_still_has_a_closing_time() {
        let shop = hours(r#"{"sun":[{"opens":"00:00","closes":"02:30"}]}"#);
        let berlin = chrono_tz::Europe::Berlin;
        // 02:30 does not exist on this Sunday, and exists twice on that.
        assert_eq!(shop.closing_after(at("2026-03-28T23:30:00Z"), berlin), Some(at("2026-03-29T01:30:00Z")));
        assert_eq!(shop.closing_after(at("2026-10-24T23:30:00Z"), berlin), Some(at("2026-10-25T01:30:00Z")));
    }

    #[test]
    fn impossible_hours_are_refused() {
        for json in [
            r#"{"mon":[{"opens":"10:00","closes":"10:00"}]}"#,
            r#"{"mon":[{"opens":"10:00","closes":"24:01"}]}"#,
            r#"{"mon":[{"opens":"1:00","closes":"02:00"}]}"#,
            r#"{"mon":[{"opens":"13:00","closes":"20:00"},{"opens":"10:00","closes":"12:00"}]}"#,
            r#"{"noday":[]}"#,
            r#"{"special_days":[{"date":"2026-12-31","hours":[]},{"date":"2026-12-31","hours":[]}]}"#,
            r#"{"special_days":[{"date":"2026-02-30","hours":[]}]}"#,
        ] {
            assert!(serde_json::from_str::<OpeningHours>(json).is_err(), "{json}");
        }
    }

    #[test]
    fn hours_are_written_as_they_are_read() {
        let text = serde_json::to_string(&shop()).unwrap();
        assert_eq!(hours(&text), shop());
    }
}
