//! What a reading looks like column by column, for the guard that compares it with the last one.

use std::collections::HashSet;

use super::Reading;
use crate::record::Cell;

/// Distinct values are counted up to here.
const DISTINCT_CAP: u64 = 10_000;

/// One column of a reading.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct ColumnProfile {
    /// The name of the column.
    pub column: String,
    /// How many records have an empty cell here.
    pub empty: u64,
    /// How many different values that are not empty stand here, counted up to 10,000.
    pub distinct: u64,
}

/// The profile of every column, in their order.
pub fn profile(reading: &Reading) -> Vec<ColumnProfile> {
    reading
        .header
        .names()
        .enumerate()
        .map(|(position, column)| {
            let (mut empty, mut seen) = (0, HashSet::new());
            for cell in reading.records.iter().map(|record| record.cell(position)) {
                if is_blank(cell) {
                    empty += 1;
                } else if (seen.len() as u64) < DISTINCT_CAP {
                    seen.insert(Seen::of(cell));
                }
            }
            ColumnProfile { column: column.to_owned(), empty, distinct: seen.len() as u64 }
        })
        .collect()
}

#[derive(PartialEq, Eq, Hash)]
enum Seen<'a> {
    Text(&'a str),
    Flag(bool),
    List(&'a [Box<str>]),
}

impl<'a> Seen<'a> {
    fn of(cell: Cell<'a>) -> Self {
        match cell {
            Cell::Null => Self::Text(""),
            Cell::Text(text) => Self::Text(text.trim()),
            Cell::Flag(flag) => Self::Flag(flag),
            Cell::List(items) => Self::List(items),
        }
    }
}

fn is_blank(cell: Cell<'_>) -> bool {
    match cell {
        Cell::Text(text) => text.trim().is_empty(),
        other => other.is_empty(),
    }
}
