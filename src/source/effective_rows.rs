//! One person, several rows: history, future rows and concurrent employments, of which one is in force on a day.

use std::collections::BTreeMap;

use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::Reading;
use super::error::{Fault, FaultKind, SourceErrors};
use crate::diagnostic::{Note, NoteCode};
use crate::record::{Cell, Day, DayFormat, DayReader, Guess, Impossible, Record, is_error, trimmed, unspaced};

/// How the row of a person is chosen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RowRule {
    /// Rows with the same value here are one person.
    pub key: String,
    /// The column with the first day on which a row is in force.
    pub from: Option<String>,
    /// The column with its last day; an empty cell is no end.
    pub until: Option<String>,
    /// The forms of these dates; the common forms are always tried.
    pub dates: Vec<DayFormat>,
    /// Spellings of an empty date.
    pub nothing: Vec<String>,
    /// The column that marks the main employment, and the values that do.
    pub primary: Option<(String, Vec<String>)>,
    /// Among rows that are left, the one with the highest number here.
    pub highest: Option<String>,
}

struct Columns {
    key: usize,
    from: Option<usize>,
    until: Option<usize>,
    primary: Option<usize>,
    highest: Option<usize>,
}

/// Why rows were left out, for the reader of the report.
#[derive(Default)]
struct Left {
    past: u64,
    future: u64,
    concurrent: u64,
    twins: u64,
}

/// Leaves one row for each person: one in force on the day, else the next to come, else the last that was. Of several in force it
/// is the main one, the highest, the latest. Rows that the rule cannot distinguish all stay, so that the person is held as a
/// duplicate: the last row never wins by being last.
///
/// # Errors
/// A column of the rule that the reading lacks.
pub fn one_row_each(mut reading: Reading, rule: &RowRule, day: Date, zone: &TimeZone) -> Result<Reading, SourceErrors> {
    let columns = columns(&reading, rule)?;
    let spans = Spans { columns, rule, days: DayReader::new(rule.dates.clone(), zone.clone()), today: day };
    let mut people: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    let mut records = std::mem::take(&mut reading.records).into_held()?;
    for (index, record) in records.iter().enumerate() {
        let key = trimmed(text(record, spans.columns.key));
        // A row without a key belongs to no known person: it stays and is held.
        if !key.is_empty() {
            people.entry(key.to_owned()).or_default().push(index);
        }
    }
    let mut stays = vec![true; records.len()];
    let (mut left, mut unclear) = (Left::default(), 0_u64);
    for rows in people.values().filter(|rows| rows.len() > 1) {
        let chosen = choose(&records, rows, &spans, &mut left);
        unclear += u64::from(chosen.len() > 1);
        for &row in rows {
            stays[row] = chosen.contains(&row);
        }
    }
    let mut keep = stays.iter();
    records.retain(|_| *keep.next().unwrap_or(&true));
    reading.records = records.into();
    tell(&mut reading, &left, unclear, day);
    Ok(reading)
}

fn tell(reading: &mut Reading, left: &Left, unclear: u64, day: Date) {
    let Left { past, future, concurrent, twins } = left;
    let total = past + future + concurrent + twins;
    if total > 0 {
        let text = format!(
            "{}: {total} rows are not those in force on {day}: {past} past, {future} future, {concurrent} of another employment, {twins} the same twice",
            reading.name
        );
        reading.notes.push(Note::new(NoteCode::RowsNotInForce, text).count(total).at(&reading.name));
    }
    if unclear > 0 {
        let text = format!("{}: {unclear} people have several rows between which the rule cannot choose", reading.name);
        reading.notes.push(Note::new(NoteCode::UnrankedRows, text).count(unclear).at(&reading.name));
    }
}

fn columns(reading: &Reading, rule: &RowRule) -> Result<Columns, SourceErrors> {
    let find = |name: &str| {
        reading.header.position(name).ok_or_else(|| {
            let found = reading.header.names().map(str::to_owned).collect();
            Fault::of_file(&reading.name, FaultKind::NoColumn { wanted: name.to_owned(), found })
        })
    };
    let optional = |name: Option<&str>| name.map(find).transpose();
    Ok(Columns {
        key: find(&rule.key)?,
        from: optional(rule.from.as_deref())?,
        until: optional(rule.until.as_deref())?,
        primary: optional(rule.primary.as_ref().map(|(column, _)| column.as_str()))?,
        highest: optional(rule.highest.as_deref())?,
    })
}

