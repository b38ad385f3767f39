//! The forms in which HR systems write a date, all told as ISO 8601.

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

/// How a column writes its dates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DateForm {
    /// ISO 8601, a day or a moment; `/Date(…)/` too.
    Iso,
    /// Seconds since 1970.
    EpochSeconds,
    /// Milliseconds since 1970.
    EpochMillis,
    /// By the letters of `strftime`, such as `%d-%b-%Y`.
    Pattern(String),
}

/// The day of a text, as `2026-12-31`; nothing where the text is no date of that form.
///
/// A moment with a zone of its own is the day there: HR systems write midnight where the person works, and UTC would often make
/// the day before of it. A moment without one is a day of `zone`.
pub(super) fn day(text: &str, form: &DateForm, zone: &TimeZone) -> Option<String> {
    let text = text.trim();
    let moment = |moment: Timestamp| Some(moment.to_zoned(zone.clone()).date());
    let day = match form {
        DateForm::EpochSeconds => moment(Timestamp::from_second(text.parse().ok()?).ok()?),
        DateForm::EpochMillis => moment(Timestamp::from_millisecond(text.parse().ok()?).ok()?),
        DateForm::Pattern(pattern) => {
            Date::strptime(pattern, text).ok().or_else(|| DateTime::strptime(pattern, text).ok().map(DateTime::date))
        }
        DateForm::Iso => match odata(text) {
            Some((utc, Some(offset))) => utc.checked_add(offset).ok().map(DateTime::date),
            Some((utc, None)) => Some(match utc.to_zoned(TimeZone::UTC) {
                Ok(stamp) => stamp.with_time_zone(zone.clone()).date(),
                // The last day of the calendar, which stands for «no end», is no moment of a zone.
                Err(_) => utc.date(),
            }),
            None => iso(text, zone),
        },
    };
    day.map(|day| day.to_string())
}

/// A `/Date(1583107200000+0060)/` as ISO; every other text is left as it is.
pub(super) fn readable(text: &str) -> Option<String> {
    let (utc, offset) = odata(text)?;
    let local = utc.checked_add(offset.unwrap_or_default()).ok()?;
    Some(if local.time() == jiff::civil::Time::midnight() {
        local.date().to_string()
    } else {
        // The moment is the same; only days keep their own zone.
        utc.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
    })
}

/// The moment of `/Date(ms±minutes)/` in UTC, and the offset it names. A plain `+0000` names none: it is what the service writes
/// for a moment in UTC.
fn odata(text: &str) -> Option<(DateTime, Option<SignedDuration>)> {
    let inside = text.trim().strip_prefix("/Date(")?.strip_suffix(")/")?;
    let sign = inside.char_indices().skip(1).find(|(_, character)| matches!(character, '+' | '-'));
    let (millis, offset) = match sign {
        None => (inside, None),
        Some((at, sign)) => {
            let minutes: u32 = inside[at + 1..].parse().ok().filter(|minutes| *minutes < 24 * 60)?;
            let minutes = i64::from(minutes) * if sign == '-' { -1 } else { 1 };
            (&inside[..at], Some(SignedDuration::from_mins(minutes)).filter(|offset| !offset.is_zero()))
        }
    };
    let since = SignedDuration::from_millis(millis.parse().ok()?);
    let utc = jiff::civil::date(1970, 1, 1).at(0, 0, 0, 0).checked_add(since).ok()?;
    Some((utc, offset))
}

fn iso(text: &str, zone: &TimeZone) -> Option<Date> {
    let (day, rest) = text.split_at_checked(10)?;
    // `20-01-01` is no year of HR's.
    let day = day.parse::<Date>().ok().filter(|_| day.as_bytes()[4] == b'-')?;
    if rest.is_empty() {
        return Some(day);
    }
    // Workday's XML writes a day with a zone: 2020-03-15-08:00.
    if rest == "Z" || (rest.len() == 6 && rest.starts_with(['+', '-']) && rest.as_bytes()[3] == b':') {
        return Some(day);
    }
    let time = rest.strip_prefix(['T', ' '])?;
    if let Some(clock) = time.strip_suffix('Z') {
        let midnight = clock.bytes().all(|byte| matches!(byte, b'0' | b':' | b'.'));
        let moment: Timestamp = format!("{day}T{time}").parse().ok()?;
        return Some(if midnight { day } else { moment.to_zoned(zone.clone()).date() });
    }
    // A clock without a zone, or with one of its own, is that day.
    let clock = time.split(['+', '-']).next()?;
    clock.trim().parse::<jiff::civil::Time>().is_ok().then_some(day)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str, form: &DateForm) -> String {
        day(text, form, &TimeZone::get("Europe/Berlin").unwrap()).unwrap_or_else(|| "none".into())
    }

    #[test]
    fn every_form_becomes_a_day() {
        for (text, expected) in [
            ("2021-08-30", "2021-08-30"),
            ("1983-09-01T00:00:00+02:00", "1983-09-01"),
            ("1835-02-01T00:00:00+00:53", "1835-02-01"),
            ("2009-01-14-08:00", "2009-01-14"),
            ("2020-01-01T00:00:00", "2020-01-01"),
            ("2024-06-01 10:00:00.123456", "2024-06-01"),
            ("2020-01-01T00:00:00Z", "2020-01-01"),
            ("2023-03-31T23:45:11.807Z", "2023-04-01"),
            // Midnight in the zone of the data centre.
            ("/Date(1583103600000)/", "2020-03-02"),
            ("/Date(1583107200000+0060)/", "2020-03-02"),
            ("/Date(-62135596800000)/", "0001-01-01"),
            ("/Date(253402214400000)/", "9999-12-31"),
            ("4712-12-31", "4712-12-31"),
            ("soon", "none"),
            ("2020-02-30", "none"),
            ("2020-01-01Tnoon", "none"),
            ("20-01-01", "none"),
            ("überall!", "none"),
        ] {
            assert_eq!(told(text, &DateForm::Iso), expected, "{text}");
        }
        assert_eq!(told("05-Dec-2019", &DateForm::Pattern("%d-%b-%Y".into())), "2019-12-05");
        assert_eq!(told("31.12.2026", &DateForm::Pattern("%d.%m.%Y".into())), "2026-12-31");
        assert_eq!(told("1717200000", &DateForm::EpochSeconds), "2024-06-01");
        assert_eq!(told("1717200000000", &DateForm::EpochMillis), "2024-06-01");
    }

    #[test]
    fn odata_dates_are_readable_without_being_declared() {
        assert_eq!(readable("/Date(1580688000000)/").unwrap(), "2020-02-03");
        assert_eq!(readable("/Date(1618796144000+0000)/").unwrap(), "2021-04-19T01:35:44Z");
        assert_eq!(readable("/Dates/"), None);
        assert_eq!(readable("/Date(99999999999999999999)/"), None);
    }
}
