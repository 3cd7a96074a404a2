//! When a store is open, in words, on its own clock.

use chrono::{DateTime, Datelike, Days, NaiveDate, Timelike, Utc};
use contracts::{LocalTime, OpeningHours, Span};

use super::lang::Lang;
use super::words::Words;
use crate::read::stores::{Hours, Store};

/// Days that are looked through for the next opening: a store that is closed for longer has none that anybody waits for.
const MAX_DAYS_AHEAD: u64 = 7;

/// Whether a store is open.
pub(crate) struct OpenView {
    pub(crate) is_open: bool,
    pub(crate) text: String,
}

/// One day of a week.
pub(crate) struct DayView {
    pub(crate) name: String,
    pub(crate) hours: String,
    pub(crate) is_today: bool,
}

/// Whether it is open, and until when or when again; `None` where its hours are not known.
pub(crate) fn open(store: &Store, now: DateTime<Utc>, lang: Lang) -> Option<OpenView> {
    let Hours { opening, zone } = store.hours.as_ref()?;
    let shop = Words::of(lang).shop;
    let here = now.with_timezone(zone);
    if let Some(until) = store.open_until(now) {
        let text = match until.date_naive() - here.date_naive() {
            days if days.num_days() > MAX_DAYS_AHEAD as i64 - 1 => shop.always_open.to_string(),
            _ => shop.open_until.with("time", until.format("%H:%M")).to_string(),
        };
        return Some(OpenView { is_open: true, text });
    }
    let today = here.date_naive();
    let minute = u16::try_from(here.hour() * 60 + here.minute()).unwrap_or_default();
    let (days, opens) = next_opening(opening, today, minute)
        .map_or((None, String::new()), |(days, opens)| (Some(days), opens.to_string()));
    let text = match days {
        None => shop.closed.to_string(),
        Some(0) => shop.opens_today.with("time", opens).to_string(),
        Some(1) => shop.opens_tomorrow.with("time", opens).to_string(),
        Some(days) => {
            let day = today.checked_add_days(Days::new(days)).unwrap_or(today);
            shop.opens_on.with("day", weekday(day, lang)).with("time", opens).to_string()
        }
    };
    Some(OpenView { is_open: false, text })
}

/// In how many days a store that is closed opens next, and when.
fn next_opening(opening: &OpeningHours, today: NaiveDate, minute: u16) -> Option<(u64, LocalTime)> {
    (0..=MAX_DAYS_AHEAD).find_map(|days| {
        let date = today.checked_add_days(Days::new(days))?;
        let mut spans = opening.on(date).iter();
        let span = spans.find(|span| days > 0 || span.opens.minutes() > minute)?;
        Some((days, span.opens))
    })
}

/// The next seven days, from today on.
pub(crate) fn week(store: &Store, now: DateTime<Utc>, lang: Lang) -> Vec<DayView> {
    let Some(Hours { opening, zone }) = store.hours.as_ref() else { return Vec::new() };
    let today = now.with_timezone(zone).date_naive();
    let days = (0..7).filter_map(|days| today.checked_add_days(Days::new(days)));
    let day = |date: NaiveDate| DayView {
        name: format!("{}/{} {}", date.month(), date.day(), weekday(date, lang)),
        hours: spans(opening.on(date), lang),
        is_today: date == today,
    };
    days.map(day).collect()
}

fn spans(spans: &[Span], lang: Lang) -> String {
    if spans.is_empty() {
        return Words::of(lang).shop.closed.to_string();
    }
    let span = |span: &Span| format!("{}–{}", span.opens, span.closes);
    spans.iter().map(span).collect::<Vec<_>>().join(", ")
}

fn weekday(date: NaiveDate, lang: Lang) -> &'static str {
    let names = match lang {
        Lang::Ja => ["月", "火", "水", "木", "金", "土", "日"],
        Lang::En => ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"],
    };
    let day = usize::try_from(date.weekday().num_days_from_monday()).unwrap_or_default();
    names.get(day).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn store(hours: &str) -> Store {
        Store {
            store_id: "hinata.a".to_owned(),
            name_ja: None,
            name_en: None,
            address_ja: None,
            address_en: None,
            latitude: None,
            longitude: None,
            time_zone: "Asia/Tokyo".to_owned(),
            hours: Some(Hours {
                opening: serde_json::from_str(hours).unwrap(),
                zone: chrono_tz::Asia::Tokyo,
            }),
            policy: None,
            version: 1,
            updated_at: DateTime::UNIX_EPOCH,
        }
    }

    #[test]
    fn a_store_says_until_when_it_is_open_or_when_it_opens_again() {
        let shop = store(
            r#"{"tue":[{"opens":"10:00","closes":"13:00"},{"opens":"14:00","closes":"20:00"}],
                "wed":[{"opens":"11:00","closes":"20:00"}],"sat":[{"opens":"10:00","closes":"19:00"}]}"#,
        );
        // In Tokyo, nine hours ahead; the 24th is a Tuesday.
        for (now, says) in [
            ("2026-11-24T01:00:00Z", "Open until 13:00"),
            ("2026-11-24T04:30:00Z", "Closed, opens at 14:00"),
            ("2026-11-24T11:00:00Z", "Closed, opens tomorrow at 11:00"),
            ("2026-11-25T12:00:00Z", "Closed, opens Sat at 10:00"),
        ] {
            assert_eq!(open(&shop, now.parse().unwrap(), Lang::En).unwrap().text, says, "{now}");
        }
        let days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
        let always = days.map(|day| format!(r#""{day}":[{{"opens":"00:00","closes":"24:00"}}]"#)).join(",");
        let always = store(&format!("{{{always}}}"));
        let now = "2026-11-24T04:30:00Z".parse().unwrap();
        assert_eq!(open(&always, now, Lang::En).unwrap().text, "Open, day and night");
        let never = store(r#"{"special_days":[{"date":"2026-01-01","hours":[]}]}"#);
        assert_eq!(open(&never, now, Lang::Ja).unwrap().text, "休業");
    }

    #[test]
    fn a_week_begins_today_on_the_stores_calendar() {
        let shop = store(
            r#"{"tue":[{"opens":"10:00","closes":"20:00"}],"special_days":[{"date":"2026-11-25","hours":[{"opens":"12:00","closes":"13:00"}]}]}"#,
        );
        // Tuesday in Tokyo, still Monday in London.
        let days = week(&shop, "2026-11-23T16:00:00Z".parse().unwrap(), Lang::En);
        let told: Vec<_> =
            days.iter().map(|day| (day.name.as_str(), day.hours.as_str(), day.is_today)).collect();
        assert_eq!(
            told[..3],
            [
                ("11/24 Tue", "10:00–20:00", true),
                ("11/25 Wed", "12:00–13:00", false),
                ("11/26 Thu", "Closed", false)
            ]
        );
        assert_eq!(told.len(), 7);
    }
}
