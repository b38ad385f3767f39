//! Strings from outside, made safe to display.

use std::fmt::{self, Write as _};

/// A text from HR or the tenant for a terminal. Characters that move the cursor, color the screen or change the reading direction are
/// shown as `\u{…}`, so that a name cannot disguise a line of the plan.
pub struct Shown<'a>(pub &'a str);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for character in self.0.chars() {
            if is_dangerous(character) {
                write!(f, "\\u{{{:x}}}", u32::from(character))?;
            } else {
                f.write_char(character)?;
            }
        }
        Ok(())
    }
}

/// The text with its dangerous characters spelled out.
///
/// ```
/// # use hrpush::diagnostic::escape::shown;
/// assert_eq!(shown("a\u{1b}[31mb\u{202e}"), r"a\u{1b}[31mb\u{202e}");
/// assert_eq!(shown("Nguyễn"), "Nguyễn");
/// ```
pub fn shown(text: &str) -> String {
    Shown(text).to_string()
}

/// Control characters (escape sequences begin with one), bidirectional controls, line separators and what has no width.
pub(super) fn is_dangerous(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{061c}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
        || matches!(character, '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_colour_the_terminal_or_turn_the_line() {
        assert_eq!(shown("\u{1b}]0;x\u{7}"), r"\u{1b}]0;x\u{7}");
        assert_eq!(shown("a\u{2066}b\nc"), r"a\u{2066}b\u{a}c");
    }
}
