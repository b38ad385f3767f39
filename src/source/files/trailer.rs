//! The last rows of a file that end the report in a form of their own, such as `T;2;;` or `99;2;20261130;`.
//!
//! They have the right number of cells, so only the rows above show that they are no records: a cell counts those rows in a column
//! of words, or nothing in the row is of the kind that its column has everywhere else.

use std::collections::VecDeque;

use super::cells::Cells;
use super::swallowed_rows::Kind;
use super::total_words::is_trailer_word;

/// So many rows show what a record of the file looks like.
const SAMPLE: usize = 200;

/// So many rows at the end are judged.
const JUDGED: usize = 3;

/// The first rows of a file and its last ones.
#[derive(Debug)]
pub(in crate::source) struct Trailers {
    shape: Shape,
    /// The last rows so far.
    last: VecDeque<TailRow>,
    keep: usize,
    rows: u64,
}

/// A row with its texts in one buffer, which the next row uses again.
#[derive(Debug, Default)]
struct TailRow {
    line: u64,
    buffer: String,
    ends: Vec<usize>,
}

impl TailRow {
    fn set(&mut self, row: &impl Cells) {
        self.line = row.line();
        self.buffer.clear();
        self.ends.clear();
        for index in 0..row.count() {
            self.buffer.push_str(row.text(index));
            self.ends.push(self.buffer.len());
        }
    }

    fn texts(&self) -> impl Iterator<Item = &str> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts.zip(&self.ends).map(|(start, &end)| self.buffer[start..end].trim())
    }
}

impl Trailers {
    /// `footer` rows at the end are left out by the settings, and are not judged.
    pub(in crate::source) fn new(footer: usize) -> Self {
        Self { shape: Shape::default(), last: VecDeque::new(), keep: footer.saturating_add(JUDGED), rows: 0 }
    }

    /// Takes a row that would be a record.
    pub(in crate::source) fn push(&mut self, row: &impl Cells) {
        self.rows += 1;
        let mut slot = TailRow::default();
        if self.last.len() >= self.keep
            && let Some(above) = self.last.pop_front()
        {
            self.shape.add(above.texts());
            slot = above;
        }
        slot.set(row);
        self.last.push_back(slot);
    }

    /// The lines of the last rows that are no records; the settings leave out the `footer` rows below them.
    pub(in crate::source) fn lines(&self, footer: usize) -> Vec<u64> {
        self.judged(footer, Shape::is_trailer)
    }

    /// The lines of the last rows that count the others.
    pub(super) fn counting_lines(&self) -> Vec<u64> {
        self.judged(0, Shape::is_count)
    }

    fn judged(&self, footer: usize, is_trailer: impl Fn(&Shape, &[&str], u64) -> bool) -> Vec<u64> {
        let mut above = self.rows.saturating_sub(footer as u64);
        let mut lines = Vec::new();
        for at in (0..self.last.len().saturating_sub(footer)).rev().take(JUDGED) {
            above -= 1;
            let mut shape = self.shape.clone();
            self.last.iter().take(at).for_each(|other| shape.add(other.texts()));
            let row = &self.last[at];
            if !is_trailer(&shape, &row.texts().collect::<Vec<_>>(), above) {
                break;
            }
            lines.push(row.line);
        }
        lines.reverse();
        lines
    }
}

/// What the records of a file look like.
#[derive(Clone, Debug, Default)]
struct Shape {
    rows: usize,
    /// For each column the kinds of its values.
    kinds: Vec<u8>,
}

