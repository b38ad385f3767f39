//! The columns of a file by what their names seem to mean.

use std::collections::{BTreeMap, BTreeSet};

use super::guess_words::{Meaning, WORDS, fold};
use crate::record::{Cell, Header, Record};

/// The columns by what they mean, with their values.
pub(super) struct Sheet<'r> {
    pub(super) header: &'r Header,
    pub(super) records: &'r [Record],
    found: BTreeMap<Meaning, Vec<usize>>,
}

impl<'r> Sheet<'r> {
    pub(super) fn new(header: &'r Header, records: &'r [Record]) -> Self {
        let folded: Vec<String> = header.names().map(fold).collect();
        let writable: Vec<bool> = header.names().map(is_writable).collect();
        let mut found: BTreeMap<Meaning, Vec<usize>> = BTreeMap::new();
        let mut taken = BTreeSet::new();
        for (meaning, words) in WORDS {
            for word in words.split_whitespace() {
                for column in (0..folded.len()).filter(|&column| writable[column] && folded[column] == word) {
                    // A key that is also a word for something else is tried as a key alone.
                    if taken.insert(column) {
                        found.entry(*meaning).or_default().push(column);
                    }
                }
            }
        }
        Self { header, records, found }
    }

    pub(super) fn name(&self, column: usize) -> &'r str {
        self.header.names().nth(column).unwrap_or_default()
    }

    /// The values of a column, trimmed, without the empty ones.
    pub(super) fn values(&self, column: usize) -> impl Iterator<Item = &'r str> {
        self.records.iter().filter_map(move |record| match record.cell(column) {
            Cell::Text(text) => Some(text.trim()).filter(|text| !text.is_empty()),
            _ => None,
        })
    }

    pub(super) fn column(&self, meaning: Meaning) -> Option<usize> {
        let columns = self.found.get(&meaning)?;
        // A column without a single value says nothing.
        columns
            .iter()
            .copied()
            .find(|&column| self.records.is_empty() || self.values(column).next().is_some())
            .or(columns.first().copied())
    }

    pub(super) fn distinct(&self, column: usize) -> BTreeSet<&'r str> {
        self.values(column).collect()
    }

    pub(super) fn is_unique(&self, column: usize) -> bool {
        let values = self.values(column).count();
        values == self.records.len() && self.distinct(column).len() == values
    }

    /// The column of the key: one whose word says so and whose values are unique, else one of these alone.
    pub(super) fn key(&self) -> Option<usize> {
        let named = self.found.get(&Meaning::Key).cloned().unwrap_or_default();
        let unique = named.iter().copied().find(|&column| self.is_unique(column));
        let any = || {
            named
                .iter()
                .copied()
                .max_by_key(|&column| (self.values(column).count() == self.records.len(), std::cmp::Reverse(column)))
        };
        let by_values = || {
            let short = |column: &usize| self.values(*column).all(|value| value.len() <= 40 && !value.contains(' '));
            let columns = 0..self.header.len();
            (!self.records.is_empty())
                .then(|| columns.filter(|&column| is_writable(self.name(column)) && self.is_unique(column)).find(short))?
        };
        let mail = || self.column(Meaning::Mail);
        unique.or_else(|| if named.is_empty() { None } else { any() }).or_else(by_values).or_else(mail)
    }
}

/// Whether an expression can name the column.
fn is_writable(name: &str) -> bool {
    !name.is_empty() && !name.contains(['[', ']']) && !name.chars().any(char::is_control)
}