fn text(record: &Record, position: usize) -> &str {
    match record.cell(position) {
        Cell::Text(text) => text,
        _ => "",
    }
}

/// The rule for the rows of a reading, with the day and the columns that it compares.
struct Spans<'r> {
    columns: Columns,
    rule: &'r RowRule,
    days: DayReader,
    today: Date,
}

impl Spans<'_> {
    /// The text of a cell that is neither empty nor a spelling of an empty one.
    fn filled<'t>(&self, text: &'t str) -> Option<&'t str> {
        let text = trimmed(text);
        let nothing = self.rule.nothing.iter().any(|word| word.trim().eq_ignore_ascii_case(text));
        (!text.is_empty() && !nothing).then_some(text)
    }

    /// From when until when a row is in force.
    fn of(&self, record: &Record) -> Result<(Date, Date), NoDate> {
        let filled = |column: Option<usize>| self.filled(text(record, column?));
        let from = match filled(self.columns.from).map(|text| self.days.start(text, self.today)) {
            None => Date::MIN,
            // "Since 1800" is as good as "always" here, but not a year of another calendar.
            Some(Day::On(day) | Day::Impossible(Impossible { day, guess: Guess::Placeholder | Guess::Other, .. })) => day,
            Some(_) => return Err(NoDate),
        };
        let until = match filled(self.columns.until).map(|text| self.days.end(text, self.today)) {
            None | Some(Day::NoEnd) => Date::MAX,
            Some(Day::On(day)) => day,
            Some(Day::Impossible(Impossible { day, guess: Guess::Placeholder | Guess::Other, .. })) if day > self.today => day,
            Some(Day::Impossible(_) | Day::Unreadable) => return Err(NoDate),
        };
        Ok((from, until))
    }
}

/// The rows of one person that stay; more than one if the rule does not distinguish them.
fn choose(records: &[Record], rows: &[usize], rule: &Spans<'_>, left: &mut Left) -> Vec<usize> {
    let (columns, day) = (&rule.columns, rule.today);
    let distinct = without_twins(records, rows);
    left.twins += (rows.len() - distinct.len()) as u64;
    let mut spans = Vec::new();
    for row in distinct.iter().copied() {
        // A date that cannot be read may be any day.
        let Ok((from, until)) = rule.of(&records[row]) else { return distinct };
        spans.push((row, from, until));
    }
    let in_force: Vec<usize> =
        spans.iter().filter(|(_, from, until)| *from <= day && day <= *until).map(|(row, _, _)| *row).collect();
    let candidates = if in_force.is_empty() { nearest(&spans, day) } else { in_force };
    for (_, from, _) in spans.iter().filter(|(row, _, _)| !candidates.contains(row)) {
        if *from > day { left.future += 1 } else { left.past += 1 }
    }
    let from_of = |row: usize| spans.iter().find(|(other, _, _)| *other == row).map(|(_, from, _)| *from);
    let mut best = candidates.clone();
    if keep_preferred(&mut best, rule, |row, column| text(&records[row], column)).is_err() {
        return candidates;
    }
    if columns.from.is_some() {
        keep_highest(&mut best, from_of);
    }
    left.concurrent += (candidates.len() - best.len()) as u64;
    best
}

/// Each row once, where several are the same in every cell.
fn without_twins(records: &[Record], rows: &[usize]) -> Vec<usize> {
    let mut distinct: Vec<usize> = Vec::new();
    for &row in rows {
        let same = |other: &usize| records[*other].cells().eq(records[row].cells());
        if !distinct.iter().any(same) {
            distinct.push(row);
        }
    }
    distinct
}

/// The rows that begin next; where none is to come, those that ended last.
fn nearest(spans: &[(usize, Date, Date)], day: Date) -> Vec<usize> {
    let next = spans.iter().map(|(_, from, _)| *from).filter(|from| *from > day).min();
    let last = spans.iter().map(|(_, _, until)| *until).max();
    let is_nearest = |(_, from, until): &&(usize, Date, Date)| next.map_or(Some(*until) == last, |next| *from == next);
    spans.iter().filter(is_nearest).map(|(row, _, _)| *row).collect()
}

