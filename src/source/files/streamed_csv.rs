//! Delimited text that stays on disk: proven whole by a first pass, its records are made anew whenever they are asked for.
//!
//! The first pass sees the file through a window and finds nothing wrong with it, or gives up; then the file is read into memory, where
//! every fault gets its name and place. So this file need not distinguish faults. The pass gives up as well on what is no UTF-8
//! text.

use std::sync::Arc;

use super::cells::{Cells as _, LONGEST_ROW};
use super::csv::{self, CsvSettings};
use super::csv_scanner::{Mark, Row, Scanner};
use super::decode::as_utf8;
use super::file_handle::Opened;
use super::footer::Footer;
use super::table_builder::{Assembler, Columns, Form};
use super::text_window::{Rows, Window};
use super::trailer::Trailers;
use super::unpack::is_packed;
use crate::record::{Header, Record};
use crate::source::error::Fault;

/// So many bytes of a file are looked through at once.
pub(super) const WINDOW: usize = 1 << 20;

/// So many bytes at the end of a file are searched for a Ctrl-Z.
const TAIL: u64 = 4096;

/// A file without a fault.
pub(in crate::source) struct Proven {
    pub(in crate::source) records: OnDisk,
    pub(in crate::source) sha256: String,
    pub(in crate::source) notes: String,
}

/// The records of such a file.
#[derive(Debug)]
pub(in crate::source) struct OnDisk {
    file: Arc<Opened>,
    source: Arc<str>,
    columns: Columns,
    delimiter: u8,
    /// The byte at which the first row below the header starts, and its line.
    start: (u64, u64),
    /// The byte at which the text ends.
    end: u64,
    count: usize,
    window: usize,
    /// Of all its bytes when it was proven.
    sha256: String,
}

/// Looks through a file; nothing where it has to be read into memory.
pub(super) fn prove(
    name: &str,
    file: &Arc<Opened>,
    settings: &CsvSettings,
    like: Option<(String, Arc<Header>)>,
    window: usize,
) -> Option<Proven> {
    let Beginning { mut rows, delimiter, encoding, end } = begin(name, file, settings, window)?;
    let assembler = Assembler::new(name, Form::Text(rows.delimiter), 0, like);
    let columns = header_row(&mut rows, assembler, settings)?;
    let start = (rows.window.place(rows.mark.at), rows.mark.line);
    let count = count(&mut rows, &columns, settings.skip_footer)?;
    let notes = csv::told_of(name, delimiter, &encoding, rows.mark.ends);
    let (delimiter, sha256) = (rows.delimiter, rows.window.sum().ok()??);
    file.in_place().ok()?;
    let (file, source, proven) = (Arc::clone(file), name.into(), sha256.clone());
    let records = OnDisk { file, source, columns, delimiter, start, end, count, window, sha256: proven };
    Some(Proven { records, sha256, notes })
}

/// The column names, out of the beginning of a file; nothing where it has to be read into memory.
pub(in crate::source) fn header(name: &str, file: &Opened, settings: &CsvSettings, window: usize) -> Option<Vec<String>> {
    let mut rows = begin(name, file, settings, window)?.rows;
    let assembler = Assembler::new(name, Form::Text(rows.delimiter), 0, None);
    let columns = header_row(&mut rows, assembler, settings)?;
    Some(columns.header.names().map(str::to_owned).collect())
}

/// The columns, as the settings or the first row that is not blank name them.
fn header_row(rows: &mut Rows<'_>, mut assembler: Assembler, settings: &CsvSettings) -> Option<Columns> {
    csv::configured_header(&mut assembler, settings).ok()?;
    let mut row = Row::default();
    while assembler.wants_header() {
        let more = rows.next(&mut row).ok()?;
        if !more || row.fault.is_some() {
            return None;
        }
        let text = rows.window.text.as_str();
        if !row.is_blank(text) {
            assembler.header(row.line, &row.cells(text).collect::<Vec<_>>()).ok()?;
        }
    }
    assembler.into_columns()
}

/// A file before its first row.
struct Beginning<'f> {
    rows: Rows<'f>,
    delimiter: Option<u8>,
    encoding: String,
    /// The byte at which the text ends.
    end: u64,
}

