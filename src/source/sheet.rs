//! Workbooks (`.xlsx`, `.xlsb`, `.xls`, `.ods`): one sheet, every cell as text.
//!
//! A date is told by the style of its cell and becomes `YYYY-MM-DD`; a number becomes text without an exponent.

use std::io::Cursor;
use std::sync::Arc;

use calamine::{Data, Range, Reader, open_workbook_auto_from_rs};
use serde::Deserialize;

use super::assemble::{Assembler, Cells};
use super::csv::Table;
use super::error::{Fault, FaultKind, SourceErrors};
use crate::record::Header;

/// How a workbook is to be read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SheetSettings {
    /// The name of the sheet; the first one where it is left out.
    pub sheet: Option<String>,
    /// The rows above the header, such as titles.
    pub skip_lines: u64,
    /// The rows below the data, such as totals.
    pub skip_footer: u64,
}

struct SheetRow {
    line: u64,
    cells: Vec<String>,
}

impl Cells for SheetRow {
    fn line(&self) -> u64 {
        self.line
    }

    fn count(&self) -> usize {
        self.cells.len()
    }

    fn text(&self, index: usize) -> &str {
        &self.cells[index]
    }

    fn spot(&self, index: usize) -> (u64, Option<u64>) {
        (self.line, Some(index as u64 + 1))
    }

    fn size(&self) -> usize {
        self.cells.iter().map(String::len).sum()
    }
}

/// Reads one sheet; lines are its rows.
pub(super) fn read(
    file: &str,
    bytes: Vec<u8>,
    settings: &SheetSettings,
    like: Option<(String, Arc<Header>)>,
) -> Result<Table, SourceErrors> {
    let (name, range) = open(file, bytes, settings)?;
    let mut assembler = Assembler::new(file, settings.skip_footer, like);
    for (line, cells) in rows(&range, settings) {
        if assembler.wants_header() {
            let names = texts(cells).0;
            if names.iter().any(|name| !name.trim().is_empty()) {
                assembler.header(line, &names.iter().map(String::as_str).collect::<Vec<_>>())?;
            }
            continue;
        }
        let (cells, error) = texts(cells);
        if cells.iter().all(|cell| cell.trim().is_empty()) && error.is_none() {
            continue;
        }
        assembler.row(&SheetRow { line, cells });
        if let Some((column, error)) = error {
            assembler.fault(Fault::at(file, Some(line), Some(column), FaultKind::CellError(error)));
        }
    }
    let (header, records) = assembler.finish()?;
    Ok(Table { header, records, told: format!("{file}: sheet `{name}`") })
}

/// The column names of a sheet.
pub(super) fn header(file: &str, bytes: Vec<u8>, settings: &SheetSettings) -> Result<Vec<String>, SourceErrors> {
    let (_, range) = open(file, bytes, settings)?;
    let mut assembler = Assembler::new(file, 0, None);
    for (line, cells) in rows(&range, settings) {
        let names = texts(cells).0;
        if names.iter().any(|name| !name.trim().is_empty()) {
            assembler.header(line, &names.iter().map(String::as_str).collect::<Vec<_>>())?;
            return Ok(assembler.names());
        }
    }
    Err(Fault::of_file(file, FaultKind::NoHeader).into())
}

fn open(file: &str, bytes: Vec<u8>, settings: &SheetSettings) -> Result<(String, Range<Data>), Fault> {
    if bytes.is_empty() {
        return Err(Fault::of_file(file, FaultKind::Empty));
    }
    let unreadable = |error: calamine::Error| Fault::of_file(file, FaultKind::Unreadable(error.to_string()));
    let mut book = open_workbook_auto_from_rs(Cursor::new(bytes)).map_err(unreadable)?;
    let names = book.sheet_names();
    let name = match &settings.sheet {
        Some(wanted) if !names.contains(wanted) => {
            return Err(Fault::of_file(file, FaultKind::NoSheet { wanted: wanted.clone(), found: names }));
        }
        Some(wanted) => wanted.clone(),
        None => names.into_iter().next().ok_or_else(|| Fault::of_file(file, FaultKind::Empty))?,
    };
    let range = book.worksheet_range(&name).map_err(unreadable)?;
    Ok((name, range))
}

fn rows<'a>(range: &'a Range<Data>, settings: &SheetSettings) -> impl Iterator<Item = (u64, &'a [Data])> {
    let first = range.start().map_or(0, |(row, _)| u64::from(row)) + 1;
    let skip = settings.skip_lines;
    (first..).zip(range.rows()).filter(move |(line, _)| *line > skip)
}

/// The cells as text, and the first error among them.
fn texts(cells: &[Data]) -> (Vec<String>, Option<(u64, String)>) {
    let mut error = None;
    let texts = (1_u64..)
        .zip(cells)
        .map(|(column, cell)| match cell {
            Data::Empty => String::new(),
            Data::String(text) | Data::DateTimeIso(text) | Data::DurationIso(text) => text.clone(),
            Data::Int(number) => number.to_string(),
            // Display writes the shortest digits that give the number back, never an exponent.
            Data::Float(number) => format!("{number}"),
            Data::Bool(flag) => if *flag { "TRUE" } else { "FALSE" }.to_owned(),
            Data::DateTime(moment) => date_text(moment),
            Data::Error(kind) => {
                error.get_or_insert((column, kind.to_string()));
                String::new()
            }
        })
        .collect();
    (texts, error)
}

fn date_text(moment: &calamine::ExcelDateTime) -> String {
    if moment.is_duration() {
        return format!("{}", moment.as_f64());
    }
    let (year, month, day, hour, minute, second, _) = moment.to_ymd_hms_milli();
    if (hour, minute, second) == (0, 0, 0) {
        format!("{year:04}-{month:02}-{day:02}")
    } else {
        format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}")
    }
}