/// Leaves the main rows, and of these the ones with the highest number.
fn keep_preferred<'r>(best: &mut Vec<usize>, rule: &Spans<'_>, text: impl Fn(usize, usize) -> &'r str) -> Result<(), Unranked> {
    if let (Some(column), Some((_, values)), true) = (rule.columns.primary, &rule.rule.primary, best.len() > 1) {
        let cell = |row: usize| unspaced(text(row, column));
        if best.iter().any(|&row| is_error(&cell(row))) {
            return Err(Unranked);
        }
        let is_main = |row: &usize| values.iter().any(|value| unspaced(value).eq_ignore_ascii_case(&cell(*row)));
        if best.iter().any(is_main) {
            best.retain(is_main);
        }
    }
    let Some(column) = rule.columns.highest.filter(|_| best.len() > 1) else { return Ok(()) };
    let mut numbers = BTreeMap::new();
    for &row in best.iter() {
        numbers.insert(row, rule.filled(text(row, column)).map(number).transpose()?);
    }
    // Where a point may be decimal or group thousands, the rows are ranked if both readings agree.
    let by = |reading: fn(Number) -> f64| {
        let mut rows = best.clone();
        keep_highest(&mut rows, |row| numbers[&row].map(reading));
        rows
    };
    let highest = by(|number| number.decimal);
    if highest != by(|number| number.grouped) {
        return Err(Unranked);
    }
    *best = highest;
    Ok(())
}

fn keep_highest<T: PartialOrd + Copy>(rows: &mut Vec<usize>, value: impl Fn(usize) -> Option<T>) {
    let mut highest: Option<T> = None;
    for found in rows.iter().filter_map(|&row| value(row)) {
        if highest.is_none_or(|highest| found > highest) {
            highest = Some(found);
        }
    }
    if let Some(highest) = highest {
        rows.retain(|&row| value(row) == Some(highest));
    }
}

/// A number in both readings of its point or comma.
#[derive(Clone, Copy)]
struct Number {
    decimal: f64,
    /// The same as `decimal` where the mark cannot group thousands.
    grouped: f64,
}

/// A number with a point or a comma.
fn number(text: &str) -> Result<Number, Unranked> {
    let text = unspaced(text);
    let text = text.trim_end_matches('%').trim_end();
    let parse = |text: &str| text.parse().ok().filter(|number: &f64| number.is_finite()).ok_or(Unranked);
    let decimal = parse(&text.replace(',', "."))?;
    let groups = text.split_once([',', '.']).is_some_and(|(before, after)| {
        let whole = before.trim_start_matches(['-', '+']);
        (1..=3).contains(&whole.len()) && !whole.starts_with('0') && after.len() == 3
    });
    let grouped = if groups { parse(&text.replace([',', '.'], ""))? } else { decimal };
    Ok(Number { decimal, grouped })
}

/// A filled cell by which rows are ranked cannot be read.
struct Unranked;

/// A cell that is neither empty nor a day that can be meant.
struct NoDate;

#[cfg(test)]
mod tests {
    use jiff::civil::date as day;

    use super::*;
    use crate::source::{CsvSettings, read_csv_bytes};

    fn rule() -> RowRule {
        RowRule {
            key: "Id".into(),
            from: Some("From".into()),
            until: Some("Until".into()),
            dates: vec![DayFormat::new("%d.%m.%Y").unwrap()],
            nothing: vec!["00.00.0000".into()],
            primary: Some(("Main".into(), vec!["J".into()])),
            highest: Some("Fte".into()),
        }
    }

    fn rows(text: &str, on: Date) -> (Vec<u64>, Vec<Note>) {
        let text = format!("Id;From;Until;Main;Fte\n{text}");
        let reading = read_csv_bytes("f.csv", text.as_bytes(), &CsvSettings::default()).unwrap();
        let reading = one_row_each(reading, &rule(), on, &TimeZone::UTC).unwrap();
        let records = reading.records.held().unwrap();
        let lines = records.iter().map(|record| match record.place().at {
            crate::record::At::Line(line) => line,
            _ => 0,
        });
        (lines.collect(), reading.notes)
    }

    #[test]
    fn the_row_in_force_is_taken_else_the_next_else_the_last() {
        let history = "1;01.01.2020;31.12.2021;J;1\n1;01.01.2022;31.12.2023;J;1\n1;01.07.2031;00.00.0000;J;1\n";
        assert_eq!(rows(history, day(2021, 12, 31)).0, [2]);
        assert_eq!(rows(history, day(2022, 1, 1)).0, [3]);
        assert_eq!(rows(history, day(2025, 1, 1)).0, [4], "nothing is in force, something is to come");
        assert_eq!(rows("1;01.01.2020;31.12.2021;J;1\n1;01.01.2022;31.12.2023;J;1\n", day(2025, 1, 1)).0, [3]);
    }

