//! Damage to a key on its way out of HR: the key is not the one that HR has, or looks like one that it is not.

use std::fmt;

use super::invisible::{code_point, hidden_in_key, trimmed, unspaced};

/// What makes a filled key unusable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyDamage {
    /// It contains a character that cannot be seen.
    Hidden(char),
    /// A spreadsheet wrote the number as a power of ten, so its last digits are lost.
    PowerOfTen,
    /// A spreadsheet put `'` or `="…"` around it.
    Marks,
    /// A number has `.0` behind it.
    PointZero,
    /// The cell has an error in place of a value, such as `#N/A`.
    ErrorWord,
}

impl KeyDamage {
    /// The damage to a key that is trimmed.
    ///
    /// ```
    /// # use hrpush::record::KeyDamage;
    /// assert_eq!(KeyDamage::of("1002.0"), Some(KeyDamage::PointZero));
    /// assert_eq!(KeyDamage::of("01002"), None);
    /// ```
    pub fn of(key: &str) -> Option<Self> {
        hidden_in_key(key).map(Self::Hidden).or_else(|| Self::of_spreadsheet(key))
    }

    /// The damage that a spreadsheet did to a text; invisible characters are not looked for.
    pub(crate) fn of_spreadsheet(text: &str) -> Option<Self> {
        let is_power = || text.contains(['e', 'E']) && text.contains('+') && text.replace(',', ".").parse::<f64>().is_ok();
        if is_error(text) {
            Some(Self::ErrorWord)
        } else if text.starts_with("=\"") || text.starts_with('\'') {
            Some(Self::Marks)
        } else if without_zero(text).is_some() {
            Some(Self::PointZero)
        } else {
            is_power().then_some(Self::PowerOfTen)
        }
    }
}

/// The text completes a sentence that begins with "the key".
impl fmt::Display for KeyDamage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Hidden(character) => write!(f, "holds the invisible character {}", code_point(*character)),
            Self::PowerOfTen => f.write_str("is written as a power of ten: its last digits are lost"),
            Self::Marks => f.write_str("has the marks of a spreadsheet around it"),
            Self::PointZero => f.write_str("is a number with .0 behind it"),
            Self::ErrorWord => f.write_str("holds the error of a spreadsheet"),
        }
    }
}

/// The key that a damaged one probably was: without invisible characters, marks, `.0` and leading zeros. Two keys with one normal form
/// may be one key in HR. `None` where the original is lost.
pub(crate) fn normal_key(key: &str) -> Option<String> {
    let seen = unspaced(key);
    let bare = seen.strip_prefix("=\"").map_or(&*seen, |rest| rest.strip_suffix('"').unwrap_or(rest));
    let bare = trimmed(bare.trim_start_matches('\''));
    let number = without_zero(bare).unwrap_or(bare);
    if number.is_empty() || matches!(KeyDamage::of_spreadsheet(number), Some(KeyDamage::PowerOfTen | KeyDamage::ErrorWord)) {
        return None;
    }
    let short = number.trim_start_matches('0');
    Some(if is_digits(number) && !short.is_empty() { short } else { number }.to_owned())
}

/// A whole number without the `.0` or `,0` behind it.
fn without_zero(text: &str) -> Option<&str> {
    text.strip_suffix(".0").or_else(|| text.strip_suffix(",0")).filter(|number| is_digits(number))
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// In place of a number of 16 or more digits, of which a workbook has lost the last.
pub(crate) const LOST_DIGITS: &str = "#DIGITS!";

/// Whether a text is what a sheet shows for an error.
pub fn is_error(text: &str) -> bool {
    // Asked of every value, and hardly any has one.
    if !text.as_bytes().contains(&b'#') {
        return false;
    }
    matches!(
        trimmed(text),
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
            | LOST_DIGITS
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_spreadsheet_does_to_a_number_is_seen() {
        let damaged = ["4,02101E+12", "4.02e+12", "=\"00123\"", "'00123", "123.0", "123,0", "#N/A", "1\u{200b}2", "1\u{a0}2"];
        assert_eq!(damaged.iter().find(|key| KeyDamage::of(key).is_none()), None);
        let sound = ["00123", "E12", "1E5", "A+E", "12.5", "K.0", "10.00", "=x", ".0", "", "DE 12", "#12"];
        assert_eq!(sound.iter().find(|key| KeyDamage::of(key).is_some()), None);
    }

    #[test]
    fn a_damaged_key_has_the_normal_form_of_the_sound_one() {
        for key in ["1002", "01002", "1002.0", "1002,0", "'1002", "=\"001002\"", "10\u{200b}02", "'1002.0\u{200b}"] {
            assert_eq!(normal_key(key).as_deref(), Some("1002"), "{key:?}");
        }
        for (key, normal) in [("E\u{a0}1", "E 1"), ("0", "0"), ("000", "000"), ("0A1", "0A1"), ("12.5", "12.5")] {
            assert_eq!(normal_key(key).as_deref(), Some(normal), "{key:?}");
        }
        for key in ["1,002E+3", "#N/A", "\u{200b}", "'", "#DIGITS!", "'#REF!"] {
            assert_eq!(normal_key(key), None, "{key:?}");
        }
    }
}
