//! Cells of a file that a spreadsheet opens.

/// A cell text that no spreadsheet reads as a formula (CWE-1236).
pub(super) fn harmless_cell(text: &str) -> String {
    // Some programs trim leading spaces, and some accept full-width signs.
    let first = text.trim_start_matches(' ').chars().next();
    match first {
        Some('=' | '+' | '-' | '@' | '\t' | '\r' | '\n' | '＝' | '＋' | '－' | '＠') => format!("'{text}"),
        _ => text.to_owned(),
    }
}
