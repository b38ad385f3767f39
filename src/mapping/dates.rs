//! The days of a record, as the mapping reads them.

use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::lifecycle::fold;
use crate::record::{Day, DayFormat, DayReader};

/// How the source writes dates, and which of them mean "no end".
#[derive(Clone, Debug)]
pub(super) struct Dates {
    reader: DayReader,
    /// The texts of `no_end`, folded: each means that there is no last day.
    words: Vec<String>,
    /// The days among them.
    days: Vec<Date>,
}

/// The role of a date: a first or a last working day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Start,
    /// It may be open.
    End,
}

impl Dates {
    pub(super) fn new(formats: Vec<DayFormat>, zone: TimeZone, no_end: &[String]) -> Self {
        let reader = DayReader::new(formats, zone);
        let days = no_end.iter().filter_map(|word| reader.day(word)).collect();
        Self { words: no_end.iter().map(|word| fold(word)).collect(), days, reader }
    }

    /// The zone in which a day begins.
    pub(super) fn zone(&self) -> &TimeZone {
        self.reader.zone()
    }

    /// The meaning of a text that is not empty.
    pub(super) fn day(&self, text: &str, role: Role, today: Date) -> Day {
        match role {
            Role::Start => self.reader.start(text, today),
            Role::End if !self.words.is_empty() && self.words.contains(&fold(text)) => Day::NoEnd,
            Role::End => self.reader.end_among(text, today, &self.days),
        }
    }

    /// The forms that the mapping names, for messages.
    pub(super) fn forms(&self) -> String {
        let forms: Vec<&str> = self.reader.formats().iter().map(DayFormat::as_str).collect();
        if forms.is_empty() { "%Y-%m-%d".to_owned() } else { forms.join(" or ") }
    }

    /// Whether a cell has Entra's form, which names the month first, although the forms of the mapping name another day for it: a file
    /// that writes 05/01/2026 for a day in January writes `05/01/2026 12:00:00 AM` for the same day.
    pub(super) fn contradicts(&self, cell: &str) -> bool {
        let formats = self.reader.formats();
        let Some((day, _)) = cell.trim().split_once(' ').filter(|(day, _)| day.contains('/')) else { return false };
        let named = formats.iter().find_map(|format| format.day(day, self.zone()));
        named.is_some_and(|named| Some(named) != self.reader.day(cell)) && !formats.iter().any(|format| format.reads(cell.trim()))
    }

    /// The form with years of two digits that reads a text which none of the forms reads.
    pub(super) fn short_form(&self, text: &str) -> Option<DayFormat> {
        let short = self.reader.formats().iter().filter_map(DayFormat::with_short_years);
        short.into_iter().find(|format| format.reads(text.trim()))
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    const TODAY: Date = date(2026, 11, 20);

    fn dates(no_end: &[&str]) -> Dates {
        let no_end: Vec<String> = no_end.iter().map(|word| (*word).to_owned()).collect();
        let zone = TimeZone::get("Europe/Berlin").unwrap();
        Dates::new(vec![DayFormat::new("%d.%m.%Y").unwrap()], zone, &no_end)
    }

    #[test]
    fn moments_are_local_days_and_midnight_is_never_moved() {
        let on = |text: &str| dates(&[]).day(text, Role::Start, TODAY);
        assert_eq!(on("31.1.2026"), Day::On(date(2026, 1, 31)));
        assert_eq!(on("2026-01-31"), Day::On(date(2026, 1, 31)));
        assert_eq!(on("2026-01-30T23:30:00Z"), Day::On(date(2026, 1, 31)));
        assert_eq!(on("2026-01-31T00:00:00-05:00"), Day::On(date(2026, 1, 31)));
        assert_eq!(on("1/31/2026 12:00:00 AM"), Day::On(date(2026, 1, 31)));
        assert_eq!(on("soon"), Day::Unreadable);
    }

    #[test]
    fn a_list_of_the_mapping_adds_words_and_days_to_no_end() {
        let dates = dates(&["Offen", "2200-12-31", "31.12.2042"]);
        let end = |text: &str| dates.day(text, Role::End, TODAY);
        for text in [" OFFEN ", "31.12.2200", "2200-12-31T00:00:00", "2042-12-31", "31.12.9999", "01.01.1900"] {
            assert_eq!(end(text), Day::NoEnd, "{text}");
        }
        assert!(matches!(end("31.12.2201"), Day::Impossible(_)));
        assert!(matches!(dates.day("31.12.2200", Role::Start, TODAY), Day::Impossible(_)), "an open end is not a start");
        assert_eq!(dates.day("offen", Role::Start, TODAY), Day::Unreadable);
    }

    #[test]
    fn a_cell_that_names_the_month_first_against_the_forms_is_noticed() {
        let with = |forms: &[&str], cell: &str| {
            let formats = forms.iter().map(|form| DayFormat::new(form).unwrap()).collect();
            Dates::new(formats, TimeZone::UTC, &[]).contradicts(cell)
        };
        assert!(with(&["%d/%m/%Y"], "5/1/2026 12:00:00 AM"));
        assert!(!with(&["%d/%m/%Y"], "1/1/2026 12:00:00 AM"), "the same day both ways");
        assert!(!with(&["%m/%d/%Y"], "5/1/2026 12:00:00 AM"));
        assert!(!with(&["%d.%m.%Y"], "5/1/2026 12:00:00 AM"));
        assert!(!with(&["%d/%m/%Y", "%m/%d/%Y %I:%M:%S %p"], "5/1/2026 12:00:00 AM"));
        assert!(!with(&["%Y/%m/%d"], "2026-12-20 23:00:00Z"));
    }

    #[test]
    fn the_form_with_short_years_is_found() {
        assert_eq!(dates(&[]).short_form("31.12.27").unwrap().as_str(), "%d.%m.%y");
        assert_eq!(dates(&[]).short_form("31-12-27"), None);
    }
}
