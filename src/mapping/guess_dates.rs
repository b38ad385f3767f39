//! The forms of dates, guessed from their values.

use jiff::civil::Date;

use super::guess_words::NO_END;

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

/// Formats in which day and month cannot be taken for each other.
const SURE: [&str; 7] = ["%Y-%m-%d", "%d.%m.%Y", "%d. %m. %Y", "%Y/%m/%d", "%Y%m%d", "%d-%b-%Y", "%d %B %Y"];

/// Day first and month first.
const PAIRS: [[&str; 2]; 2] = [["%d/%m/%Y", "%m/%d/%Y"], ["%d-%m-%Y", "%m-%d-%Y"]];

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
    let mut rest: Vec<&str> = values.into_iter().filter(|value| !is_moment(value)).collect();
    for format in SURE {
        take(&mut rest, format, &mut found.formats);
    }
    for pair in PAIRS {
        ambiguous(&mut rest, pair, &mut found);
    }
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
    rest.retain(|value| Date::strptime(format, value).is_err());
    if rest.len() < before {
        formats.push(format.to_owned());
    }
}

/// Decides between day first and month first by the values that only one of them reads.
fn ambiguous(rest: &mut Vec<&str>, [day_first, month_first]: [&str; 2], found: &mut DateGuess) {
    let reads = |format: &str, value: &&str| Date::strptime(format, value).is_ok();
    let only_day = rest.iter().filter(|value| reads(day_first, value) && !reads(month_first, value)).count();
    let only_month = rest.iter().filter(|value| reads(month_first, value) && !reads(day_first, value)).count();
    let either = rest.iter().filter(|value| reads(month_first, value) && reads(day_first, value)).count();
    if only_day + only_month + either == 0 {
        return;
    }
    if only_day > 0 && only_month > 0 {
        found.notes.push(format!("ATTENTION: dates stand day first ({only_day}) and month first ({only_month}) in one file: HR must write them in one form"));
    } else if only_day + only_month == 0 {
        found.notes.push("ATTENTION: every date fits day first and month first: ask HR which it is".to_owned());
    }
    take(rest, if only_month > only_day { month_first } else { day_first }, &mut found.formats);
}

/// A date with its time, which needs no format.
fn is_moment(value: &str) -> bool {
    value.split_once(['T', ' ']).is_some_and(|(day, time)| Date::strptime("%Y-%m-%d", day).is_ok() && time.contains(':'))
}

/// The number by which spreadsheets count days: from 1927 to 2119.
pub(super) fn is_serial(value: &str) -> bool {
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
    fn spellings_of_no_end_and_serial_numbers_are_no_dates() {
        let found = of(&["01.02.2020", "31.12.9999", "offen", "-", "45306", "2020-01-02"]);
        assert_eq!(found.formats, ["%Y-%m-%d", "%d.%m.%Y"]);
        assert_eq!(found.no_end, ["-", "31.12.9999", "offen"]);
        assert_eq!(found.notes.len(), 1);
    }
}
