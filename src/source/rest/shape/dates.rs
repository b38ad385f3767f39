//! The dates of a service, all as the day that they are.

use jiff::tz::TimeZone;

use crate::record::{DayFormat, day_of, day_of_epoch};

/// How a column writes its dates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DateForm {
    /// ISO 8601, a day or a moment; `/Date(…)/` too.
    Iso,
    /// A number of seconds since 1970.
    EpochSeconds,
    /// A number of milliseconds since 1970.
    EpochMillis,
    /// By the letters of `strftime`, such as `%d-%b-%Y`.
    Pattern(DayFormat),
}

/// The day of a text, as `2026-12-31`; nothing where the text is no date of that form. A moment is a day of `zone`.
pub(in crate::source::rest) fn day(text: &str, form: &DateForm, zone: &TimeZone) -> Option<String> {
    let text = crate::record::trimmed(text);
    let day = match form {
        DateForm::EpochSeconds => day_of_epoch(text.parse::<i64>().ok()?.checked_mul(1_000)?, zone),
        DateForm::EpochMillis => day_of_epoch(text.parse().ok()?, zone),
        DateForm::Pattern(format) => format.day(text, zone),
        DateForm::Iso => day_of(text, zone),
    };
    day.map(|day| day.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::plain_moment;

    fn notes(text: &str, form: &DateForm) -> String {
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
            assert_eq!(notes(text, &DateForm::Iso), expected, "{text}");
        }
        assert_eq!(notes("05-Dec-2019", &DateForm::Pattern(DayFormat::new("%d-%b-%Y").unwrap())), "2019-12-05");
        assert_eq!(notes("31.12.2026", &DateForm::Pattern(DayFormat::new("%d.%m.%Y").unwrap())), "2026-12-31");
        assert_eq!(notes("1717200000", &DateForm::EpochSeconds), "2024-06-01");
        assert_eq!(notes("1717200000000", &DateForm::EpochMillis), "2024-06-01");
    }

    #[test]
    fn odata_dates_are_readable_without_being_declared() {
        assert_eq!(plain_moment("/Date(1580688000000)/").unwrap(), "2020-02-03");
        assert_eq!(plain_moment("/Date(1618796144000+0000)/").unwrap(), "2021-04-19T01:35:44Z");
        assert_eq!(plain_moment("/Dates/"), None);
        assert_eq!(plain_moment("/Date(99999999999999999999)/"), None);
    }
}
