//! Workbooks (`.xlsx`, `.xlsb`, `.xls`, `.ods`): one sheet, every cell as the text that it shows.
//!
//! A date is told by the type or the format of its cell and becomes `YYYY-MM-DD`. A number becomes its digits, never an exponent;
//! in `.xlsx` a format such as `00000` keeps its zeros. A cell with an error reads as `#N/A`, as it does in an exported CSV.

use std::io::Cursor;
use std::sync::Arc;

use calamine::{Data, DataRef, ExcelDateTime, Ods, Reader, Sheet, SheetType, SheetVisible, Xls, Xlsb, Xlsx};
use serde::Deserialize;

use super::assemble::{Assembler, Cells};
use super::csv::Table;
use super::error::{Fault, FaultKind, SourceErrors};
use super::number_format::{by_code, general, shows_time};
use crate::record::Header;

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

/// The rows of a sheet that are not empty, as wide as the widest of them.
struct Grid {
    sheet: String,
    /// What is to be told besides.
    told: Vec<String>,
    rows: Vec<SheetRow>,
}

struct SheetRow {
    line: u64,
    /// The first column that is not empty anywhere, from 1.
    first: u64,
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
        (self.line, Some(index as u64 + self.first))
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
    let grid = open(file, bytes, settings)?;
    let mut assembler = Assembler::new(file, settings.skip_footer, like);
    for row in grid.rows {
        if assembler.wants_header() {
            take_header(&mut assembler, &row)?;
        } else {
            assembler.row(&row);
        }
    }
    let (header, records) = assembler.finish()?;
    let told = std::iter::once(format!("{file}: sheet `{}`", grid.sheet)).chain(grid.told).collect::<Vec<_>>().join(", ");
    Ok(Table { header, records, told })
}

/// The column names of a sheet.
pub(super) fn header(file: &str, bytes: Vec<u8>, settings: &SheetSettings) -> Result<Vec<String>, SourceErrors> {
    let grid = open(file, bytes, settings)?;
    let mut assembler = Assembler::new(file, 0, None);
    let Some(row) = grid.rows.first() else { return Err(Fault::of_file(file, FaultKind::NoHeader).into()) };
    take_header(&mut assembler, row)?;
    Ok(assembler.names())
}

fn take_header(assembler: &mut Assembler, row: &SheetRow) -> Result<(), SourceErrors> {
    assembler.header(row.line, &row.cells.iter().map(String::as_str).collect::<Vec<_>>())
}

type Bytes = Cursor<Vec<u8>>;

/// A cell with its row and its column, from 0.
type Placed = (u32, u32, String);

fn open(file: &str, bytes: Vec<u8>, settings: &SheetSettings) -> Result<Grid, Fault> {
    let kind = Kind::of(&bytes);
    let bytes = Cursor::new(bytes);
    let (sheet, mut told, cells) = match kind {
        Kind::Xlsx => {
            let mut book: Xlsx<Bytes> = calamine::open_workbook_from_rs(bytes).map_err(|error| unreadable(file, &error))?;
            let (sheet, told) = choose(file, book.sheets_metadata(), settings)?;
            let cells = xlsx_cells(file, &mut book, &sheet)?;
            (sheet, told, cells)
        }
        Kind::Xlsb => plain::<Xlsb<Bytes>>(file, bytes, settings)?,
        Kind::Ods => plain::<Ods<Bytes>>(file, bytes, settings)?,
        Kind::Xls => plain::<Xls<Bytes>>(file, bytes, settings)?,
        Kind::Locked => return Err(Fault::of_file(file, FaultKind::Locked)),
    };
    let errors = cells.iter().filter(|(_, _, text)| is_error(text)).count();
    if errors > 0 {
        told.push(format!("{errors} cells hold errors such as #N/A"));
    }
    Ok(grid(sheet, told, cells, settings.skip_lines))
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
            let told = if others.is_empty() { Vec::new() } else { vec![format!("not read: {}", others.join(", "))] };
            Ok((sheet.name.clone(), told))
        }
    }
}

