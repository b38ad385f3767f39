//! Each form, the bounds, and the law: a day that is written in any form reads back as that day.

use jiff::ToSpan as _;
use jiff::civil::{Date, date};
use jiff::tz::TimeZone;
use proptest::prelude::*;

use super::*;

const TODAY: Date = date(2026, 11, 20);

fn zone(name: &str) -> TimeZone {
    TimeZone::get(name).unwrap()
}

fn reader(formats: &[&str], name: &str) -> DayReader {
    DayReader::new(formats.iter().map(|format| DayFormat::new(format).unwrap()).collect(), zone(name))
}

fn read(text: &str) -> String {
    reader(&[], "Europe/Berlin").day(text).map_or_else(|| "none".to_owned(), |day| day.to_string())
}

#[test]
fn every_common_form_is_read() {
    for (text, day) in [
        ("2026-12-20", "2026-12-20"),
        (" 2026-12-20 ", "2026-12-20"),
        ("2026-1-5", "2026-01-05"),
        // Midnight is the day as it is written, wherever that is.
        ("2026-12-20T00:00:00+02:00", "2026-12-20"),
        ("2026-12-20T00:00:00-11:00", "2026-12-20"),
        ("2026-12-20t00:00z", "2026-12-20"),
        ("2026-12-20T00:00", "2026-12-20"),
        ("2026-12-20 00:00:00", "2026-12-20"),
        ("2026-12-20 00:00:00.000", "2026-12-20"),
        ("2026-12-20 00:00:00.0000000 +01:00", "2026-12-20"),
        ("2026-12-20 00:00:00+00", "2026-12-20"),
        ("2026-12-20 12:00:00 AM", "2026-12-20"),
        ("2026-12-20T00:00:00+09:00[Asia/Tokyo]", "2026-12-20"),
        ("1835-02-01T00:00:00+00:53", "1835-02-01"),
        // Workday's XML writes a day with a zone.
        ("2026-12-20-07:00", "2026-12-20"),
        ("2026-12-20+13:00", "2026-12-20"),
        ("2026-12-20Z", "2026-12-20"),
        // Another time is a day of the zone; without an offset it is the day as it is written.
        ("2026-12-20T23:30:00Z", "2026-12-21"),
        ("2026-12-20T03:00:00+09:00", "2026-12-19"),
        ("2026-12-20T23:30:00", "2026-12-20"),
        ("2026-12-20 23:30:00.123456", "2026-12-20"),
        ("2026-12-20T23:30:00,5", "2026-12-20"),
        // The last second of the calendar is the next day nowhere.
        ("9999-12-31T00:00:00Z", "9999-12-31"),
        ("9999-12-31T23:59:59Z", "9999-12-31"),
        ("9999-12-31T23:59:59.9999999", "9999-12-31"),
        ("253402300799000", "9999-12-31"),
        ("32472144000000", "2999-01-01"),
        ("/Date(253402214400000)/", "9999-12-31"),
        ("/Date(-62135596800000)/", "0001-01-01"),
        ("/Date(1583103600000)/", "2020-03-02"),
        ("/Date(1583107200000+0060)/", "2020-03-02"),
        ("/Date(1583107200000-0300)/", "2020-03-02"),
        ("1717200000000", "2024-06-01"),
        ("-315619200000", "1960-01-01"),
        ("1/31/2026 12:00:00 AM", "2026-01-31"),
        ("1/31/2026 11:30:00 PM", "2026-02-01"),
    ] {
        assert_eq!(read(text), day, "{text}");
    }
}

#[test]
fn what_is_no_day_is_none() {
    for text in [
        "",
        "soon",
        "26-12-20",
        "126-12-20",
        "12026-12-20",
        "2026-02-30",
        "2026-13-01",
        "2026-12-20T",
        "2026-12-20Tnoon",
        "2026-12-20T25:00:00",
        "2026-12-20 00:00:00 CET",
        "2026-12-20T00:00:00+99:00",
        "2026-12-20T00:00:00.",
        "31.12.2026",
        "12/31/2026",
        "1/31/26 12:00:00 AM",
        "1/31/2026 12:00 AM",
        "45306",
        "20261231",
        "20261231000000",
        "1717200000",
        "/Date(x)/",
        "/Date(1583107200000+9999)/",
        "/Date(99999999999999999999)/",
        "99999999999999999999",
        "0000-00-00",
        "überall!",
        "２０２６-12-20",
    ] {
        assert_eq!(read(text), "none", "{text}");
    }
}

