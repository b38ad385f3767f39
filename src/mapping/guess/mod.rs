//! A mapping guessed from the words of a header and the values below it, for a person to correct.

use std::collections::BTreeMap;
use std::path::Path;

mod countries;
pub(super) mod dates;
mod lifecycle;
mod sheet;
mod text;
mod vocabulary;

use crate::expr::Context;
use crate::mapping::guess::sheet::{Sheet, comment, is_writable};
use crate::mapping::guess::text::Writer;
use crate::mapping::{Mapped, Mapping};
use crate::record::{Header, Record};

/// A guessed mapping, and what it makes of the file.
#[derive(Clone, Debug)]
pub struct Guess {
    /// The text of the mapping file.
    pub text: String,
    /// Several rows are one person: the text of `[source.rows]`, for hrpush.toml.
    pub rows: Option<String>,
    /// Notes for the reader, a line each.
    pub notes: Vec<String>,
    /// Faults to correct before the first run, a line each. They come before everything else.
    pub alarms: Vec<String>,
    /// The guesses that decide which people work here, a line each. They must be read before the first run.
    pub decisions: Vec<String>,
}

/// The reason for which no mapping is guessed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GuessError {
    /// No column has the name of a key. A wrong guess would create a second account for every person.
    #[error(
        "no column is known to be a person's key in HR, and to guess one would be dangerous\n  the columns are {}\n  {}",
        listed(columns),
        without_repeats(unique)
    )]
    NoKey {
        /// The columns there are.
        columns: Vec<String>,
        /// Those of them in which no value occurs twice, and no cell is empty.
        unique: Vec<String>,
    },
    /// The column that was named as the key does not exist.
    #[error("there is no column `{name}`; the columns are {}", listed(columns))]
    NoColumn {
        /// The column name that was given as the key.
        name: String,
        /// The columns there are.
        columns: Vec<String>,
    },
    /// Its name cannot be written in an expression.
    #[error("an expression cannot name the column `{name}`: it has brackets that are not in pairs, or control characters")]
    Unwritable {
        /// The name of the column, as the file has it.
        name: String,
    },
}

/// The columns that could be a key by their values.
fn without_repeats(columns: &[String]) -> String {
    match columns {
        [] => "no column has another value in each record".to_owned(),
        _ => format!("each value occurs once in {}", listed(columns)),
    }
}

fn listed(columns: &[String]) -> String {
    let names: Vec<String> = columns.iter().map(|name| format!("`{}`", comment(name))).collect();
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}

/// Guesses a mapping for the columns and values of a reading; without records from the columns alone. `key` names the column of the key
/// where its user knows it.
///
/// # Errors
/// No column is known to be the key.
pub fn guess(feed: &str, header: &Header, records: &[Record], key: Option<&str>) -> Result<Guess, GuessError> {
    let sheet = Sheet::new(header, records);
    let columns = || header.names().map(str::to_owned).collect::<Vec<_>>();
    let key = match key {
        Some(name) => {
            let found =
                header.position(name).ok_or_else(|| GuessError::NoColumn { name: name.to_owned(), columns: columns() })?;
            Some(found).filter(|_| is_writable(name)).ok_or_else(|| GuessError::Unwritable { name: name.to_owned() })?
        }
        None => sheet.key().ok_or_else(|| {
            let unique = sheet.candidates().into_iter().map(str::to_owned).collect();
            GuessError::NoKey { columns: columns(), unique }
        })?,
    };
    let mut writer = Writer::new(sheet, key);
    let rows = writer.write(feed);
    let Writer { text, mut notes, decisions, alarms, .. } = writer;
    if rows.is_none() {
        notes.extend(tried(&text, header, records));
    }
    Ok(Guess { text, rows, notes, alarms, decisions })
}

/// Whether these cells look like the names of columns: two of them have a meaning that is known.
pub fn looks_like_header<'n>(names: impl IntoIterator<Item = &'n str>) -> bool {
    Header::new(names).is_ok_and(|header| Sheet::new(&header, &[]).known() >= 2)
}

/// The records of the file that the guessed mapping would hold.
fn tried(text: &str, header: &Header, records: &[Record]) -> Vec<String> {
    let Ok(mapping) = Mapping::parse(text, Path::new("guess.toml")) else { return Vec::new() };
    let Ok(bound) = mapping.bind(header) else { return Vec::new() };
    let context = Context::on(jiff::civil::date(2026, 1, 1), Some("example.com".into()));
    let mut keys: BTreeMap<String, u64> = BTreeMap::new();
    let mut held: BTreeMap<String, u64> = BTreeMap::new();
    for record in records {
        match bound.map(record, &context) {
            Mapped::Desired(desired) => *keys.entry(desired.key.as_str().to_owned()).or_default() += 1,
            Mapped::Held(problem) => *held.entry(problem.message).or_default() += 1,
            Mapped::OutOfScope { .. } => {}
        }
    }
    let twice: u64 = keys.values().filter(|count| **count > 1).sum();
    let mut notes = Vec::new();
    if twice > 0 {
        notes.push(format!("{twice} records share their key with another: they will be held"));
    }
    notes.extend(held.into_iter().take(10).map(|(message, count)| format!("{count} records will be held: {message}")));
    notes
}
