//! A mapping guessed from the words of a header and the values below it, for a person to correct.

use std::collections::BTreeMap;
use std::path::Path;

use super::guess_sheet::Sheet;
use super::guess_text::Writer;
use super::{Mapped, Mapping};
use crate::expr::Context;
use crate::record::{Header, Record};

/// A guessed mapping, and what it makes of the file.
#[derive(Clone, Debug)]
pub struct Guess {
    /// The text of the mapping file.
    pub text: String,
    /// Several rows are one person: the text of `[source.rows]`, for hrpush.toml.
    pub rows: Option<String>,
    /// What is to be told, a line each.
    pub notes: Vec<String>,
}

/// No column can be a person's key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no column looks like a person's key; the columns are {columns}")]
pub struct NoKey {
    /// The columns there are.
    pub columns: String,
}

/// Guesses a mapping for the columns and values of a reading; without records from the columns alone.
///
/// # Errors
/// No column can be the key.
pub fn guess(feed: &str, header: &Header, records: &[Record]) -> Result<Guess, NoKey> {
    let sheet = Sheet::new(header, records);
    let Some(key) = sheet.key() else {
        return Err(NoKey { columns: header.names().map(comment).collect::<Vec<_>>().join(", ") });
    };
    let mut writer = Writer::new(sheet, key);
    let rows = writer.write(feed);
    let Writer { text, mut notes, .. } = writer;
    if rows.is_none() {
        notes.extend(tried(&text, header, records));
    }
    Ok(Guess { text, rows, notes })
}

/// A text that cannot leave its comment.
pub(super) fn comment(text: &str) -> String {
    text.chars()
        .map(|character| {
            if character.is_control()
                || matches!(character, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
            {
                ' '
            } else {
                character
            }
        })
        .collect()
}

/// How the guess does on the file: who would be held, by the mapping itself.
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