#[test]
fn years_have_as_many_digits_as_their_format_names() {
    for (format, text, day) in [
        ("%d.%m.%Y", "31.12.2026", Some(date(2026, 12, 31))),
        ("%d.%m.%Y", "1.2.2026", Some(date(2026, 2, 1))),
        ("%d.%m.%Y", "31.12.27", None),
        ("%d.%m.%Y", "31.12.127", None),
        ("%d.%m.%Y", "31.12.0027", Some(date(27, 12, 31))),
        ("%Y/%m/%d", "03/12/15", None),
        ("%F", "27-12-31", None),
        ("%d.%m.%-Y", "31.12.27", None),
        ("%d.%m.%y", "31.12.27", Some(date(2027, 12, 31))),
        ("%d.%m.%y", "31.12.2027", None),
        ("%d.%m.%y", "31.12.7", None),
        ("%d/%m/%y", "08/03/8", None),
        ("%m/%d/%y", "12/31/68", Some(date(2068, 12, 31))),
        ("%m/%d/%y", "12/31/69", Some(date(1969, 12, 31))),
        ("%D", "12/31/27", Some(date(2027, 12, 31))),
        ("%D", "12/31/7", None),
        ("%Y%m%d", "20261231", Some(date(2026, 12, 31))),
        ("%Y%m%d", "261231", None),
        ("%y%m%d", "261231", Some(date(2026, 12, 31))),
        ("%d-%b-%y", "05-Dec-19", Some(date(2019, 12, 5))),
        ("%d-%b-%Y", "05-Dec-19", None),
        ("%b %d, %Y %I:%M %p", "Dec 31, 2027 5:00 PM", Some(date(2027, 12, 31))),
        ("%b %d, %Y %I:%M %p", "Dec 31, 27 5:00 PM", None),
        ("%d.%m.%y %H:%M", "31.12.27 08:00", Some(date(2027, 12, 31))),
        ("%m/%d/%Y %H:%M:%S %z", "12/31/2026 23:30:00 +0000", Some(date(2027, 1, 1))),
        ("%m/%d/%Y %H:%M:%S %z", "12/31/2026 00:00:00 +0900", Some(date(2026, 12, 31))),
        ("%A, %d %B %Y", "Sunday, 20 December 2026", Some(date(2026, 12, 20))),
    ] {
        let found = DayFormat::new(format).unwrap().day(text, &zone("Europe/Berlin"));
        assert_eq!(found, day, "{format} {text}");
    }
}

#[test]
fn a_format_that_names_no_day_is_none() {
    for format in ["", "%d.%m.", "%H:%M", "%Y", "%Q", "%", "yyyy-MM-dd", "%d.%m.%"] {
        assert_eq!(DayFormat::new(format), None, "{format}");
    }
}

#[test]
fn days_that_cannot_be_meant_are_told_with_a_guess() {
    let reader = reader(&[], "UTC");
    for (text, guess) in [
        ("1449-12-30", "Hijri"),
        ("1441-01-01", "Hijri"),
        ("1405-08-29", "Persian"),
        ("2563-01-01", "Buddhist"),
        ("2566-11-30", "Buddhist"),
        ("0115-11-20", "Minguo"),
        ("0027-12-31", "two digits"),
        ("1753-01-01", "placeholder"),
        ("1900-01-01", "placeholder"),
        ("9999-12-31", "placeholder"),
        ("1929-12-31", "before 1930"),
        ("2086-11-21", "60 years"),
        ("2200-12-31", "60 years"),
    ] {
        let Day::Impossible(found) = reader.start(text, TODAY) else { panic!("{text}") };
        assert!(found.to_string().contains(guess), "{text}: {found}");
    }
    assert_eq!(reader.start("1930-01-01", TODAY), Day::On(date(1930, 1, 1)));
    assert_eq!(reader.start("2086-11-20", TODAY), Day::On(date(2086, 11, 20)));
    assert_eq!(reader.start("2088-02-29", date(2028, 2, 29)), Day::On(date(2088, 2, 29)), "60 years of a leap day");
}