/// The cells of a sheet as their formats show them.
fn xlsx_cells(file: &str, book: &mut Xlsx<Bytes>, sheet: &str) -> Result<Vec<Placed>, Fault> {
    let mut reader = book.worksheet_cells_reader(sheet).map_err(|error| unreadable(file, &error))?;
    let codes: Vec<Option<String>> =
        reader.styles().iter().map(|style| style.number_format.as_ref().map(|format| format.format_code.clone())).collect();
    let mut cells = Vec::new();
    while let Some((cell, style)) = reader.next_cell_with_style_id().map_err(|error| unknown_error(file, sheet, &cells, error))? {
        let code = codes.get(style).and_then(Option::as_deref);
        let text = match cell.get_value() {
            DataRef::Float(number) => code.and_then(|code| by_code(*number, code)).unwrap_or_else(|| general(*number)),
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

/// A cell with an error that calamine does not know by name, such as `#SPILL!`. Its place is that after the last one which was read;
/// to go on would leave it empty, and an empty cell clears a value.
fn unknown_error(file: &str, sheet: &str, before: &[Placed], error: calamine::XlsxError) -> Fault {
    let calamine::XlsxError::CellError(word) = error else { return unreadable(file, &error) };
    let after = before.last().map_or(1, |(row, _, _)| u64::from(*row) + 1);
    let what = format!("sheet `{sheet}`, row {after} or the next, has a cell with the error {word}");
    Fault::of_file(file, FaultKind::Unreadable(what)).with_hint("correct its formula, or put the value in its place")
}

/// The cells of a sheet whose formats nobody tells.
fn plain<B>(file: &str, bytes: Bytes, settings: &SheetSettings) -> Result<(String, Vec<String>, Vec<Placed>), Fault>
where
    B: Reader<Bytes>,
    B::Error: std::fmt::Display,
{
    let mut book: B = calamine::open_workbook_from_rs(bytes).map_err(|error| unreadable(file, &error))?;
    let (sheet, told) = choose(file, book.sheets_metadata(), settings)?;
    let range = book.worksheet_range(&sheet).map_err(|error| unreadable(file, &error))?;
    let (top, left) = range.start().unwrap_or((0, 0));
    let mut cells = Vec::new();
    for (row, column, cell) in range.used_cells() {
        let text = text(cell);
        if !text.trim().is_empty() {
            let place = |index: usize| u32::try_from(index).unwrap_or(u32::MAX);
            cells.push((top.saturating_add(place(row)), left.saturating_add(place(column)), text));
        }
    }
    Ok((sheet, told, cells))
}

/// Rows out of cells; the rows that are skipped do not widen the others.
fn grid(sheet: String, told: Vec<String>, mut cells: Vec<Placed>, skip: u64) -> Grid {
    cells.retain(|(row, _, _)| u64::from(*row) >= skip);
    cells.sort_by_key(|(row, column, _)| (*row, *column));
    let left = cells.iter().map(|(_, column, _)| *column).min().unwrap_or(0);
    let right = cells.iter().map(|(_, column, _)| *column).max().unwrap_or(0);
    let width = (right - left) as usize + 1;
    let first = u64::from(left) + 1;
    let mut rows: Vec<SheetRow> = Vec::new();
    for (row, column, text) in cells {
        let line = u64::from(row) + 1;
        if rows.last().is_none_or(|last| last.line != line) {
            rows.push(SheetRow { line, first, cells: vec![String::new(); width] });
        }
        if let Some(last) = rows.last_mut() {
            last.cells[(column - left) as usize] = text;
        }
    }
    Grid { sheet, told, rows }
}

/// Whether a text is what a sheet shows for an error.
pub fn is_error(text: &str) -> bool {
    // Asked of every value, and hardly any has one.
    if !text.as_bytes().contains(&b'#') {
        return false;
    }
    matches!(
        text.trim(),
        "#N/A"
            | "#REF!"
            | "#NAME?"
            | "#VALUE!"
            | "#DIV/0!"
            | "#NUM!"
            | "#NULL!"
            | "#DATA!"
            | "#SPILL!"
            | "#CALC!"
            | "#GETTING_DATA"
    )
}

fn text(cell: &Data) -> String {
    match cell {
        Data::Empty => String::new(),
        Data::String(text) | Data::DurationIso(text) => text.clone(),
        // An ODS date carries its time only where it has one; midnight is the day.
        Data::DateTimeIso(text) => text.strip_suffix("T00:00:00").unwrap_or(text).to_owned(),
        Data::Int(number) => number.to_string(),
        Data::Float(number) => general(*number),
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
