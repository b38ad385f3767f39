//! Rows out of delimited text: cells, quotes, line ends, and true line numbers.

/// The text that stands around cells and rows.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::source) struct LineEnds {
    crlf: bool,
    lf: bool,
    cr: bool,
}

impl LineEnds {
    /// The line ends met so far, in words.
    pub(in crate::source) fn notes(self) -> Option<String> {
        let names: Vec<_> = [(self.crlf, "CRLF"), (self.lf, "LF"), (self.cr, "CR")]
            .into_iter()
            .filter(|(met, _)| *met)
            .map(|(_, name)| name)
            .collect();
        match names.len() {
            0 => None,
            1 => Some(format!("line ends {}", names[0])),
            _ => Some(format!("line ends mixed: {}", names.join(" and "))),
        }
    }
}

/// A fault of the text itself, at a line and a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::source) enum ScanFault {
    /// The text ends within quotes that open here.
    OpenQuote { line: u64, column: u64 },
    /// Something other than a delimiter or a line end follows a closing quote.
    AfterQuote { line: u64, column: u64 },
}

/// One row: reused from row to row.
#[derive(Default)]
pub(in crate::source) struct Row {
    /// The line on which the row starts.
    pub(in crate::source) line: u64,
    /// How many bytes of the text the row takes.
    pub(in crate::source) bytes: usize,
    spans: Vec<Span>,
    /// The text of cells in which doubled quotes had to be halved.
    unescaped: String,
    /// A fault within the row after which it could go on.
    pub(in crate::source) fault: Option<ScanFault>,
    /// Whether a line ends within a cell.
    pub(in crate::source) breaks: bool,
}

#[derive(Clone, Copy)]
struct Span {
    start: usize,
    end: usize,
    unescaped: bool,
    /// The byte at which the cell starts, quote included.
    from: usize,
}

impl Row {
    pub(in crate::source) fn len(&self) -> usize {
        self.spans.len()
    }

    pub(in crate::source) fn length(&self, index: usize) -> usize {
        self.spans[index].end - self.spans[index].start
    }

    pub(in crate::source) fn cell<'a>(&'a self, text: &'a str, index: usize) -> &'a str {
        let span = self.spans[index];
        if span.unescaped { &self.unescaped[span.start..span.end] } else { &text[span.start..span.end] }
    }

    pub(in crate::source) fn cells<'a>(&'a self, text: &'a str) -> impl Iterator<Item = &'a str> {
        (0..self.len()).map(move |index| self.cell(text, index))
    }

    /// Whether every cell is blank, and no text stands behind its quotes.
    pub(in crate::source) fn is_blank(&self, text: &str) -> bool {
        self.fault.is_none() && self.cells(text).all(|cell| cell.trim().is_empty())
    }

    /// The line and the column where a cell starts.
    pub(in crate::source) fn spot(&self, text: &str, index: usize) -> (u64, u64) {
        let from = self.spans[index].from;
        let start = self.spans[0].from;
        let lines = count_lines(&text.as_bytes()[start..from]);
        (self.line + lines, column(text, from))
    }
}

/// How far a text was read.
#[derive(Clone, Copy, Debug)]
pub(in crate::source) struct Mark {
    /// The byte at which the next row starts.
    pub(in crate::source) at: usize,
    /// The line on which that row starts, from 1.
    pub(in crate::source) line: u64,
    /// The line ends met so far.
    pub(in crate::source) ends: LineEnds,
}

impl Default for Mark {
    fn default() -> Self {
        Self { at: 0, line: 1, ends: LineEnds::default() }
    }
}

/// The rows of a text, one after the other.
pub(in crate::source) struct Scanner<'t> {
    text: &'t str,
    at: usize,
    line: u64,
    delimiter: u8,
    ends: LineEnds,
}

impl<'t> Scanner<'t> {
    pub(in crate::source) fn new(text: &'t str, delimiter: u8) -> Self {
        Self::from(text, delimiter, Mark::default())
    }

    /// Goes on where a mark was set.
    pub(in crate::source) fn from(text: &'t str, delimiter: u8, mark: Mark) -> Self {
        let Mark { at, line, ends } = mark;
        Self { text, at, line, delimiter, ends }
    }

