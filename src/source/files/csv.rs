//! Delimited text. What the file does not declare is detected and reported.

use std::sync::Arc;

use serde::Deserialize;

use super::cells::Cells;
use super::csv_scanner::{Guess, LineEnds, Row, ScanFault, Scanner, find_delimiter};
use super::decode::decode;
use super::table_builder::{Assembler, Form};
use crate::record::{Header, Record};
use crate::source::error::{Fault, FaultKind, SourceErrors};

/// How delimited text is to be read; what is left out is found out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CsvSettings {
    /// What stands between the cells.
    pub delimiter: Option<char>,
    /// The encoding by name, such as `windows-1252`; a byte order mark wins over it.
    pub encoding: Option<String>,
    /// The lines above the header, such as titles.
    pub skip_lines: u64,
    /// The rows below the data, such as totals.
    pub skip_footer: u64,
    /// The column names of a file that has no header row.
    pub header: Option<Vec<String>>,
}

/// The records of one file, with what was detected about it.
pub(in crate::source) struct Table {
    pub(in crate::source) header: Arc<Header>,
    pub(in crate::source) records: Vec<Record>,
    pub(in crate::source) notes: String,
}

/// The text of a file and how it is cut.
struct Prepared {
    text: String,
    encoding: String,
    doubt: Option<String>,
    delimiter: Option<u8>,
    skip_lines: u64,
}

impl Prepared {
    fn form(&self) -> Form {
        Form::Text(self.delimiter.unwrap_or(b','))
    }
}

impl Cells for (&str, &Row) {
    fn line(&self) -> u64 {
        self.1.line
    }

    fn count(&self) -> usize {
        self.1.len()
    }

    fn text(&self, index: usize) -> &str {
        self.1.cell(self.0, index)
    }

    fn length(&self, index: usize) -> usize {
        self.1.length(index)
    }

    fn spot(&self, index: usize) -> (u64, Option<u64>) {
        let (line, column) = self.1.spot(self.0, index);
        (line, Some(column))
    }

    fn size(&self) -> usize {
        self.1.bytes
    }

    fn breaks(&self) -> bool {
        self.1.breaks
    }

    fn sound(&self) -> bool {
        self.1.fault.is_none()
    }
}

/// Reads one file; `like` are the columns of an earlier file of the same reading.
pub(in crate::source) fn read(
    file: &str,
    bytes: Vec<u8>,
    settings: &CsvSettings,
    like: Option<(String, Arc<Header>)>,
) -> Result<Table, SourceErrors> {
    let prepared = prepare(file, bytes, settings)?;
    let text = prepared.text.as_str();
    let mut scanner = Scanner::new(text, prepared.delimiter.unwrap_or(b','));
    scanner.skip_lines(prepared.skip_lines);
    let mut assembler = Assembler::new(file, prepared.form(), settings.skip_footer, like);
    configured_header(&mut assembler, settings)?;
    let mut row = Row::default();
    loop {
        match scanner.next(&mut row) {
            Ok(false) => break,
            Ok(true) if row.is_blank(text) => {}
            Ok(true) if assembler.wants_header() => {
                if let Some(fault) = row.fault {
                    return Err(scan_fault(file, fault).into());
                }
                assembler.header(row.line, &row.cells(text).collect::<Vec<_>>())?;
            }
            Ok(true) => {
                assembler.row(&(text, &row));
                if let Some(fault) = row.fault {
                    assembler.fault(scan_fault(file, fault));
                }
            }
            Err(fault) if assembler.wants_header() => return Err(scan_fault(file, fault).into()),
            Err(fault) => {
                assembler.fatal(scan_fault(file, fault));
                break;
            }
        }
    }
    let notes = notes(file, &prepared, &scanner);
    let (header, records) = assembler.finish()?;
    Ok(Table { header, records, notes })
}

/// The column names of one file.
pub(in crate::source) fn header(file: &str, bytes: Vec<u8>, settings: &CsvSettings) -> Result<Vec<String>, SourceErrors> {
    let mut assembler = Assembler::new(file, Form::Text(b','), 0, None);
    if configured_header(&mut assembler, settings)? {
        return Ok(settings.header.clone().unwrap_or_default());
    }
    let prepared = prepare(file, bytes, settings)?;
    let mut assembler = Assembler::new(file, prepared.form(), 0, None);
    let text = prepared.text.as_str();
    let mut scanner = Scanner::new(text, prepared.delimiter.unwrap_or(b','));
    scanner.skip_lines(prepared.skip_lines);
    let mut row = Row::default();
    while scanner.next(&mut row).map_err(|fault| scan_fault(file, fault))? {
        if !row.is_blank(text) {
            let names: Vec<&str> = row.cells(text).collect();
            assembler.header(row.line, &names)?;
            return Ok(assembler.names());
        }
    }
    Err(Fault::of_file(file, FaultKind::NoHeader).into())
}

pub(super) fn configured_header(assembler: &mut Assembler, settings: &CsvSettings) -> Result<bool, SourceErrors> {
    let Some(names) = &settings.header else { return Ok(false) };
    assembler.header(0, &names.iter().map(String::as_str).collect::<Vec<_>>())?;
    Ok(true)
}

