//! The forecast as text, as a document and for a spreadsheet.

use std::fmt::Write as _;

use jiff::civil::Date;
use serde::Serialize;

use super::spreadsheet::harmless_cell;
use crate::diagnostic::escape::Shown;
use crate::plan::DayEvent;

/// What one day brings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ForecastDay {
    /// The day of these events.
    pub date: Date,
    /// How many accounts are created or restored.
    pub starts: u64,
    /// How many accounts are enabled.
    pub enables: u64,
    /// How many accounts are disabled.
    pub leaves: u64,
    /// How many accounts are deleted.
    pub deletes: u64,
    /// How many people join or leave a group.
    pub moves: u64,
    /// The people in the order of their keys.
    pub people: Vec<ForecastPerson>,
}

/// One person on one day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ForecastPerson {
    /// The key in HR.
    pub key: String,
    /// The name of the account, where it is known.
    pub display_name: Option<String>,
    /// What happens to the account.
    pub event: DayEvent,
}

impl ForecastDay {
    /// A day with its counts.
    pub fn new(date: Date, people: Vec<ForecastPerson>) -> Self {
        let count = |event| people.iter().filter(|person| person.event == event).count() as u64;
        Self {
            date,
            starts: count(DayEvent::Starts),
            enables: count(DayEvent::Enables),
            leaves: count(DayEvent::Leaves),
            deletes: count(DayEvent::Deletes),
            moves: count(DayEvent::Moves),
            people,
        }
    }
}

/// The forecast for a terminal: a line for each day, and one for each of its people.
pub fn forecast(days: &[ForecastDay]) -> String {
    let mut text = String::new();
    for day in days {
        let counts = [
            (day.starts, "starts"),
            (day.enables, "enables"),
            (day.leaves, "leaves"),
            (day.deletes, "deletes"),
            (day.moves, "moves"),
        ];
        let counts: Vec<String> =
            counts.iter().filter(|(count, _)| *count > 0).map(|(count, word)| format!("{count} {word}")).collect();
        let _ = writeln!(text, "{}: {}", day.date, counts.join(", "));
        for person in &day.people {
            let _ = writeln!(text, "  {} {}", person.event.as_str(), Shown(&named(person)));
        }
    }
    if days.is_empty() {
        text.push_str("No dated record brings a change in this time\n");
    }
    text
}

fn named(person: &ForecastPerson) -> String {
    match &person.display_name {
        Some(name) => format!("{name} ({})", person.key),
        None => person.key.clone(),
    }
}

/// The forecast for a spreadsheet: a row for each person and day, with a byte order mark, so that spreadsheets read UTF-8.
///
/// # Errors
/// If memory runs out.
pub fn forecast_csv(days: &[ForecastDay]) -> Result<String, csv::Error> {
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer("\u{feff}".as_bytes().to_vec());
    writer.write_record(["date", "key", "displayName", "event"])?;
    for day in days {
        for ForecastPerson { key, display_name, event } in &day.people {
            let name = display_name.as_deref().unwrap_or_default();
            writer.write_record([&day.date.to_string(), &harmless_cell(key), &harmless_cell(name), event.as_str()])?;
        }
    }
    let bytes = writer.into_inner().map_err(csv::IntoInnerError::into_error)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn days() -> Vec<ForecastDay> {
        let person = |key: &str, name: Option<&str>, event| ForecastPerson {
            key: key.to_owned(),
            display_name: name.map(str::to_owned),
            event,
        };
        let people = vec![person("=1+1", Some("Ann \u{1b}[31mLee"), DayEvent::Starts), person("10048", None, DayEvent::Leaves)];
        vec![ForecastDay::new(jiff::civil::date(2026, 12, 1), people)]
    }

    #[test]
    fn the_text_has_a_line_for_each_person_and_no_escape_sequence() {
        let text = forecast(&days());
        assert_eq!(text, "2026-12-01: 1 starts, 1 leaves\n  starts Ann \\u{1b}[31mLee (=1+1)\n  leaves 10048\n");
        assert!(forecast(&[]).starts_with("No dated record"));
    }

    #[test]
    fn a_key_starts_no_formula_in_a_spreadsheet() {
        let text = forecast_csv(&days()).unwrap();
        assert!(text.starts_with("\u{feff}date,key,displayName,event\r\n2026-12-01,'=1+1,"), "{text}");
        assert_eq!(serde_json::to_value(days()).unwrap()[0]["people"][1]["displayName"], serde_json::Value::Null);
    }
}
