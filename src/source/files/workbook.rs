//! Workbooks (`.xlsx`, `.xlsb`, `.xls`, `.ods`): one sheet, every cell as the text that it shows.
//!
//! The type or the format of a cell marks a date, which becomes `YYYY-MM-DD`. A number becomes its digits, never an exponent;
//! in `.xlsx` a format such as `00000` keeps its zeros. A cell with an error reads as `#N/A`, as it does in an exported CSV.

use std::io::Cursor;
use std::sync::Arc;

use calamine::{Data, DataRef, ExcelDateTime, Ods, Reader, Sheet, SheetType, SheetVisible, Xls, Xlsb, Xlsx};
use serde::Deserialize;

use super::csv::Table;
use super::number_format::{by_code, general, shows_time};
use super::ods_content;
use super::table_builder::{Assembler, Form, cell_name};
use super::workbook_rows::{Placed, SheetRows};
use super::worksheet_xml::{self, Area, Broken, COLUMNS, ROWS};
use crate::record::{Header, LOST_DIGITS, is_error};
use crate::source::error::{Fault, FaultKind, SourceErrors};

/// How a workbook is to be read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SheetSettings {
    /// The name of the sheet; the first one that is not hidden where it is left out.
    pub sheet: Option<String>,
    /// The rows above the header, such as titles.
    pub skip_lines: u64,
    /// The rows below the data, such as totals.
    pub skip_footer: u64,
}

/// One sheet as it was read.
struct OpenSheet {
    name: String,
    /// Notes for the user.
    notes: Vec<String>,
    cells: Vec<Placed>,
    /// Cells with a formula and no result: row and column from 1.
    without_result: Vec<(u64, u64)>,
    merged: Vec<Area>,
    hidden: Vec<u64>,
}

/// Reads one sheet; lines are its rows.
pub(in crate::source) fn read(
    file: &str,
    bytes: &[u8],
    settings: &SheetSettings,
    like: Option<(String, Arc<Header>)>,
) -> Result<Table, SourceErrors> {
    let mut sheet = open(file, bytes, settings)?;
    without_result(file, &sheet, settings)?;
    let rows = SheetRows::new(std::mem::take(&mut sheet.cells), settings.skip_lines);
    let mut assembler = Assembler::new(file, Form::Sheet, settings.skip_footer, like);
    for row in rows.rows() {
        if assembler.wants_header() {
            assembler.header(rows.header_line().unwrap_or(1), row.texts())?;
        } else {
            assembler.row(&row);
        }
    }
    merged(file, &sheet, &rows, assembler.footer_line())?;
    let (header, records) = assembler.finish()?;
    let below = rows.header_line().unwrap_or(0);
    let hidden = sheet.hidden.iter().filter(|line| **line > below).count();
    if hidden > 0 {
        sheet.notes.push(format!("{hidden} rows are hidden, perhaps by a filter, and read like the others"));
    }
    let notes = std::iter::once(format!("{file}: sheet `{}`", sheet.name)).chain(sheet.notes).collect::<Vec<_>>().join(", ");
    Ok(Table { header, records, notes })
}

/// The column names of a sheet.
pub(in crate::source) fn header(file: &str, bytes: &[u8], settings: &SheetSettings) -> Result<Vec<String>, SourceErrors> {
    let sheet = open(file, bytes, settings)?;
    let rows = SheetRows::new(sheet.cells, settings.skip_lines);
    let mut assembler = Assembler::new(file, Form::Sheet, 0, None);
    let Some(row) = rows.rows().next() else { return Err(Fault::of_file(file, FaultKind::NoHeader).into()) };
    assembler.header(rows.header_line().unwrap_or(1), row.texts())?;
    Ok(assembler.names())
}

/// Refuses formulas without a stored result: they would read as empty cells, and an empty cell clears a value.
fn without_result(file: &str, sheet: &OpenSheet, settings: &SheetSettings) -> Result<(), Fault> {
    let mut used = sheet.without_result.iter().filter(|(row, _)| *row > settings.skip_lines);
    let Some(&(row, column)) = used.next() else { return Ok(()) };
    let (cell, more) = (cell_name(row, column), used.count() as u64);
    Err(Fault::at(
        file,
        Some(row),
        Some(column),
        FaultKind::NoResult { sheet: sheet.name.as_str().into(), cell: cell.into(), more },
    ))
}

