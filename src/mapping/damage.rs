//! What spreadsheets and wrong code pages leave in a text on its way out of HR.

use crate::source::is_error;

/// What a spreadsheet has done to a personnel number; whose it was cannot be told from what is left.
pub(super) fn spreadsheet_damage(id: &str) -> Option<&'static str> {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if id.contains(['e', 'E']) && id.contains('+') && id.replace(',', ".").parse::<f64>().is_ok() {
        Some("a spreadsheet wrote it as a power of ten: its last digits are lost")
    } else if id.starts_with("=\"") || id.starts_with('\'') {
        Some("a spreadsheet put marks around it")
    } else if id.strip_suffix(".0").or_else(|| id.strip_suffix(",0")).is_some_and(digits) {
        Some("a spreadsheet put .0 behind it")
    } else {
        None
    }
}

/// What is wrong with the letters of a text.
pub(super) fn broken(text: &str) -> Option<&'static str> {
    if is_error(text) {
        Some("an error of a spreadsheet")
    } else if text.contains('\u{fffd}') {
        Some("letters were lost when the file was made")
    } else if ["Ã¼", "Ã¤", "Ã¶", "ÃŸ", "Ã©", "Ã¨", "Ã±", "Ã§", "â€™", "Ã¸", "Ã¥"].iter().any(|damage| text.contains(damage))
    {
        Some("letters were damaged: UTF-8 was read as Windows-1252")
    } else {
        None
    }
}

/// Whether blanks stand around a text, or in it characters that nobody sees.
pub(super) fn has_blanks(text: &str) -> bool {
    text != text.trim()
        || text
            .chars()
            .any(|character| matches!(character, '\u{a0}' | '\u{200b}'..='\u{200f}' | '\u{feff}' | '\u{ad}' | '\t' | '\n' | '\r'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_spreadsheet_does_to_a_number_is_seen() {
        let damaged = ["4,02101E+12", "4.02e+12", "=\"00123\"", "'00123", "123.0", "123,0"];
        assert!(damaged.iter().all(|id| spreadsheet_damage(id).is_some()));
        let sound = ["00123", "E12", "1E5", "A+E", "12.5", "K.0", "10.00", "=x", ".0", ""];
        assert_eq!(sound.iter().find_map(|id| spreadsheet_damage(id)), None);
    }
}