    /// How far it came.
    pub(in crate::source) fn mark(&self) -> Mark {
        Mark { at: self.at, line: self.line, ends: self.ends }
    }

    /// Passes over whole lines, quotes or not.
    pub(in crate::source) fn skip_lines(&mut self, lines: u64) {
        for _ in 0..lines {
            if self.at >= self.text.len() {
                return;
            }
            self.at = self.plain_end(self.at, None);
            self.line_end();
        }
    }

    /// Reads the next row into `row`; `false` at the end of the text.
    pub(in crate::source) fn next(&mut self, row: &mut Row) -> Result<bool, ScanFault> {
        row.spans.clear();
        row.unescaped.clear();
        row.fault = None;
        row.breaks = false;
        row.line = self.line;
        if self.at >= self.text.len() {
            return Ok(false);
        }
        let from = self.at;
        loop {
            if self.bytes().get(self.at) == Some(&b'"') {
                self.quoted(row)?;
                if self.bytes().get(self.at) != Some(&self.delimiter) {
                    break;
                }
                self.at += 1;
            } else if self.plain_cells(row) {
                break;
            }
        }
        row.bytes = self.at - from;
        self.line_end();
        Ok(true)
    }

    /// Takes cells as far as they are without quotes; whether the row ends with them.
    ///
    /// Cells are short: to look at eight bytes together is quicker than a search that has to be set up for each cell.
    fn plain_cells(&mut self, row: &mut Row) -> bool {
        let (bytes, stops) = (self.bytes(), Stops::new([self.delimiter, b'\n', b'\r']));
        let (mut start, mut at) = (self.at, self.at);
        loop {
            let mut found = stops.within(bytes, at);
            while found != 0 {
                let end = at + found.trailing_zeros() as usize / 8;
                row.spans.push(Span { start, end, unescaped: false, from: start });
                if bytes.get(end) != Some(&self.delimiter) {
                    self.at = end;
                    return true;
                }
                start = end + 1;
                if bytes.get(start) == Some(&b'"') {
                    self.at = start;
                    return false;
                }
                found &= found - 1;
            }
            at += 8;
        }
    }

    fn bytes(&self) -> &'t [u8] {
        self.text.as_bytes()
    }

    /// Where the next line end or delimiter stands.
    fn plain_end(&self, from: usize, delimiter: Option<u8>) -> usize {
        let rest = &self.bytes()[from..];
        memchr::memchr3(delimiter.unwrap_or(b'\n'), b'\n', b'\r', rest).map_or(self.text.len(), |at| from + at)
    }

    /// Steps over one line end, if one stands here.
    fn line_end(&mut self) {
        match self.bytes()[self.at..] {
            [b'\r', b'\n', ..] => {
                self.at += 2;
                self.ends.crlf = true;
            }
            [b'\n', ..] => {
                self.at += 1;
                self.ends.lf = true;
            }
            [b'\r', ..] => {
                self.at += 1;
                self.ends.cr = true;
            }
            _ => return,
        }
        self.line += 1;
    }

    fn quoted(&mut self, row: &mut Row) -> Result<(), ScanFault> {
        let from = self.at;
        let opened = self.line;
        let mut start = from + 1;
        let unescaped_from = row.unescaped.len();
        let mut halved = false;
        let mut search = start;
        let end = loop {
            let Some(quote) = memchr::memchr(b'"', &self.bytes()[search..]).map(|at| search + at) else {
                return Err(ScanFault::OpenQuote { line: opened, column: column(self.text, from) });
            };
            if self.bytes().get(quote + 1) == Some(&b'"') {
                row.unescaped.push_str(&self.text[start..=quote]);
                halved = true;
                start = quote + 2;
                search = start;
            } else {
                break quote;
            }
        };
        let lines = count_lines(&self.bytes()[from..end]);
        row.breaks |= lines > 0;
        self.line += lines;
        self.at = end + 1;
        if halved {
            row.unescaped.push_str(&self.text[start..end]);
            row.spans.push(Span { start: unescaped_from, end: row.unescaped.len(), unescaped: true, from });
        } else {
            row.spans.push(Span { start, end, unescaped: false, from });
        }
        self.after_quote(row);
        Ok(())
    }

    /// Blanks may follow a closing quote; anything else is a fault.
    fn after_quote(&mut self, row: &mut Row) {
        if self.bytes().get(self.at) == Some(&self.delimiter) {
            return;
        }
        let stop = self.plain_end(self.at, Some(self.delimiter));
        if stop > self.at && row.fault.is_none() && !self.text[self.at..stop].trim_matches(' ').is_empty() {
            row.fault = Some(ScanFault::AfterQuote { line: self.line, column: column(self.text, self.at) });
        }
        self.at = stop;
    }
}

