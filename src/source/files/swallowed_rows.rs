//! Rows that a stray quote has drawn into one cell.
//!
//! A quote that a cell does not close runs on to the next quote. Where that one ends a cell of the same column, the row has the right
//! number of cells, and every record between the two quotes is gone. Remarks and addresses of several lines look alike at first
//! sight, so a cell is refused only where its lines have the delimiters, and in narrow tables also the values, of rows.

/// Below this width a line of prose easily has as many delimiters as a row, so its values are compared as well.
const NARROW: usize = 5;

/// The cell that holds rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::source) struct Swallowed {
    /// Its index in the row.
    pub(in crate::source) index: usize,
    /// The lines in it that look like rows or like the parts of two.
    pub(in crate::source) lines: u64,
}

/// Finds a cell with a line that would itself be a row of a table of this width.
pub(super) fn swallowed(cells: &[&str], width: usize, delimiters: &[u8]) -> Option<Swallowed> {
    let broken = cells.iter().enumerate().filter(|(_, cell)| memchr::memchr2(b'\n', b'\r', cell.as_bytes()).is_some());
    broken.flat_map(|cell| delimiters.iter().map(move |&delimiter| (cell, delimiter))).find_map(|((index, cell), delimiter)| {
        let table = Table { cells: &cells[..index], width, delimiter };
        let lines = table.rows_in(cell);
        (lines > 0).then_some(Swallowed { index, lines })
    })
}

/// What is known about the rows of the table where one cell of it is judged.
struct Table<'c> {
    /// The cells before the one that is judged: values of the row in which the quote opens.
    cells: &'c [&'c str],
    width: usize,
    delimiter: u8,
}

impl Table<'_> {
    /// How many lines of a cell look like rows.
    fn rows_in(&self, cell: &str) -> u64 {
        let lines: Vec<&str> = lines(cell).collect();
        let [first, rest @ ..] = lines.as_slice() else { return 0 };
        let [middle @ .., last] = rest else { return 0 };
        let rows = rest.iter().filter(|line| self.is_row(line, first)).count() as u64;
        if rows > 0 {
            return rows;
        }
        // The end of one row and the beginning of the next: the quote closes in the column in which it opened.
        let (before, behind) = (self.cells.len(), self.width.saturating_sub(self.cells.len() + 1));
        let joint = before + behind > 0
            && middle.iter().all(|line| line.trim().is_empty())
            && self.has(first, behind)
            && self.has(last, before)
            && self.is_alike(last, first);
        u64::from(joint)
    }

    fn is_row(&self, line: &str, first: &str) -> bool {
        if self.begins_quoted(line) {
            return true;
        }
        self.has(line, self.width.saturating_sub(1)) && (self.width >= NARROW || self.is_alike(line, first))
    }

    /// Whether the line begins with a quoted cell that a delimiter and another cell follow.
    fn begins_quoted(&self, line: &str) -> bool {
        let Some(rest) = line.trim_start().strip_prefix('"') else { return false };
        let Some((_, rest)) = rest.split_once('"') else { return false };
        self.width > 1
            && rest.as_bytes().first() == Some(&self.delimiter)
            && rest[1..].chars().next().is_some_and(|next| !next.is_whitespace())
    }

    /// Whether the line has so many delimiters, and has them as rows have them.
    fn has(&self, line: &str, wanted: usize) -> bool {
        let all = memchr::memchr_iter(self.delimiter, line.as_bytes()).count();
        (all == wanted || self.outside_quotes(line) == wanted) && (wanted == 0 || !self.is_prose(line))
    }

    fn outside_quotes(&self, line: &str) -> usize {
        let (mut quoted, mut count) = (false, 0);
        for byte in line.bytes() {
            quoted ^= byte == b'"';
            count += usize::from(!quoted && byte == self.delimiter);
        }
        count
    }

    /// Prose has a blank behind its commas, or digits around them; rows have neither, unless this table has blanks everywhere.
    fn is_prose(&self, line: &str) -> bool {
        let bytes = line.as_bytes();
        let digit = |at: Option<usize>| at.and_then(|at| bytes.get(at)).is_some_and(u8::is_ascii_digit);
        let (mut loose, mut tight) = (0, 0);
        for at in memchr::memchr_iter(self.delimiter, bytes) {
            match bytes.get(at + 1) {
                None => {}
                Some(b' ' | b'\t') if self.delimiter != b'\t' => loose += 1,
                Some(_) if self.width < NARROW && digit(at.checked_sub(1)) && digit(Some(at + 1)) => loose += 1,
                Some(_) => tight += 1,
            }
        }
        let blanks_are_usual = self.cells.iter().skip(1).any(|cell| cell.starts_with(' '));
        tight == 0 && loose > 0 && !blanks_are_usual
    }

    /// Whether the values of a line are of the same kinds as those of the row in which the quote opens.
    fn is_alike(&self, line: &str, first: &str) -> bool {
        if self.width == 1 && line.contains(char::is_whitespace) {
            return false;
        }
        let own: Vec<&str> =
            if self.cells.is_empty() { first.split(char::from(self.delimiter)).take(1).collect() } else { self.cells.to_vec() };
        let both = own.iter().zip(line.split(char::from(self.delimiter)));
        let kinds = both.map(|(own, other)| (Kind::of(own), Kind::of(other)));
        let compared: Vec<bool> =
            kinds.filter(|(own, other)| *own != Kind::Blank && *other != Kind::Blank).map(|(own, other)| own == other).collect();
        compared.iter().filter(|alike| **alike).count() * 2 >= compared.len()
    }
}

