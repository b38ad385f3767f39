//! The forms of dates, guessed from their values.

use jiff::tz::TimeZone;

use crate::mapping::guess::vocabulary::NO_END;
use crate::record::{DayFormat, day_of};

/// How a file seems to write its dates.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct DateGuess {
    /// Formats for `strptime`, in order.
    pub(super) formats: Vec<String>,
    /// Values that mean no end.
    pub(super) no_end: Vec<String>,
    /// What a person must look at.
    pub(super) notes: Vec<String>,
}

/// Formats in which day and month cannot be taken for each other. Those with years of two digits come first: no text fits both.
const SURE: [&str; 16] = [
    "%d.%m.%y",
    "%d. %m. %y",
    "%d-%b-%y",
    "%d %b %y",
    "%Y-%m-%d",
    "%d.%m.%Y",
    "%d. %m. %Y",
    "%Y/%m/%d",
    "%Y%m%d",
    "%d-%b-%Y",
    "%d %B %Y",
    "%d %b %Y",
    "%B %d, %Y",
    "%b %d, %Y",
    "%d.%m.%Y %H:%M:%S",
    "%b %d, %Y %I:%M %p",
];

/// Day first and month first.
const PAIRS: [[&str; 2]; 6] = [
    ["%d/%m/%y", "%m/%d/%y"],
    ["%d-%m-%y", "%m-%d-%y"],
    ["%d/%m/%Y", "%m/%d/%Y"],
    ["%d-%m-%Y", "%m-%d-%Y"],
    ["%d/%m/%Y %H:%M:%S", "%m/%d/%Y %H:%M:%S"],
    ["%d/%m/%Y %I:%M:%S %p", "%m/%d/%Y %I:%M:%S %p"],
];

/// Guesses from the values of some columns.
pub(super) fn guess<'v>(columns: impl Iterator<Item = impl Iterator<Item = &'v str>>) -> DateGuess {
    let mut found = DateGuess::default();
    let mut values: Vec<&str> = Vec::new();
    for value in columns.flatten() {
        if NO_END.contains(&value.to_lowercase().as_str()) {
            if !found.no_end.iter().any(|known| known == value) {
                found.no_end.push(value.to_owned());
            }
        } else {
            values.push(value);
        }
    }
    found.no_end.sort();
    let mut rest: Vec<&str> = values.into_iter().filter(|value| is_ordered(value) || !is_common(value)).collect();
    for format in SURE {
        take(&mut rest, format, &mut found.formats);
    }
    for pair in PAIRS {
        ambiguous(&mut rest, pair, &mut found);
    }
    two_digits(&mut found);
    let serials = rest.iter().filter(|value| is_serial(value)).count();
    if serials > 0 {
        found.notes.push(format!("{serials} dates are numbers of a spreadsheet (such as 45306): export that column as dates"));
    }
    let strange = rest.len() - serials;
    if strange > 0 {
        found.notes.push(format!("{strange} dates have no form that was recognised: their records are held"));
    }
    if found.formats.is_empty() {
        found.formats = vec!["%Y-%m-%d".to_owned(), "%d.%m.%Y".to_owned()];
    }
    found
}

/// Takes the values that a format reads, and the format where it reads any.
fn take(rest: &mut Vec<&str>, format: &str, formats: &mut Vec<String>) {
    let before = rest.len();
    let Some(read) = DayFormat::new(format) else { return };
    rest.retain(|value| !read.reads(value));
    if rest.len() < before {
        formats.push(format.to_owned());
    }
}

/// Decides between day first and month first by the values that only one of them reads.
fn ambiguous(rest: &mut Vec<&str>, [day_first, month_first]: [&str; 2], found: &mut DateGuess) {
    let (Some(day), Some(month)) = (DayFormat::new(day_first), DayFormat::new(month_first)) else { return };
    let only_day = rest.iter().filter(|value| day.reads(value) && !month.reads(value)).count();
    let only_month = rest.iter().filter(|value| month.reads(value) && !day.reads(value)).count();
    let either = rest.iter().filter(|value| month.reads(value) && day.reads(value)).count();
    if only_day + only_month + either == 0 {
        return;
    }
    if only_day > 0 && only_month > 0 {
        found.notes.push(format!("ATTENTION: the file writes dates day first ({only_day}) and month first ({only_month}): HR must write them in one form"));
    } else if only_day + only_month == 0 {
        found.notes.push("ATTENTION: every date fits day first and month first: ask HR which it is".to_owned());
    }
    take(rest, if only_month > only_day { month_first } else { day_first }, &mut found.formats);
}

