//! The quality report as text, as CSV for a spreadsheet, and as JSON.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::spreadsheet::harmless_cell;
use crate::diagnostic::escape::shown;
use crate::mapping::{FINDINGS, Finding};
use crate::record::{At, Place};

/// The most rows of one kind in the text.
const SHOWN: usize = 25;

/// The report as text, a paragraph for each kind of finding.
pub fn quality(name: &str, records: usize, findings: &[Finding]) -> String {
    let mut text = format!("{}: {records} rows, {} things to correct\n", shown(name), findings.len());
    for (code, sentence) in FINDINGS {
        let of_kind: Vec<&Finding> = findings.iter().filter(|finding| finding.code == *code).collect();
        if of_kind.is_empty() {
            continue;
        }
        let _ = writeln!(text, "\n{sentence} ({})", of_kind.len());
        for finding in of_kind.iter().take(SHOWN) {
            let Finding { record, id, column, value, problem, .. } = finding;
            let id = id.as_ref().map(|id| format!(", number {}", shown(id))).unwrap_or_default();
            let column = column.as_ref().map(|column| format!(", column {}", shown(column))).unwrap_or_default();
            let value = value.as_ref().map(|value| format!(" \"{}\"", shown(value))).unwrap_or_default();
            let _ = writeln!(text, "  {}{id}{column}{value}: {}", shown(&row(record)), shown(problem));
        }
        if of_kind.len() > SHOWN {
            let _ = writeln!(text, "  … and {} more: --csv FILE lists all", of_kind.len() - SHOWN);
        }
    }
    text
}

/// The first line of every report for a spreadsheet, with a byte order mark, so that spreadsheets read UTF-8.
pub const QUALITY_CSV_HEADER: &str = "\u{feff}File,Row,Number,Column,Value,Kind,Problem\r\n";

/// The report as comma-separated text for a spreadsheet. A cell that would start a formula there begins with an apostrophe.
///
/// # Errors
/// If memory runs out.
pub fn quality_csv(findings: &[Finding]) -> Result<String, csv::Error> {
    let mut writer =
        csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(QUALITY_CSV_HEADER.as_bytes().to_vec());
    for finding in findings {
        let Finding { code, record, id, column, value, problem } = finding;
        let place = match &record.at {
            At::Line(line) | At::Row(line) => line.to_string(),
            At::Pointer(pointer) => pointer.to_string(),
        };
        let cells: [&str; 7] = [
            &record.source,
            &place,
            id.as_deref().unwrap_or_default(),
            column.as_deref().unwrap_or_default(),
            value.as_deref().unwrap_or_default(),
            code,
            problem,
        ];
        writer.write_record(cells.map(harmless_cell))?;
    }
    let bytes = writer.into_inner().map_err(csv::IntoInnerError::into_error)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// The report as one document.
pub fn quality_json(name: &str, records: usize, sha256: &str, findings: &[Finding]) -> serde_json::Value {
    let mut summary: BTreeMap<&str, u64> = BTreeMap::new();
    for finding in findings {
        *summary.entry(finding.code).or_default() += 1;
    }
    serde_json::json!({
        "format": "hrpush.quality/1",
        "source": { "name": name, "records": records, "sha256": sha256 },
        "summary": summary,
        "findings": findings,
    })
}

fn row(place: &Place) -> String {
    match &place.at {
        At::Line(line) | At::Row(line) => format!("{} row {line}", place.source),
        At::Pointer(pointer) => format!("{} {}", place.source, &**pointer),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(value: &str) -> Finding {
        Finding {
            code: "broken-text",
            record: Place { source: "=hr.csv".into(), at: At::Line(7) },
            id: Some("+1".into()),
            column: Some("@Name".into()),
            value: Some(value.into()),
            problem: "x, \"y\"".into(),
        }
    }

    #[test]
    fn no_cell_starts_a_formula() {
        for value in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "  =1", "\n=1"] {
            let text = quality_csv(&[finding(value)]).unwrap();
            let mut reader = csv::ReaderBuilder::new().from_reader(text.trim_start_matches('\u{feff}').as_bytes());
            let row = reader.records().next().unwrap().unwrap();
            assert!(row.iter().all(|cell| !cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', ' '])), "{row:?}");
            assert_eq!(&row[6], "x, \"y\"");
        }
        assert!(quality_csv(&[finding("O'Brien - Lee")]).unwrap().contains(",O'Brien - Lee,"));
    }

    #[test]
    fn the_text_names_rows_and_cannot_move_the_cursor() {
        let text = quality("hr.csv", 3, &[finding("\u{1b}[2J")]);
        assert!(text.contains("=hr.csv row 7, number +1, column @Name") && !text.contains('\u{1b}'), "{text}");
    }
}