#[test]
fn an_open_end_has_many_spellings() {
    let reader = reader(&["%d.%m.%Y"], "Europe/Berlin");
    for text in [
        "9999-12-31",
        "9999-01-01",
        "2999-12-31",
        "4712-12-31",
        "2099-12-31",
        "1900-01-01",
        "1899-12-30",
        "0001-01-01",
        "31.12.9999",
        "2999-12-31T23:59:59Z",
        "2099-12-31T23:59:59Z",
        "9999-12-31T23:59:59Z",
        "/Date(253402300799000)/",
        "253402300799000",
        "1/1/0001 12:00:00 AM",
        "12/31/9999 11:59:59 PM",
        "infinity",
    ] {
        assert_eq!(reader.end(text, TODAY), Day::NoEnd, "{text}");
    }
    for text in ["1449-12-30", "2566-11-30", "2200-12-31", "1753-01-01", "0002-01-01", "1899-12-29"] {
        assert!(matches!(reader.end(text, TODAY), Day::Impossible(_)), "{text}");
    }
    assert_eq!(reader.end("-infinity", TODAY), Day::Unreadable);
}

/// Each way to write a day that keeps it, whatever the zone of the reader.
fn written(day: Date) -> Vec<String> {
    let midnight = day.at(0, 0, 0, 0);
    let millis = midnight.to_zoned(TimeZone::UTC).unwrap().timestamp().as_millisecond();
    let mut all = vec![
        day.to_string(),
        format!("{day}T00:00:00Z"),
        format!("{day}t00:00:00z"),
        format!("{day}T00:00:00.0000000+14:00"),
        format!("{day}T00:00:00-1200"),
        format!("{day} 00:00:00"),
        format!("{day} 00:00:00.000"),
        format!("{day}T13:45"),
        format!("{day}-07:00"),
        format!("/Date({millis})/"),
        format!("/Date({}-0300)/", millis + 300 * 60_000),
        day.strftime("%-m/%-d/%Y 12:00:00 AM").to_string(),
    ];
    if (12..=13).contains(&millis.unsigned_abs().to_string().len()) {
        all.push(millis.to_string());
    }
    all
}

const LONG: &[&str] = &[
    "%Y-%m-%d",
    "%d.%m.%Y",
    "%d. %m. %Y",
    "%Y/%m/%d",
    "%Y%m%d",
    "%d-%b-%Y",
    "%d %B %Y",
    "%b %d, %Y %I:%M %p",
    "%m/%d/%Y %H:%M:%S",
    "%d/%m/%Y",
    "%m-%d-%Y",
    "%F",
    "%a, %d %b %Y %H:%M:%S %z",
];

fn any_day() -> impl Strategy<Value = Date> {
    let days = date(1930, 1, 1).until(date(2086, 11, 20)).unwrap().get_days();
    (0..=days).prop_map(|days| date(1930, 1, 1).checked_add(days.days()).unwrap())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_day_in_any_form_reads_back_as_that_day(day in any_day(), name in prop::sample::select(vec!["UTC", "Pacific/Kiritimati", "America/Los_Angeles"])) {
        let plain = reader(&[], name);
        for text in written(day) {
            prop_assert_eq!(plain.start(&text, TODAY), Day::On(day), "{}", text);
            prop_assert_eq!(plain.end(&text, TODAY), Day::On(day), "{}", text);
            prop_assert_eq!(day_of(&text, &zone(name)), Some(day), "{}", text);
            prop_assert_eq!(reader(&["%d.%m.%Y"], name).day(&text), Some(day), "{}", text);
        }
        for format in LONG {
            let text = day.at(0, 0, 0, 0).to_zoned(TimeZone::UTC).unwrap().strftime(format).to_string();
            prop_assert_eq!(reader(&[format], name).start(&text, TODAY), Day::On(day), "{}", text);
        }
        if (1969..=2068).contains(&day.year()) {
            for format in ["%d.%m.%y", "%D", "%y%m%d"] {
                prop_assert_eq!(reader(&[format], name).day(&day.strftime(format).to_string()), Some(day));
            }
        }
    }

    #[test]
    fn reading_never_panics(text in "(\\PC|[0-9TZ:./+ -]){0,40}") {
        for name in ["UTC", "Asia/Tokyo"] {
            let all = reader(&["%d.%m.%Y", "%D", "%b %d, %Y %I:%M %p"], name);
            let (start, end) = (all.start(&text, TODAY), all.end(&text, TODAY));
            prop_assert_eq!(start == Day::Unreadable, end == Day::Unreadable || (end == Day::NoEnd && start == Day::Unreadable));
        }
    }
}