/// Merged cells have their value in the first of them alone; the others would read as empty.
fn merged(file: &str, sheet: &OpenSheet, rows: &SheetRows, footer: Option<u64>) -> Result<(), Fault> {
    let Some(header) = rows.header_line() else { return Ok(()) };
    let (left, right) = rows.columns();
    let last = footer.map_or(rows.last_line(), |line| line - 1);
    let mut reach = sheet.merged.iter().filter(|area| {
        area.last.0 > header && area.first.0 <= last && area.first.1 <= right && area.last.1 >= left && area.first != area.last
    });
    let Some(area) = reach.next() else { return Ok(()) };
    let range = format!("{}:{}", cell_name(area.first.0, area.first.1), cell_name(area.last.0, area.last.1));
    let more = reach.count() as u64;
    Err(Fault::at(
        file,
        Some(area.first.0),
        Some(area.first.1),
        FaultKind::Merged { sheet: sheet.name.as_str().into(), range: range.into(), more },
    ))
}

type Bytes<'b> = Cursor<&'b [u8]>;

fn open(file: &str, bytes: &[u8], settings: &SheetSettings) -> Result<OpenSheet, Fault> {
    let mut sheet = match Kind::of(bytes) {
        Kind::Xlsx => xlsx(file, bytes, settings)?,
        Kind::Xlsb => xlsb(file, bytes, settings)?,
        Kind::Ods => ods(file, bytes, settings)?,
        Kind::Xls => xls(file, bytes, settings)?,
        Kind::Locked => return Err(Fault::of_file(file, FaultKind::Locked)),
    };
    let lost = |(_, _, text): &&Placed| text == LOST_DIGITS;
    let errors = sheet.cells.iter().filter(|(_, _, text)| text != LOST_DIGITS && is_error(text)).count();
    if errors > 0 {
        sheet.notes.push(format!("{errors} cells hold errors such as #N/A"));
    }
    if let Some((row, column, _)) = sheet.cells.iter().find(lost) {
        let (count, cell) = (sheet.cells.iter().filter(lost).count(), cell_name(u64::from(*row) + 1, u64::from(*column) + 1));
        sheet.notes.push(format!(
            "{count} numbers of 16 and more digits have lost the last of them (first in cell {cell}): they read as {LOST_DIGITS}; \
             export them as text"
        ));
    }
    Ok(sheet)
}

enum Kind {
    Xlsx,
    Xlsb,
    Ods,
    Xls,
    /// A workbook with a password.
    Locked,
}

impl Kind {
    fn of(bytes: &[u8]) -> Self {
        if !bytes.starts_with(b"PK") {
            // The names of streams in an old container are UTF-16.
            let name: Vec<u8> = "EncryptedPackage".encode_utf16().flat_map(u16::to_le_bytes).collect();
            return if bytes.windows(name.len()).any(|window| window == name) { Self::Locked } else { Self::Xls };
        }
        let names =
            zip::ZipArchive::new(Cursor::new(bytes)).map(|archive| archive.file_names().map(str::to_owned).collect::<Vec<_>>());
        let names = names.unwrap_or_default();
        if names.iter().any(|name| name == "content.xml") {
            Self::Ods
        } else if names.iter().any(|name| name.ends_with("workbook.bin")) {
            Self::Xlsb
        } else {
            Self::Xlsx
        }
    }
}

fn unreadable(file: &str, error: &dyn std::fmt::Display) -> Fault {
    Fault::of_file(file, FaultKind::Unreadable(error.to_string())).with_hint("open it in a spreadsheet program and save it again")
}

/// The sheet that is named, else the first that is not hidden; and which hidden ones were passed over.
fn choose(file: &str, sheets: &[Sheet], settings: &SheetSettings) -> Result<(String, Vec<String>), Fault> {
    let is_table = |sheet: &&Sheet| sheet.typ == SheetType::WorkSheet;
    let tables = || sheets.iter().filter(is_table);
    match &settings.sheet {
        Some(wanted) => {
            let exact = tables().find(|sheet| sheet.name == *wanted);
            let alike = || tables().find(|sheet| sheet.name.trim().to_lowercase() == wanted.trim().to_lowercase());
            let found = exact.or_else(alike).ok_or_else(|| {
                let found = tables().map(|sheet| sheet.name.clone()).collect();
                Fault::of_file(file, FaultKind::NoSheet { wanted: wanted.clone(), found })
            })?;
            Ok((found.name.clone(), Vec::new()))
        }
        None => {
            let seen = tables().find(|sheet| sheet.visible == SheetVisible::Visible);
            let sheet = seen.or_else(|| tables().next()).ok_or_else(|| Fault::of_file(file, FaultKind::Empty))?;
            let others: Vec<String> =
                tables().filter(|other| other.name != sheet.name).map(|other| format!("`{}`", other.name)).collect();
            let notes = if others.is_empty() { Vec::new() } else { vec![format!("not read: {}", others.join(", "))] };
            Ok((sheet.name.clone(), notes))
        }
    }
}