/// Bytes at which a cell ends.
struct Stops([u64; 3]);

impl Stops {
    const LOW: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x8080_8080_8080_8080;

    fn new(stops: [u8; 3]) -> Self {
        Self(stops.map(|stop| Self::LOW * u64::from(stop)))
    }

    /// The highest bit of each of eight bytes from there on that is a stop; the end of the text is one too.
    fn within(&self, bytes: &[u8], at: usize) -> u64 {
        let eight = bytes.get(at..).and_then(<[u8]>::first_chunk).copied().unwrap_or_else(|| {
            let (mut eight, rest) = ([b'\n'; 8], bytes.get(at..).unwrap_or_default());
            eight[..rest.len()].copy_from_slice(rest);
            eight
        });
        let word = u64::from_le_bytes(eight);
        let is = |stop: u64| {
            let zero = word ^ stop;
            !(((zero & !Self::HIGH) + !Self::HIGH) | zero) & Self::HIGH
        };
        is(self.0[0]) | is(self.0[1]) | is(self.0[2])
    }
}

/// How many line ends stand in some text.
fn count_lines(bytes: &[u8]) -> u64 {
    let lines = memchr::memchr2_iter(b'\n', b'\r', bytes);
    lines.filter(|&at| bytes[at] == b'\n' || bytes.get(at + 1) != Some(&b'\n')).count() as u64
}

/// The column, in characters, of a byte of the text.
fn column(text: &str, at: usize) -> u64 {
    let start = text[..at].rfind(['\n', '\r']).map_or(0, |end| end + 1);
    text[start..at].chars().count() as u64 + 1
}

/// A delimiter that was found out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::source) struct Guess {
    pub(in crate::source) delimiter: Option<u8>,
    /// Whether the end of the text was met: more of it could change the guess.
    pub(in crate::source) open: bool,
}