fn prepare(file: &str, bytes: Vec<u8>, settings: &CsvSettings) -> Result<Prepared, Fault> {
    if bytes.is_empty() {
        return Err(Fault::of_file(file, FaultKind::Empty));
    }
    let decoded = decode(file, bytes, settings.encoding.as_deref())?;
    let mut text = decoded.text;
    if text.trim_end_matches(['\n', '\r', ' ']).ends_with('\u{1a}') {
        // Ctrl-Z: some old programs still mark the end of a file with it.
        text.truncate(text.trim_end_matches(['\n', '\r', ' ']).len() - 1);
    }
    if text.trim().is_empty() {
        return Err(Fault::of_file(file, FaultKind::Empty));
    }
    let Shape { delimiter, skip_lines, .. } = shape(file, &text, settings)?;
    Ok(Prepared { text, encoding: decoded.encoding, doubt: decoded.doubt, delimiter, skip_lines })
}

/// How a text is cut into rows and cells.
pub(in crate::source) struct Shape {
    pub(in crate::source) delimiter: Option<u8>,
    /// The lines above the header.
    pub(in crate::source) skip_lines: u64,
    /// Whether more of the text could change this.
    pub(in crate::source) open: bool,
}

/// Finds out how a text is cut, which may be the beginning of a longer one.
pub(in crate::source) fn shape(file: &str, text: &str, settings: &CsvSettings) -> Result<Shape, Fault> {
    if let Some(what) = markup(text) {
        return Err(Fault::of_file(file, FaultKind::Markup(what)));
    }
    let instructed = instruction(text);
    let skip_lines = settings.skip_lines.max(u64::from(instructed.is_some()));
    let known = |delimiter: u8| Guess { delimiter: Some(delimiter), open: false };
    let guess = match settings.delimiter {
        Some(wanted) => known(single_byte(wanted).ok_or_else(|| Fault::of_file(file, FaultKind::BadDelimiter(wanted)))?),
        None => instructed.map_or_else(|| find_delimiter(text, skip_lines), known),
    };
    // The first part of the text shows whether it is a table at all and whether it declares a delimiter.
    let open = guess.open || !text.contains('\n') || text.trim_start().chars().nth(64).is_none();
    Ok(Shape { delimiter: guess.delimiter, skip_lines, open })
}

/// What a text is that begins like no table: web pages and API answers arrive under the names of exports.
fn markup(text: &str) -> Option<&'static str> {
    let start: String = text.trim_start().chars().take(64).collect::<String>().to_ascii_lowercase();
    let compact: String = start.chars().filter(|character| !character.is_whitespace()).collect();
    if start.starts_with("<!doctype html") || start.starts_with("<html") || start.starts_with("<table") {
        Some("a web page")
    } else if start.starts_with("<?xml") {
        Some("XML")
    } else if compact.starts_with("{\"") || compact.starts_with("[{") || compact == "[]" || compact == "{}" {
        Some("JSON")
    } else {
        None
    }
}

/// The delimiter that Excel's first line `sep=;` orders. A program that saved the file again has filled that line up with the
/// delimiter which it uses itself.
fn instruction(text: &str) -> Option<u8> {
    let line = text.lines().next()?.trim_end_matches('\r');
    let (line, quoted) = line.strip_prefix('"').map_or((line, false), |line| (line, true));
    let mut rest = line.get(..4).filter(|start| start.eq_ignore_ascii_case("sep=")).and(line.get(4..))?.chars();
    let ordered = rest.next()?;
    let rest = if quoted { rest.as_str().strip_prefix('"')? } else { rest.as_str() };
    let used = rest.chars().next().unwrap_or(ordered);
    let filled = rest.chars().all(|character| character == used);
    (filled && (quoted || used == ordered)).then(|| single_byte(used))?
}

fn single_byte(delimiter: char) -> Option<u8> {
    u8::try_from(delimiter).ok().filter(|byte| byte.is_ascii() && !byte.is_ascii_alphanumeric() && !b"\"\r\n\0".contains(byte))
}

fn scan_fault(file: &str, fault: ScanFault) -> Fault {
    let (line, column, kind) = match fault {
        ScanFault::OpenQuote { line, column } => (line, column, FaultKind::OpenQuote),
        ScanFault::AfterQuote { line, column } => (line, column, FaultKind::AfterQuote),
    };
    Fault::at(file, Some(line), Some(column), kind)
}

fn notes(file: &str, prepared: &Prepared, scanner: &Scanner<'_>) -> String {
    let notes = told_of(file, prepared.delimiter, &prepared.encoding, scanner.mark().ends);
    prepared.doubt.iter().fold(notes, |notes, doubt| format!("{notes}; {doubt}"))
}

/// What was found out about a file, in words.
pub(super) fn told_of(file: &str, delimiter: Option<u8>, encoding: &str, ends: LineEnds) -> String {
    let delimiter = match delimiter {
        None => "one column".to_owned(),
        Some(b'\t') => "delimiter tab".to_owned(),
        Some(byte) => format!("delimiter `{}`", char::from(byte)),
    };
    let mut notes = format!("{file}: {delimiter}, encoding {encoding}");
    if let Some(ends) = ends.notes() {
        notes.push_str(", ");
        notes.push_str(&ends);
    }
    notes
}