fn xlsx(file: &str, bytes: &[u8], settings: &SheetSettings) -> Result<OpenSheet, Fault> {
    let mut book: Xlsx<Bytes<'_>> =
        calamine::open_workbook_from_rs(Cursor::new(bytes)).map_err(|error| unreadable(file, &error))?;
    let (name, notes) = choose(file, book.sheets_metadata(), settings)?;
    let found = worksheet_xml::look_through(bytes, &name).map_err(|broken| broken_sheet(file, &name, broken))?;
    let cells = xlsx_cells(file, &mut book, &name)?;
    let worksheet_xml::Found { without_result, merged, hidden } = found;
    Ok(OpenSheet { name, notes, cells, without_result, merged, hidden })
}

fn broken_sheet(file: &str, sheet: &str, broken: Broken) -> Fault {
    match broken {
        Broken::Outside(reference) => {
            Fault::of_file(file, FaultKind::OutsideSheet { sheet: sheet.into(), reference: reference.into() })
        }
        Broken::Xml(why) => unreadable(file, &why),
    }
}

/// The cells of a sheet as their formats show them.
fn xlsx_cells(file: &str, book: &mut Xlsx<Bytes<'_>>, sheet: &str) -> Result<Vec<Placed>, Fault> {
    let mut reader = book.worksheet_cells_reader(sheet).map_err(|error| unreadable(file, &error))?;
    let codes: Vec<Option<String>> =
        reader.styles().iter().map(|style| style.number_format.as_ref().map(|format| format.format_code.clone())).collect();
    let mut cells = Vec::new();
    while let Some((cell, style)) = reader.next_cell_with_style_id().map_err(|error| unknown_error(file, sheet, &cells, error))? {
        let code = codes.get(style).and_then(Option::as_deref);
        let text = match cell.get_value() {
            DataRef::Float(number) => number_text(*number, code),
            DataRef::DateTime(moment) => date_text(moment, code.is_none_or(shows_time)),
            other => text(&Data::from(other.clone())),
        };
        let (row, column) = cell.get_position();
        if !text.trim().is_empty() {
            cells.push((row, column, text));
        }
    }
    Ok(cells)
}

/// The number as the sheet shows it; one of 16 and more digits is not the one that was meant.
fn number_text(number: f64, code: Option<&str>) -> String {
    if number.abs() >= 1e15 {
        return LOST_DIGITS.to_owned();
    }
    code.and_then(|code| by_code(number, code)).unwrap_or_else(|| general(number))
}

/// A cell with an error that calamine does not know by name, such as `#SPILL!`. Its place is that after the last one which was read;
/// to go on would leave it empty, and an empty cell clears a value.
fn unknown_error(file: &str, sheet: &str, before: &[Placed], error: calamine::XlsxError) -> Fault {
    let calamine::XlsxError::CellError(word) = error else { return unreadable(file, &error) };
    let after = before.last().map_or(1, |(row, _, _)| u64::from(*row) + 1);
    let what = format!("sheet `{sheet}`, row {after} or the next, has a cell with the error {word}");
    Fault::of_file(file, FaultKind::Unreadable(what)).with_hint("correct its formula, or put the value in its place")
}

/// A binary sheet: cell by cell, since calamine would lay it out as wide as its widest row. It does not report merged cells, and a
/// formula always has a result there.
fn xlsb(file: &str, bytes: &[u8], settings: &SheetSettings) -> Result<OpenSheet, Fault> {
    let mut book: Xlsb<Bytes<'_>> =
        calamine::open_workbook_from_rs(Cursor::new(bytes)).map_err(|error| unreadable(file, &error))?;
    let (name, notes) = choose(file, book.sheets_metadata(), settings)?;
    let mut reader = book.worksheet_cells_reader(&name).map_err(|error| unreadable(file, &error))?;
    let mut cells = Vec::new();
    while let Some(cell) = reader.next_cell().map_err(|error| unreadable(file, &error))? {
        let (row, column) = cell.get_position();
        if u64::from(row) >= ROWS || u64::from(column) >= COLUMNS {
            let reference = format!("row {}, column {}", u64::from(row) + 1, u64::from(column) + 1);
            return Err(Fault::of_file(file, FaultKind::OutsideSheet { sheet: name.into(), reference: reference.into() }));
        }
        push(&mut cells, (row, column), &Data::from(cell.get_value().clone()));
    }
    Ok(OpenSheet { name, notes, cells, without_result: Vec::new(), merged: Vec::new(), hidden: Vec::new() })
}