/// The delimiter among `,` `;` tab and `|` that cuts the first rows into the same number of cells most often.
pub(super) fn find_delimiter(text: &str, skip: u64) -> Guess {
    let mut open = false;
    let mut score = |delimiter: u8| {
        let mut scanner = Scanner::new(text, delimiter);
        scanner.skip_lines(skip);
        let (mut row, mut widths, mut rows) = (Row::default(), std::collections::BTreeMap::<usize, u64>::new(), 0_u64);
        while rows < 100 && matches!(scanner.next(&mut row), Ok(true)) {
            if !row.is_blank(text) {
                rows += 1;
                *widths.entry(row.len()).or_default() += 1;
            }
        }
        open |= rows < 100 || scanner.at == text.len();
        widths.retain(|width, _| *width > 1);
        let (width, count) = widths.into_iter().max_by_key(|(width, count)| (*count, *width))?;
        // Rows that agree weigh first, then how many cells they have.
        Some((count * 100 / rows.max(1), width))
    };
    let best = [b',', b';', b'\t', b'|']
        .into_iter()
        .filter_map(|delimiter| score(delimiter).map(|score| (score, delimiter)))
        .max_by(|(a, x), (b, y)| a.cmp(b).then(y.cmp(x)));
    Guess { delimiter: best.map(|(_, delimiter)| delimiter), open }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(text: &str, delimiter: u8) -> Result<Vec<(u64, Vec<String>)>, ScanFault> {
        let (mut scanner, mut row, mut out) = (Scanner::new(text, delimiter), Row::default(), Vec::new());
        while scanner.next(&mut row)? {
            if let Some(fault) = row.fault {
                return Err(fault);
            }
            out.push((row.line, row.cells(text).map(str::to_owned).collect()));
        }
        Ok(out)
    }

    fn cells(line: u64, cells: &[&str]) -> (u64, Vec<String>) {
        (line, cells.iter().map(|&cell| cell.to_owned()).collect())
    }

    #[test]
    fn lines_are_counted_as_an_editor_counts_them() {
        let text = "a,b\r\n\r\n\"x\r\ny\",2\rz,3\n\nlast,4";
        let found = rows(text, b',').unwrap();
        assert_eq!(
            found,
            [
                cells(1, &["a", "b"]),
                cells(2, &[""]),
                cells(3, &["x\r\ny", "2"]),
                cells(5, &["z", "3"]),
                cells(6, &[""]),
                cells(7, &["last", "4"])
            ]
        );
    }

    proptest::proptest! {
        #[test]
        fn cells_without_quotes_are_what_stands_between_the_stops(text in "[a;,+\\-\u{b}\u{c}\u{e}é€𝄞\r\n]{0,60}") {
            // Neighbours of the stops among the bytes, and cells across any boundary of eight.
            let mut expected: Vec<(u64, Vec<String>)> = Vec::new();
            let lines = text.replace("\r\n", "\n").replace('\r', "\n");
            for (line, row) in (1..).zip(lines.split('\n')) {
                expected.push((line, row.split(',').map(str::to_owned).collect()));
            }
            // What the last line end ends is no row of its own.
            expected.pop_if(|(_, last)| last == &[""]);
            proptest::prop_assert_eq!(rows(&text, b',').unwrap(), expected);
        }
    }

    #[test]
    fn doubled_quotes_are_halved() {
        assert_eq!(rows("\"a \"\"b\"\" c\",\"\",\"\"\"\"\n", b',').unwrap(), [cells(1, &["a \"b\" c", "", "\""])]);
        assert_eq!(rows("5\" disk,x", b',').unwrap(), [cells(1, &["5\" disk", "x"])]);
    }

    #[test]
    fn a_trailing_delimiter_is_one_more_cell() {
        assert_eq!(rows("a;b;\n1;2;", b';').unwrap(), [cells(1, &["a", "b", ""]), cells(2, &["1", "2", ""])]);
    }

    #[test]
    fn an_open_quote_is_named_where_it_opens() {
        assert_eq!(rows("a,b\nü,\"x\n1,2\n", b','), Err(ScanFault::OpenQuote { line: 2, column: 3 }));
    }

    #[test]
    fn text_after_a_closing_quote_is_a_fault() {
        assert_eq!(rows("a\n\"ab\"cd", b','), Err(ScanFault::AfterQuote { line: 2, column: 5 }));
        assert_eq!(rows("\"ab\" ,c", b',').unwrap(), [cells(1, &["ab", "c"])]);
    }

    #[test]
    fn a_guess_is_open_until_a_hundred_rows_were_seen_whichever_way_they_are_cut() {
        assert!(find_delimiter(&"a,b\n".repeat(100), 0).open, "a line feed could follow");
        assert!(!find_delimiter(&"a,b\n".repeat(101), 0).open);
        assert!(find_delimiter(&"a,b\n".repeat(101), 2).open);
        let quoted = format!("a;b\n{}x;|\"y\n{}", "1;2\n".repeat(50), "1;2\n".repeat(100));
        assert!(find_delimiter(&quoted, 0).open, "with another delimiter the quote closes further on");
    }

    #[test]
    fn the_delimiter_is_the_one_rows_agree_on() {
        let found = |text: &str| find_delimiter(text, 0).delimiter;
        assert_eq!(found("a;b;c\n1,5;x;\"y;z\"\n2,5;x;y\n"), Some(b';'));
        assert_eq!(found("Name, first|Id\nx|1\n"), Some(b'|'));
        assert_eq!(found("a\tb\n1,2,3\t4\n"), Some(b'\t'));
        assert_eq!(found("List of staff\nAs of: 1;;\n\na;b;c\n1;2;3\n"), Some(b';'));
        assert_eq!(found("id\n1\n2\n"), None);
    }
}