fn begin<'f>(name: &str, file: &'f Opened, settings: &CsvSettings, size: usize) -> Option<Beginning<'f>> {
    let mut first = Vec::new();
    file.append(&mut first, 0, usize::try_from(file.length().min(16)).ok()?).ok()?;
    if is_packed(&first) {
        return None;
    }
    let (encoding, mark) = as_utf8(&first, settings.encoding.as_deref())?;
    let end = text_end(file).filter(|end| *end > mark as u64)?;
    let mut window = Window::new(file, mark as u64, end, size).digested(&first[..mark]);
    // As much of it as it takes to be sure of its shape.
    loop {
        window.move_on(0).ok()?;
        let shape = csv::shape(name, &window.text, settings).ok()?;
        let delimiter = shape.delimiter.unwrap_or(b',');
        let mut scanner = Scanner::from(&window.text, delimiter, Mark::default());
        scanner.skip_lines(shape.skip_lines);
        let mark = scanner.mark();
        if window.ended() || (!shape.open && mark.at < window.text.len()) {
            return Some(Beginning { rows: Rows { window, delimiter, mark }, delimiter: shape.delimiter, encoding, end });
        }
    }
}

/// The byte at which the text of a file ends. Some old programs still mark it with a Ctrl-Z.
fn text_end(file: &Opened) -> Option<u64> {
    let from = file.length().saturating_sub(TAIL);
    let mut tail = Vec::new();
    file.append(&mut tail, from, usize::try_from(file.length() - from).ok()?).ok()?;
    let last = tail.iter().rposition(|byte| !b"\n\r ".contains(byte))?;
    Some(if tail[last] == 0x1A { from + last as u64 } else { file.length() })
}

/// How many records the rows below the header make, where all of them do but those of the footer.
fn count(rows: &mut Rows<'_>, columns: &Columns, skip_footer: u64) -> Option<usize> {
    let (mut row, mut count, mut footer) = (Row::default(), 0, Footer::new(skip_footer));
    let mut trailers = Trailers::new(usize::try_from(skip_footer).ok()?);
    while rows.next(&mut row).ok()? {
        let cells = (rows.window.text.as_str(), &row);
        if row.is_blank(cells.0) {
            // Whether a window holds it depends on where the window starts, which is elsewhere the next time.
            Some(()).filter(|()| cells.size() <= LONGEST_ROW)?;
            continue;
        }
        let fault = columns.fault(&cells);
        // A row that holds others is no footer either.
        Some(()).filter(|()| fault.is_none() || columns.swallowed(&cells).is_none())?;
        // What is no footer must be a record.
        let fits = cells.sound() && fault.is_none();
        if fits {
            trailers.push(&cells);
        }
        match footer.push(&cells, columns.width, fits) {
            Some(true) => count += 1,
            Some(false) => return None,
            None => {}
        }
    }
    let below = footer.rows().iter().filter(|row| row.fits).count();
    Some(count).filter(|count| *count > 0 && footer.records().next().is_none() && trailers.lines(below).is_empty())
}

impl OnDisk {
    pub(in crate::source) fn header(&self) -> &Arc<Header> {
        &self.columns.header
    }

    pub(in crate::source) fn len(&self) -> usize {
        self.count
    }

    /// Makes every record once more.
    ///
    /// # Errors
    /// If the file cannot be read or is no longer what it was.
    pub(in crate::source) fn each(&self, take: &mut impl FnMut(Record)) -> Result<(), Fault> {
        self.file.unchanged()?;
        let (at, line) = self.start;
        let mut window = Window::new(&self.file, at, self.end, self.window);
        if !self.file.settled() {
            let mut before = Vec::new();
            self.file.append(&mut before, 0, usize::try_from(at).map_err(|_| self.file.changed())?)?;
            window = window.digested(&before);
        }
        let mut rows = Rows { window, delimiter: self.delimiter, mark: Mark { line, ..Mark::default() } };
        let (mut row, mut left) = (Row::default(), self.count);
        while left > 0 {
            if !rows.next(&mut row)? {
                return Err(self.file.changed());
            }
            let cells = (rows.window.text.as_str(), &row);
            if row.is_blank(cells.0) {
                continue;
            }
            if row.fault.is_some() || !self.columns.fit(&cells) {
                return Err(self.file.changed());
            }
            take(self.columns.record(&self.source, &cells));
            left -= 1;
        }
        // Of what was not settled when it was found, the time of change proves nothing.
        if rows.window.whole_sum()?.is_some_and(|sum| sum != self.sha256) {
            return Err(self.file.changed());
        }
        self.file.unchanged()
    }
}