/// Says how years of two digits are read.
fn two_digits(found: &mut DateGuess) {
    if let Some(format) = found.formats.iter().find(|format| format.contains("%y")) {
        found.notes.push(format!(
            "years have two digits ({format}): 00 to 68 are read as 2000 to 2068 and 69 to 99 as 1969 to 1999; better export four"
        ));
    }
}

/// A date in a form that is read without a format.
fn is_common(value: &str) -> bool {
    day_of(value, &TimeZone::UTC).is_some()
}

/// A date for which the mapping names the form although it is read without: a bare ISO day, and a date with slashes, which the file may
/// write day first.
fn is_ordered(value: &str) -> bool {
    value.matches('/').count() == 2 && !value.starts_with('/')
        || DayFormat::new("%Y-%m-%d").is_some_and(|format| format.reads(value))
}

/// The number by which spreadsheets count days: from 1927 to 2119.
pub(in crate::mapping) fn is_serial(value: &str) -> bool {
    value.len() == 5 && value.parse::<u32>().is_ok_and(|number| (10_000..80_000).contains(&number))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(values: &[&str]) -> DateGuess {
        guess(std::iter::once(values.iter().copied()))
    }

    #[test]
    fn day_and_month_are_told_apart_by_the_values_that_allow_one_order_alone() {
        assert_eq!(of(&["31/12/2020", "01/02/2021"]).formats, ["%d/%m/%Y"]);
        assert_eq!(of(&["12/31/2020", "1/2/2021"]).formats, ["%m/%d/%Y"]);
        assert!(of(&["01/02/2021"]).notes[0].contains("ask HR"));
        assert!(of(&["31/12/2020", "12/31/2020"]).notes[0].contains("in one form"));
    }

    #[test]
    fn years_of_two_digits_are_a_form_of_their_own() {
        for (values, formats) in [
            (vec!["05.03.08", "31.12.27"], vec!["%d.%m.%y"]),
            (vec!["03/15/08", "12/31/27"], vec!["%m/%d/%y"]),
            (vec!["15-03-08"], vec!["%d-%m-%y"]),
            (vec!["05-Dec-19"], vec!["%d-%b-%y"]),
            (vec!["05.03.08", "05.03.2008"], vec!["%d.%m.%y", "%d.%m.%Y"]),
        ] {
            let found = of(&values);
            assert_eq!(found.formats, formats, "{values:?}");
            assert!(found.notes.iter().any(|note| note.contains("two digits")), "{values:?}");
        }
        assert!(of(&["05.03.2008"]).notes.is_empty());
    }

    #[test]
    fn forms_that_are_read_anyway_need_no_format_and_times_of_day_get_one() {
        let found = of(&["2026-12-20T00:00:00Z", "2026-12-20-07:00", "1717200000000", "/Date(1717200000000)/"]);
        assert_eq!((found.formats, found.notes), (vec!["%Y-%m-%d".to_owned(), "%d.%m.%Y".to_owned()], vec![]));
        assert_eq!(of(&["Dec 31, 2027 5:00 PM"]).formats, ["%b %d, %Y %I:%M %p"]);
        assert_eq!(of(&["31/12/2027 00:00:00"]).formats, ["%d/%m/%Y %H:%M:%S"]);
        assert_eq!(of(&["31/12/2027 12:00:00 AM", "05/01/2027 12:00:00 AM"]).formats, ["%d/%m/%Y %I:%M:%S %p"]);
        assert_eq!(of(&["12/31/2027 12:00:00 AM", "05/01/2027 12:00:00 AM"]).formats, ["%m/%d/%Y %I:%M:%S %p"]);
    }

    #[test]
    fn spellings_of_no_end_and_serial_numbers_are_no_dates() {
        let found = of(&["01.02.2020", "31.12.9999", "offen", "-", "45306", "2020-01-02"]);
        assert_eq!(found.formats, ["%Y-%m-%d", "%d.%m.%Y"]);
        assert_eq!(found.no_end, ["-", "31.12.9999", "offen"]);
        assert_eq!(found.notes.len(), 1);
    }
}