impl Shape {
    fn add<'t>(&mut self, texts: impl Iterator<Item = &'t str>) {
        if self.rows >= SAMPLE {
            return;
        }
        self.rows += 1;
        for (index, text) in texts.enumerate() {
            if index == self.kinds.len() {
                self.kinds.push(0);
            }
            self.kinds[index] |= Kind::of(text).bit();
        }
    }

    /// Whether a row below so many others ends the report.
    fn is_trailer(&self, row: &[&str], above: u64) -> bool {
        self.is_count(row, above) || self.is_unlike(row)
    }

    /// Whether a cell says how many rows there are, where all the others have words.
    fn is_count(&self, row: &[&str], above: u64) -> bool {
        let Some(first) = row.iter().position(|text| !text.is_empty()) else { return false };
        let words = Kind::Words.bit();
        let of_words = |index: usize| self.kinds.get(index).is_some_and(|kinds| kinds & words != 0);
        let only_words = |index: usize| of_words(index) && self.kinds[index] & (Kind::Number.bit() | Kind::Code.bit()) == 0;
        let is_count = |text: &str| {
            let digits: String = text.chars().filter(|c| !matches!(c, '.' | ',' | ' ' | '\'')).collect();
            digits.bytes().all(|byte| byte.is_ascii_digit())
                && digits.parse::<u64>().is_ok_and(|count| count > 0 && (above.saturating_sub(2)..=above + 2).contains(&count))
        };
        // A person has at least one word where the others have words.
        let is_person = |(index, text): (usize, &&str)| index > first && of_words(index) && Kind::of(text) == Kind::Words;
        let counted = row.iter().enumerate().any(|(index, text)| only_words(index) && is_count(text));
        counted && (is_trailer_word(row[first]) || !row.iter().enumerate().any(is_person))
    }

    /// Whether no cell is of a kind that the other rows have in its column, although they have a value in several columns each.
    fn is_unlike(&self, row: &[&str]) -> bool {
        let Some(first) = row.iter().position(|text| !text.is_empty()) else { return false };
        let blank = Kind::Blank.bit();
        let always: Vec<usize> = (0..self.kinds.len()).filter(|&index| self.kinds[index] & blank == 0).collect();
        if self.rows < 2 || always.len() < 2 {
            return false;
        }
        let filled = row.iter().filter(|text| !text.is_empty()).count();
        if filled == 1 && always.len() > 2 && row[first].contains(char::is_whitespace) {
            // A sentence, and nothing else.
            return true;
        }
        !row.iter().enumerate().any(|(index, text)| !text.is_empty() && self.kinds[index] & Kind::of(text).bit() != 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(rows: &[&str], footer: usize) -> Vec<u64> {
        let mut trailers = Trailers::new(footer);
        for row in rows {
            trailers.push(&row.split(';').collect::<Vec<_>>());
        }
        trailers.lines(footer)
    }

    #[test]
    fn a_last_row_that_counts_the_others_or_is_unlike_them_is_a_trailer() {
        for last in ["T;2;;", "99;2;20261130;", "TRL;0000002;;", "TRAILER;EMPLOYEES;2;", "9;3;;", "Z;;2;"] {
            assert_eq!(lines(&["1001;Anna;Berg;IT", "1002;Bela;Cohn;HR", last], 0).len(), 1, "{last}");
        }
        for last in ["Confidential;;;", "Report of 30.11.2026;;;", ";;2026-11-30;", "#;;;"] {
            assert_eq!(lines(&["1001;Anna;Berg;IT", "1002;Bela;Cohn;HR", last], 0).len(), 1, "{last}");
        }
        assert_eq!(lines(&["1001;Anna;Berg;IT", "1002;Bela;Cohn;HR", "Internal;;;", "T;2;;"], 0).len(), 2);
        assert_eq!(lines(&["1;Ann;Lee;IT", "T;1;;"], 0).len(), 1);
        let many: Vec<String> = (1..=500).map(|key| format!("{key};Ann;Lee;IT")).chain(["T;500;;".to_owned()]).collect();
        assert_eq!(lines(&many.iter().map(String::as_str).collect::<Vec<_>>(), 0).len(), 1);
    }

    #[test]
    fn people_with_little_data_are_no_trailers() {
        let above = ["1001;Anna;Berg;IT", "1002;Bela;Cohn;HR"];
        for last in ["1003;;;", "1003;Carl;Dorn;2", "1003;Carl;;", ";Carl;Dorn;IT", "X1;Carl;Dorn;", "2;Al;Ng;2", "E3;2;Dorn;IT"]
        {
            assert_eq!(lines(&[above[0], above[1], last], 0), Vec::<u64>::new(), "{last}");
        }
        assert_eq!(lines(&["1;Ann;2", "2;Bob;2", "3;Cid;2"], 0), Vec::<u64>::new());
        assert_eq!(lines(&["1;Ann;Lee"], 0), Vec::<u64>::new());
        // What the settings leave out is judged where they are.
        assert_eq!(lines(&[above[0], above[1], "T;2;;"], 1), Vec::<u64>::new());
    }
}
