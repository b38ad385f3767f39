//! A first look into a file: its header, its records, and the lines around them.

use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

use super::error::Failure;
use crate::diagnostic::Note;
use crate::mapping;
use crate::record::{Header, Record};
use crate::report::shown;
use crate::source::{self, Arrival, FaultKind, Fetched, FileSettings};

/// A reading of a file of which nothing is known.
pub(crate) struct FirstLook {
    pub(crate) header: Arc<Header>,
    pub(crate) records: Vec<Record>,
    pub(crate) notes: Vec<Note>,
    pub(crate) is_workbook: bool,
    pub(crate) settings: FileSettings,
    /// The rows below the data that are skipped, as text.
    pub(crate) footer: Vec<String>,
}

/// Reads the file, and finds out how many titles are above its header and how many totals below its data.
pub(crate) fn look(file: &Path) -> Result<FirstLook, Failure> {
    let plain = FileSettings::default();
    let files = source::open(&[file.to_path_buf()], &Arrival::default(), plain.unpack.max_bytes, SystemTime::now());
    let files = files?;
    let errors = match try_with(&files, plain.clone()) {
        Ok(look) => return Ok(look),
        Err(errors) => errors,
    };
    if errors.faults.iter().all(|fault| fault.kind == FaultKind::NoRecords) {
        let names = source::header_in(&files[0], &plain)?;
        let header = Header::new(names).map_err(|name| Failure::usage(format!("the column `{}` occurs twice", shown(&name))))?;
        return Ok(FirstLook {
            header: Arc::new(header),
            records: Vec::new(),
            notes: Vec::new(),
            is_workbook: source::is_workbook(&files[0], &plain)?,
            settings: plain,
            footer: Vec::new(),
        });
    }
    let about_the_shape = |kind: &FaultKind| {
        matches!(
            kind,
            FaultKind::Ragged { .. }
                | FaultKind::Unnamed
                | FaultKind::Beside { .. }
                | FaultKind::Nameless { .. }
                | FaultKind::Total
                | FaultKind::DuplicateHeader { .. }
        )
    };
    if errors.faults.iter().all(|fault| about_the_shape(&fault.kind)) {
        let footers = (1..=3).map(|footer| (0, footer));
        for (lines, footer) in footers.chain((1..=12).flat_map(|lines| (0..=3).map(move |footer| (lines, footer)))) {
            if let Some(look) = try_below(&files, &plain, lines, footer) {
                return Ok(look);
            }
        }
    }
    Err(Failure::usage(errors))
}

/// The reading without this many lines above the header and rows below the data. `None` if one of them may be a person or the header.
fn try_below(files: &[Fetched], plain: &FileSettings, lines: u64, footer: u64) -> Option<FirstLook> {
    let with = |skip_lines, skip_footer| {
        let mut settings = plain.clone();
        (settings.csv.skip_lines, settings.csv.skip_footer) = (skip_lines, skip_footer);
        (settings.sheet.skip_lines, settings.sheet.skip_footer) = (skip_lines, skip_footer);
        settings
    };
    let cells = |line| source::header_in(&files[0], &with(line, 0)).unwrap_or_default();
    let is_header = |cells: &[String]| mapping::looks_like_header(cells.iter().map(String::as_str));
    if !is_header(&cells(lines)) || (0..lines).any(|line| is_header(&cells(line))) {
        return None;
    }
    let mut rows = Vec::new();
    if footer > 0 {
        // Each skipped row must be unreadable as a record: a row of the right shape may be a person.
        let errors = try_with(files, with(lines, 0)).err()?;
        for fault in &errors.faults {
            rows.push(cells(fault.spot.line?.checked_sub(1)?));
        }
        if rows.len() as u64 != footer || !rows.iter().all(|cells| is_footer(cells)) {
            return None;
        }
    }
    let look = try_with(files, with(lines, footer)).ok().filter(|look| look.header.len() > 2)?;
    Some(FirstLook { footer: rows.iter().map(|cells| cells.join(" ").trim().to_owned()).collect(), ..look })
}

/// Whether a row below the data is a footer. A truncated row of a person looks much like one, so in doubt it is none.
fn is_footer(cells: &[String]) -> bool {
    const WORDS: [&str; 36] = [
        "total",
        "totals",
        "sum",
        "summe",
        "summa",
        "gesamt",
        "insgesamt",
        "anzahl",
        "count",
        "end",
        "ende",
        "eof",
        "fin",
        "final",
        "record",
        "records",
        "rows",
        "zeilen",
        "datensatze",
        "stand",
        "page",
        "seite",
        "pagina",
        "generated",
        "erstellt",
        "exported",
        "report",
        "bericht",
        "nombre",
        "totale",
        "suma",
        "antal",
        "antall",
        "celkem",
        "razem",
        "printed",
    ];
    let filled: Vec<&str> = cells.iter().map(|cell| cell.trim()).filter(|cell| !cell.is_empty()).collect();
    let Some(first) = filled.first() else { return false };
    if first.starts_with(['*', '-', '=', '#', '_', '~', '<', '(']) {
        return true;
    }
    let word = first.split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default().to_lowercase();
    // A surname may be such a word. The next cell is then a name, not a number.
    let counts = filled.len() == 1 || filled.iter().skip(1).any(|cell| cell.starts_with(|c: char| c.is_ascii_digit()));
    WORDS.contains(&word.as_str()) && counts
}

fn try_with(files: &[Fetched], settings: FileSettings) -> Result<FirstLook, source::SourceErrors> {
    let reading = source::read_fetched(files.to_vec(), &settings)?;
    Ok(FirstLook {
        header: reading.header,
        records: reading.records.into_held()?,
        notes: reading.notes,
        is_workbook: source::is_workbook(&files[0], &settings)?,
        settings,
        footer: Vec::new(),
    })
}
