//! The columns of a file by what their names seem to mean.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::mapping::guess::vocabulary::{Meaning, NO, NOTHING, WORDS, YES, fold, forms, holds};
use crate::record::{Cell, Header, Record};

/// The columns by what they mean, with their values.
pub(super) struct Sheet<'r> {
    pub(super) header: &'r Header,
    pub(super) records: &'r [Record],
    found: BTreeMap<Meaning, Vec<usize>>,
}

impl<'r> Sheet<'r> {
    pub(super) fn new(header: &'r Header, records: &'r [Record]) -> Self {
        let mut sheet = Self { header, records, found: BTreeMap::new() };
        // The columns by each form of their names, and how far the form is from the name.
        let mut by_form: HashMap<String, Vec<(usize, usize)>> = HashMap::new();
        for (column, name) in header.names().enumerate().filter(|(_, name)| is_writable(name)) {
            for (distance, form) in forms(name).into_iter().enumerate() {
                by_form.entry(form).or_default().push((distance, column));
            }
        }
        let most = by_form.values().flatten().map(|(distance, _)| *distance).max().unwrap_or(0);
        let mut taken = BTreeSet::new();
        for distance in 0..=most {
            sheet.take(&by_form, distance, &mut taken);
        }
        sheet.move_flags();
        sheet
    }

    /// Assigns each free column the first meaning that has one form of its name among its words.
    fn take(&mut self, by_form: &HashMap<String, Vec<(usize, usize)>>, distance: usize, taken: &mut BTreeSet<usize>) {
        for (meaning, words) in WORDS {
            for word in words.split_whitespace() {
                for &(_, column) in by_form.get(word).into_iter().flatten().filter(|(of, _)| *of == distance) {
                    // `Employee` may be the key or the name; the values of the column decide.
                    let fits = *meaning != Meaning::Key || self.may_be_key(column);
                    if fits && taken.insert(column) {
                        self.found.entry(*meaning).or_default().push(column);
                    }
                }
            }
        }
    }

    /// `Terminated` may hold a day or a yes: a column of yes and no is a status.
    fn move_flags(&mut self) {
        for meaning in [Meaning::End, Meaning::Start] {
            let Some(columns) = self.found.remove(&meaning) else { continue };
            let (flags, days): (Vec<usize>, Vec<usize>) = columns.into_iter().partition(|&column| self.is_yes_or_no(column));
            if meaning == Meaning::End && !flags.is_empty() {
                self.found.entry(Meaning::Status).or_default().extend(flags);
            }
            if !days.is_empty() {
                self.found.insert(meaning, days);
            }
        }
    }

    /// Whether a column has values, and all of them mean yes or no.
    pub(super) fn is_yes_or_no(&self, column: usize) -> bool {
        let mut values = self.distinct(column).into_iter().map(fold).peekable();
        values.peek().is_some() && values.all(|value| holds(YES, &value) || holds(NO, &value))
    }

    pub(super) fn name(&self, column: usize) -> &'r str {
        self.header.name(column).unwrap_or_default()
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

    /// How many columns have a word that is known.
    pub(super) fn known(&self) -> usize {
        self.found.values().map(Vec::len).sum()
    }

    pub(super) fn distinct(&self, column: usize) -> BTreeSet<&'r str> {
        self.values(column).collect()
    }

    pub(super) fn is_unique(&self, column: usize) -> bool {
        let values = self.values(column).count();
        values == self.records.len() && self.distinct(column).len() == values
    }

    /// The column of the key: one with the name of a key, and of several the first with unique values. Unique values alone are
    /// not enough:
    /// they may be phone numbers, first names or row numbers.
    pub(super) fn key(&self) -> Option<usize> {
        let named = self.found.get(&Meaning::Key)?;
        let unique = named.iter().copied().find(|&column| self.is_unique(column));
        let fullest = || named.iter().copied().max_by_key(|&column| (self.values(column).count(), std::cmp::Reverse(column)));
        unique.or_else(fullest)
    }

    /// Whether most values are one word, which names of people are not.
    fn may_be_key(&self, column: usize) -> bool {
        let total = self.values(column).count();
        let blanks = self.values(column).filter(|value| value.contains(char::is_whitespace)).count();
        blanks * 2 <= total
    }

    /// Columns that a person could name as the key: each value is there once, and the word means nothing that changes.
    pub(super) fn candidates(&self) -> Vec<&'r str> {
        const NO_KEYS: [Meaning; 5] = [Meaning::First, Meaning::Last, Meaning::Full, Meaning::Phone, Meaning::Mobile];
        let means_other =
            |column| NO_KEYS.iter().any(|meaning| self.found.get(meaning).is_some_and(|found| found.contains(&column)));
        let fits = |&column: &usize| {
            let unique = !self.records.is_empty() && self.is_unique(column) && self.may_be_key(column);
            unique && is_writable(self.name(column)) && !means_other(column) && !self.looks_like_days(column)
        };
        (0..self.header.len()).filter(fits).map(|column| self.name(column)).collect()
    }

    /// A column of another word is this person's surname, where it never repeats the first name beside it.
    pub(super) fn is_surname_of(&self, name: usize, first: usize) -> bool {
        let texts = self.records.iter().filter_map(|record| match (record.cell(name), record.cell(first)) {
            (Cell::Text(name), Cell::Text(first)) => Some((fold(name), fold(first))),
            _ => None,
        });
        let both: Vec<(String, String)> = texts.filter(|(name, first)| !name.is_empty() && !first.is_empty()).collect();
        both.iter().filter(|(name, first)| name.contains(first)).count() * 5 <= both.len()
    }

    /// Whether the values of a column are mostly days.
    pub(super) fn looks_like_days(&self, column: usize) -> bool {
        let total = self.values(column).count();
        total > 0 && self.values(column).filter(|value| is_day(value)).count() * 5 >= total * 3
    }

    /// Spellings of an empty cell, with the number of cells of each. A spelling that is also a person's name does not count.
    pub(super) fn nothings(&self, names: &[usize]) -> BTreeMap<&'r str, usize> {
        let mut found: BTreeMap<&str, usize> = BTreeMap::new();
        for column in (0..self.header.len()).filter(|column| !names.contains(column)) {
            for value in self.values(column).filter(|value| NOTHING.contains(&value.to_lowercase().as_str())) {
                *found.entry(value).or_default() += 1;
            }
        }
        let is_name = |word: &str| names.iter().any(|&column| self.values(column).any(|value| value.eq_ignore_ascii_case(word)));
        found.retain(|word, _| !is_name(word));
        found
    }
}

/// Whether an expression can name the column: its brackets must be in pairs, and it may contain a line break.
pub(super) fn is_writable(name: &str) -> bool {
    let mut depth = 0_i32;
    let paired = name.chars().all(|character| {
        depth += i32::from(character == '[') - i32::from(character == ']');
        depth >= 0
    });
    paired && depth == 0 && !name.trim().is_empty() && !name.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\t'))
}

/// Two separators between day, month and year, as all countries have them; a time may follow. A phone has longer groups.
fn is_day(value: &str) -> bool {
    let day = value.split(['T', ' ']).next().unwrap_or_default();
    let groups: Vec<&str> = day.split(['-', '.', '/']).collect();
    let [first, middle, last] = groups.as_slice() else { return false };
    let digits = groups.iter().all(|group| group.chars().all(|c| c.is_ascii_digit()));
    let short = |group: &str| (1..=2).contains(&group.len());
    let year = |group: &str| group.len() == 4 || group.len() == 2;
    digits && short(middle) && ((year(first) && short(last)) || (short(first) && year(last)))
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
