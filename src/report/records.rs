//! Records of a reading as a table.

use std::fmt::Write as _;

use crate::diagnostic::escape::shown;
use crate::record::{At, Cell, Record};
use crate::source::{Profiler, Reading, SourceErrors};

/// The widest cell of a table, in characters.
const WIDEST: usize = 32;

/// The first records of a reading as a table, with the number of values in each column.
///
/// # Errors
/// If the records cannot be read again.
pub fn records(reading: &Reading, most: usize) -> Result<String, SourceErrors> {
    let mut text = String::new();
    for line in &reading.notes {
        let _ = writeln!(text, "{}", shown(line.text()));
    }
    let total = reading.records.len();
    let _ = writeln!(text, "{total} records, {} columns\n", reading.header.len());
    let names = reading.header.names().map(short);
    let mut rows = vec![std::iter::once("line".to_owned()).chain(names).collect::<Vec<String>>()];
    let mut profiler = Profiler::new(&reading.header);
    let seen = |record: Record| {
        profiler.add(&record);
        let (kind, spot) = match &record.place().at {
            At::Line(number) => ("line", number.to_string()),
            At::Row(number) => ("row", number.to_string()),
            At::Pointer(pointer) => ("place", short(pointer)),
        };
        if rows.len() == 1 {
            kind.clone_into(&mut rows[0][0]);
        }
        if rows.len() <= most {
            rows.push(std::iter::once(spot).chain(record.cells().map(|(_, cell)| short(&plain(cell)))).collect());
        }
    };
    reading.records.each(seen)?;
    table(&mut text, &rows);
    if total > most {
        let _ = writeln!(text, "… and {} more: --limit 0 shows all", total - most);
    }
    let _ = writeln!(text, "\nColumn, records with a value, different values");
    let profile = profiler.finish();
    let widest = profile.iter().map(|column| short(&column.column).chars().count()).max().unwrap_or(0);
    for column in profile {
        let filled = total as u64 - column.empty;
        let _ = writeln!(text, "  {:<widest$}  {filled:>7}  {:>7}", short(&column.column), column.distinct);
    }
    Ok(text)
}

fn plain(cell: Cell<'_>) -> String {
    match cell {
        Cell::Null => String::new(),
        Cell::Text(text) => text.to_owned(),
        Cell::Flag(flag) => flag.to_string(),
        Cell::List(items) => items.iter().map(AsRef::as_ref).collect::<Vec<&str>>().join(" | "),
    }
}

fn short(text: &str) -> String {
    let safe = shown(text.trim());
    if safe.chars().count() <= WIDEST {
        return safe;
    }
    safe.chars().take(WIDEST - 1).chain(['…']).collect()
}

fn table(text: &mut String, rows: &[Vec<String>]) {
    let columns = rows.first().map_or(0, Vec::len);
    let widths: Vec<usize> =
        (0..columns).map(|column| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0)).collect();
    for row in rows {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
        let _ = writeln!(text, "{}", cells.collect::<Vec<_>>().join("  ").trim_end());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::{CsvSettings, read_csv_bytes};

    #[test]
    fn a_cell_cannot_move_the_cursor_and_a_long_one_is_cut() {
        let bytes = format!("Id,Name\n1,\"\u{1b}[2Jx\ny\"\n2,{}\n", "a".repeat(50));
        let reading = read_csv_bytes("f.csv", bytes.as_bytes(), &CsvSettings::default()).unwrap();
        let text = records(&reading, 1).unwrap();
        assert!(text.contains(r"\u{1b}[2Jx\u{a}y") && !text.contains('\u{1b}'), "{text}");
        assert!(text.contains("2 records, 2 columns") && text.contains("1 more"), "{text}");
        assert!(records(&reading, 9).unwrap().contains(&format!("{}…", "a".repeat(31))));
    }
}