/// An `.ods` sheet, looked through before calamine lays out every table of the workbook.
fn ods(file: &str, bytes: &[u8], settings: &SheetSettings) -> Result<OpenSheet, Fault> {
    let mut tables = ods_content::look_through(bytes).map_err(|broken| broken_sheet(file, "", broken))?;
    if let Some(table) = tables.iter().find(|table| table.is_sparse()) {
        let kind =
            FaultKind::Sparse { sheet: table.name.as_str().into(), cell: cell_name(table.corner.0, table.corner.1).into() };
        return Err(Fault::of_file(file, kind));
    }
    let mut book: Ods<Bytes<'_>> =
        calamine::open_workbook_from_rs(Cursor::new(bytes)).map_err(|error| unreadable(file, &error))?;
    let (name, notes) = choose(file, book.sheets_metadata(), settings)?;
    let range = book.worksheet_range(&name).map_err(|error| unreadable(file, &error))?;
    let at = tables.iter().position(|table| table.name == name);
    let ods_content::Table { without_result, merged, .. } = at.map(|at| tables.swap_remove(at)).unwrap_or_default();
    Ok(OpenSheet { name, notes, cells: placed(&range), without_result, merged, hidden: Vec::new() })
}

/// An old binary sheet, which has at most 65,536 rows of 256 columns. Some programs store 0 for a formula that they did not
/// compute, which looks like a result.
fn xls(file: &str, bytes: &[u8], settings: &SheetSettings) -> Result<OpenSheet, Fault> {
    let mut book: Xls<Bytes<'_>> =
        calamine::open_workbook_from_rs(Cursor::new(bytes)).map_err(|error| unreadable(file, &error))?;
    let (name, notes) = choose(file, book.sheets_metadata(), settings)?;
    let range = book.worksheet_range(&name).map_err(|error| unreadable(file, &error))?;
    let formulas = book.worksheet_formula(&name).map_err(|error| unreadable(file, &error))?;
    let (top, left) = formulas.start().unwrap_or((0, 0));
    let from_one = |first: u32, index: usize| u64::from(first) + index as u64 + 1;
    let is_unset = |row: usize, column: usize| {
        let place = (top.saturating_add(small(row)), left.saturating_add(small(column)));
        matches!(range.get_value(place), None | Some(Data::Empty))
    };
    let without_result = formulas
        .used_cells()
        .filter(|(row, column, _)| is_unset(*row, *column))
        .map(|(row, column, _)| (from_one(top, row), from_one(left, column)))
        .collect();
    let areas = book.merge_cells_by_sheet_name(&name).map_err(|error| unreadable(file, &error))?;
    let one = |(row, column): (u32, u32)| (u64::from(row) + 1, u64::from(column) + 1);
    let merged = areas.into_iter().map(|area| Area { first: one(area.start), last: one(area.end) }).collect();
    Ok(OpenSheet { name, notes, cells: placed(&range), without_result, merged, hidden: Vec::new() })
}

fn small(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(u32::MAX)
}

/// The cells of a sheet for which calamine reports no formats.
fn placed(range: &calamine::Range<Data>) -> Vec<Placed> {
    let (top, left) = range.start().unwrap_or((0, 0));
    let mut cells = Vec::new();
    for (row, column, cell) in range.used_cells() {
        push(&mut cells, (top.saturating_add(small(row)), left.saturating_add(small(column))), cell);
    }
    cells
}

fn push(cells: &mut Vec<Placed>, (row, column): (u32, u32), cell: &Data) {
    let text = text(cell);
    if !text.trim().is_empty() {
        cells.push((row, column, text));
    }
}

fn text(cell: &Data) -> String {
    match cell {
        Data::Empty => String::new(),
        Data::String(text) | Data::DurationIso(text) => text.clone(),
        // An ODS date carries its time only where it has one; midnight is the day.
        Data::DateTimeIso(text) => text.strip_suffix("T00:00:00").unwrap_or(text).to_owned(),
        Data::Int(number) if number.unsigned_abs() >= 1_000_000_000_000_000 => LOST_DIGITS.to_owned(),
        Data::Int(number) => number.to_string(),
        Data::Float(number) => number_text(*number, None),
        Data::Bool(flag) => if *flag { "TRUE" } else { "FALSE" }.to_owned(),
        Data::DateTime(moment) => date_text(moment, true),
        Data::Error(kind) => kind.to_string(),
    }
}

fn date_text(moment: &ExcelDateTime, with_time: bool) -> String {
    if moment.is_duration() {
        return general(moment.as_f64());
    }
    let (year, month, day, hour, minute, second, _) = moment.to_ymd_hms_milli();
    if moment.as_f64() < 1.0 && with_time {
        format!("{hour:02}:{minute:02}:{second:02}")
    } else if !with_time || (hour, minute, second) == (0, 0, 0) {
        format!("{year:04}-{month:02}-{day:02}")
    } else {
        format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}")
    }
}
