//! What the rows that do not fit have in common, for a hint that is safe to follow.

use super::cells::Cells;
use super::total_words::is_total;

/// Rows that do not fit the header, counted as they go by.
#[derive(Debug, Default)]
pub(in crate::source) struct RaggedRows {
    /// How many rows there were, and how many did not fit.
    rows: u64,
    faulty: u64,
    /// Rows with one more cell than the header, which is blank.
    trailing: u64,
    /// Whether there is a blank before a quote.
    spaced_quote: bool,
    /// How many of the last rows are totals without a gap between them.
    totals: u64,
    /// Whether the last row has fewer cells than the header and is no total.
    ends_short: bool,
    /// The cells of the first row that does not fit, and whether all such rows have as many, which is one more or one less than the header.
    first: Option<usize>,
    alike: bool,
    wider: Wider,
}

/// What to do, and about which rows.
pub(in crate::source) struct Hint {
    pub(in crate::source) text: String,
    /// Whether it is about totals, and about nothing else.
    pub(super) of_totals: bool,
}

impl RaggedRows {
    /// Counts one row; `names` are the columns that have a name.
    pub(in crate::source) fn add(&mut self, row: &impl Cells, (names, width): (usize, usize), fits: bool) {
        self.rows += 1;
        self.ends_short = row.count() < width;
        if fits {
            self.totals = 0;
            return;
        }
        self.faulty += 1;
        let as_first = row.count() == *self.first.get_or_insert(row.count()) && row.count().abs_diff(width) == 1;
        self.alike = as_first && (self.alike || self.faulty == 1);
        let total = is_total(row, width);
        self.totals = if total { self.totals + 1 } else { 0 };
        self.ends_short &= !total;
        let last = row.count() - 1;
        self.trailing += u64::from(last == width && row.text(last).trim().is_empty());
        let after_blank = |index| row.text(index).starts_with(' ') && row.text(index).trim_start().starts_with('"');
        self.spaced_quote |= (0..row.count()).any(after_blank);
        if row.count() >= names * 2 && !total {
            self.wider.add(row);
        }
    }

    /// What to do about rows that do not fit; `records` others do.
    pub(in crate::source) fn hint(&self, records: usize) -> Option<Hint> {
        let totals = self.only_totals_at_the_end().filter(|_| records > 0).map(|totals| {
            let text =
                format!("let the export leave the totals out; if they end every file: `skip_footer = {totals}` in [source]");
            Hint { text, of_totals: true }
        });
        totals.or_else(|| self.hint_of_shape().map(|text| Hint { text, of_totals: false }))
    }

    fn hint_of_shape(&self) -> Option<String> {
        let most = self.faulty * 2 > self.rows;
        if most && self.trailing == self.faulty {
            return Some("the rows end with one more delimiter than the header: let the export write both alike".to_owned());
        }
        if self.spaced_quote {
            return Some("a blank stands before a quote: a quoted cell must begin right behind the delimiter".to_owned());
        }
        if most && let Some(line) = self.wider.header() {
            return Some(format!("the header may stand on line {line}: `skip_lines = {}` in [source]", line - 1));
        }
        if self.faulty == self.rows && self.rows > 1 && self.alike {
            let text = "every row has the same number of cells: the header lacks the name of a column, or has one too many";
            return Some(text.to_owned());
        }
        (self.ends_short && self.faulty == 1).then(|| "the file was probably cut off in its last row: export it again".to_owned())
    }

    fn only_totals_at_the_end(&self) -> Option<u64> {
        Some(self.totals).filter(|totals| *totals > 0 && *totals <= 5 && *totals == self.faulty)
    }
}

/// Rows that are wider than the header: is one of them the true one?
#[derive(Debug, Default)]
struct Wider {
    candidate: Option<Candidate>,
    /// Whether a row above the candidate may be a person.
    spoiled: bool,
}

/// A row that could be the header: its cells could be column names.
#[derive(Debug)]
struct Candidate {
    line: u64,
    /// For each column without a digit in its name: whether all values below have one. Nothing before the first value.
    numbered: Vec<Option<bool>>,
    /// Whether the name of the column has a digit itself.
    digits: Vec<bool>,
}

impl Wider {
    fn add(&mut self, row: &impl Cells) {
        let text = |index| -> &str { row.text(index).trim() };
        let digits = |index| text(index).contains(|c: char| c.is_ascii_digit());
        if let Some(candidate) = &mut self.candidate {
            for (index, numbered) in candidate.numbered.iter_mut().enumerate().take(row.count()) {
                if !text(index).is_empty() {
                    *numbered = Some(numbered.unwrap_or(true) && digits(index));
                }
            }
            return;
        }
        let filled = (0..row.count()).filter(|&index| !text(index).is_empty()).count();
        let named = |index| text(index).contains(char::is_alphabetic) && !text(index).contains('@');
        let distinct = || (0..row.count()).map(text).collect::<std::collections::HashSet<_>>().len() == row.count();
        if (0..row.count()).all(named) && row.count() > 2 && distinct() {
            let digits = (0..row.count()).map(digits).collect();
            self.candidate = Some(Candidate { line: row.line(), numbered: vec![None; row.count()], digits });
        } else if filled * 2 > row.count() {
            self.spoiled = true;
        }
    }

    /// The line of the header, where the rows below it differ from it as data differs from names.
    fn header(&self) -> Option<u64> {
        let candidate = self.candidate.as_ref().filter(|_| !self.spoiled)?;
        let mut columns = candidate.numbered.iter().zip(&candidate.digits);
        columns.any(|(numbered, digits)| *numbered == Some(true) && !digits).then_some(candidate.line)
    }
}