    #[test]
    fn of_several_in_force_the_main_one_is_taken_then_the_highest_then_the_latest() {
        let on = day(2026, 1, 1);
        let (lines, notes) = rows("1;01.01.2020;;N;1,0\n1;01.01.2020;;J;0,5\n", on);
        assert_eq!(lines, [3]);
        assert!(notes.iter().any(|line| line.text().contains("1 of another employment")), "{notes:?}");
        assert_eq!(rows("1;01.01.2020;;N;0,5\n1;01.01.2020;;N;0,75\n", on).0, [3]);
        assert_eq!(rows("1;01.01.2024;;N;1\n1;01.01.2020;;N;1\n", on).0, [2]);
    }

    #[test]
    fn rows_that_cannot_be_told_apart_all_stay_and_twins_are_one() {
        let on = day(2026, 1, 1);
        assert_eq!(rows("1;01.01.2020;;J;1\n1;01.01.2020;;J;1\n", on).0, [2], "the same twice");
        assert_eq!(rows("1;01.01.2020;;J;1\n1;01.01.2020;31.12.2030;J;1\n", on).0, [2, 3]);
        assert_eq!(rows("1;soon;;J;1\n1;01.01.2020;;J;2\n", on).0, [2, 3], "a date that nobody can read");
        assert_eq!(rows(";01.01.2020;;J;1\n;01.01.2021;;J;1\n", on).0, [2, 3], "rows without a key are nobody's");
    }

    #[test]
    fn what_cannot_be_seen_ranks_no_row_and_what_cannot_be_read_leaves_all() {
        let on = day(2026, 1, 1);
        let two = |main: &str, fte: &str| rows(&format!("1;01.01.2020;;{main};{fte}\n1;01.01.2021;;N;50\n"), on).0;
        for main in ["J", "J\u{200b}", "\u{ad}j", "\u{a0}J "] {
            assert_eq!(two(main, "10"), [2], "{main:?}");
        }
        for fte in ["100", "100\u{200b}", "1\u{ad}00", "100 %", "60,5"] {
            assert_eq!(two("N", fte), [2], "{fte:?}");
        }
        assert_eq!(two("#N/A", "10"), [2, 3]);
        for fte in ["#N/A", "full", "1.000", "1,000", "1.000,00"] {
            assert_eq!(two("N", fte), [2, 3], "{fte:?}");
        }
        assert_eq!(rows("1;01.01.2020;;N;1.000\n1;01.01.2021;;N;0.500\n", on).0, [2], "both readings agree");
        assert_eq!(two("N", ""), [3], "an empty cell is the lowest");
        assert_eq!(two("J", "#N/A"), [2], "the main row needs no number");
    }

    #[test]
    fn placeholders_of_a_date_are_open_and_another_calendar_is_no_date() {
        let on = day(2026, 1, 1);
        for until in ["01.01.1900", "0001-01-01", "31.12.9999", "9999-12-31T23:59:59Z", "31.12.2200"] {
            assert_eq!(rows(&format!("1;01.01.2020;31.12.2021;J;1\n1;01.01.2022;{until};J;1\n"), on).0, [3], "{until}");
        }
        for from in ["01.01.1900", "01.01.1800", "1800-01-01T00:00:00"] {
            assert_eq!(rows(&format!("1;{from};31.12.2021;J;1\n1;01.01.2022;;J;1\n"), on).0, [3], "{from}");
        }
        for odd in ["01.01.1441", "01.01.2569", "01.01.26", "0026-01-01"] {
            assert_eq!(rows(&format!("1;{odd};;J;1\n1;01.01.2020;;J;2\n"), on).0, [2, 3], "{odd}");
            assert_eq!(rows(&format!("1;01.01.2020;{odd};J;1\n1;01.01.2020;;J;2\n"), on).0, [2, 3], "{odd}");
        }
    }

    #[test]
    fn a_rule_for_columns_that_are_not_there_is_a_fault() {
        let reading = read_csv_bytes("f.csv", b"Id\n1\n", &CsvSettings::default()).unwrap();
        let error = one_row_each(reading, &rule(), day(2026, 1, 1), &TimeZone::UTC).unwrap_err().to_string();
        assert!(error.contains("there is no column `From`"), "{error}");
    }
}