/// What a value looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::source) enum Kind {
    Blank,
    /// Digits, with the signs of numbers, days and telephones between them.
    Number,
    /// Letters, with blanks, hyphens and dots between them.
    Words,
    /// Letters and digits without a blank, such as `E1001`.
    Code,
    /// An address of mail.
    Mail,
    Other,
}

impl Kind {
    pub(in crate::source) fn of(text: &str) -> Self {
        let text = text.trim().trim_matches('"');
        let (mut letters, mut digits, mut blanks) = (false, false, false);
        for character in text.chars() {
            match character {
                '@' => return if text.contains(char::is_whitespace) { Self::Other } else { Self::Mail },
                _ if character.is_alphabetic() => letters = true,
                _ if character.is_numeric() => digits = true,
                _ if character.is_whitespace() => blanks = true,
                '.' | '-' | '/' | '\'' | '’' | '_' | '+' | '(' | ')' | ',' | ':' => {}
                _ => return Self::Other,
            }
        }
        match (letters, digits, blanks) {
            (false, false, _) => {
                if text.is_empty() {
                    Self::Blank
                } else {
                    Self::Other
                }
            }
            (false, true, _) => Self::Number,
            (true, false, _) => Self::Words,
            (true, true, false) => Self::Code,
            (true, true, true) => Self::Other,
        }
    }

    /// One bit for each kind, so that a column can remember which it has seen.
    pub(in crate::source) fn bit(self) -> u8 {
        1 << self as u8
    }
}

/// The lines of a text, whichever way they end.
fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.split('\n').map(|line| line.strip_suffix('\r').unwrap_or(line)).flat_map(|line| line.split('\r'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines_of(cells: &[&str], delimiter: u8) -> u64 {
        swallowed(cells, cells.len(), &[delimiter]).map_or(0, |found| found.lines)
    }

    #[test]
    fn a_cell_that_holds_whole_rows_is_found_in_any_column() {
        let row = "1002,Bela,Cohn,IT,Active";
        for (cells, wanted) in [
            (vec!["1001", "Anna", "Berg", "IT", &*format!("prefers mail\n{row}")], 1),
            (vec!["1001", "Anna", "Berg", "IT", &*format!("prefers mail\r\n{row}\r\n{row}")], 2),
            (vec!["1001", "Anna", "Berg", "IT", "x\r1002,,,,"], 1),
            // Quotes open and close in the same column of two rows that follow each other: no line is whole.
            (vec!["1001", "Anna", "Berg,IT,Active\n1002,Bela,Cohn", "IT", "Active"], 1),
            (vec!["1001", "Anna", "Berg,IT,Active\n\n1002,Bela,Cohn", "IT", "Active"], 1),
            (vec!["1001", "Berg,IT,Active\n1002,Cohn", "IT", "IT", "Active"], 0),
            (vec!["1001", "Anna", &*format!("Berg,IT,Active\n{row}\n1003,Carl,Dorn"), "IT", "Active"], 1),
            (vec!["1001,Anna,Berg,IT,Active\n1002", "Bela", "Cohn", "IT", "Active"], 1),
            // Rows that were quoted once more.
            (vec!["1001", "Anna", "Berg", "IT", "x\n\"1002\",\"Bela\",\"Cohn\""], 1),
        ] {
            assert_eq!(lines_of(&cells, b','), wanted, "{cells:?}");
        }
        assert_eq!(lines_of(&["1", "Ann", "x\n2;Bob;y"], b';'), 1);
        assert_eq!(lines_of(&["E1", "x\nE2\ty"], b'\t'), 1);
        assert_eq!(lines_of(&["1", "Ann\n2;Bob"], b';'), 1);
        assert_eq!(lines_of(&["1\n2\n3"], b','), 2, "a list of keys alone");
    }

    #[test]
    fn remarks_and_addresses_of_several_lines_are_no_rows() {
        for cells in [
            vec!["1001", "Anna", "Berg", "IT", "Main St 1, Apt 4\n10115 Berlin, Germany"],
            vec!["1001", "Anna", "Berg", "IT", "speaks: German, French,\nEnglish, Czech, Polish, and Dutch"],
            vec!["1001", "Anna", "Berg", "Main St 1, Berlin\nHouse 5, Floor 2", "x"],
            vec!["1001", "Anna", "Berg", "IT", "one,two\nthree,four\n\nfive"],
            vec!["1001", "Anna", "Berg", "IT", "He said:\n\"come\", and left"],
            vec!["1001", "Anna", "Berg", "IT", "{\n  \"a\": 1,\n  \"b\": 2\n}"],
            vec!["1001", "likes tea, coffee\nand cake, too"],
            vec!["1001", "Main St 1\n10115 Berlin, Germany"],
            vec!["1001", "Salary\nis 3,500 a month"],
            vec!["Street 5,\nTown", "1001"],
            vec!["1001", "Ann", "Main St 1,\nBerlin,\nGermany"],
            vec!["1001", "Ann", "a, b, c\nfirst, second, third"],
            vec!["E1001", "skills:\njava,rust,go", "x", "y"],
            vec!["first\nsecond line"],
        ] {
            assert_eq!(lines_of(&cells, b','), 0, "{cells:?}");
        }
        assert_eq!(lines_of(&["1", "Ann", "one; two\nthree; four; five"], b';'), 0);
    }
}
