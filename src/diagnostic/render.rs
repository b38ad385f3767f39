//! Faults as text: the place, the line, a caret below the faulty part, and a hint.

use std::fmt;

use unicode_width::UnicodeWidthChar as _;

use super::document::{Fault, Faults};

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, line, column, width, excerpt, message, hint } = self;
        if *line == 0 {
            write!(f, "{file}: {message}")?;
        } else {
            let margin = " ".repeat(line.to_string().len());
            // The caller of a text without a file puts the name in front.
            let comma = if file.is_empty() { "" } else { ", " };
            writeln!(f, "{file}{comma}line {line}, column {column}: {message}")?;
            writeln!(f, "  {line} | {excerpt}")?;
            write!(f, "  {margin} | {}", underline(excerpt, column - 1, *width))?;
        }
        match hint {
            Some(hint) => write!(f, "\n  hint: {hint}"),
            None => Ok(()),
        }
    }
}

/// The blanks and carets below a line. A terminal sets a tab and a wide character in more than one cell, so tabs are repeated and a wide
/// character counts twice.
fn underline(excerpt: &str, before: usize, width: usize) -> String {
    let mut text = String::new();
    for character in excerpt.chars().take(before) {
        match character {
            '\t' => text.push('\t'),
            other => text.extend(std::iter::repeat_n(' ', other.width().unwrap_or(1))),
        }
    }
    let missing = before.saturating_sub(excerpt.chars().count());
    text.extend(std::iter::repeat_n(' ', missing));
    let cells: usize = excerpt.chars().skip(before).take(width).map(|character| character.width().unwrap_or(1)).sum();
    text.extend(std::iter::repeat_n('^', cells.max(1)));
    text
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, fault) in self.faults.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            fault.fmt(f)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::Document;

    fn shown(text: &str, wrong: &str) -> String {
        let start = text.find(wrong).unwrap();
        Document::new("m.toml", text.to_owned()).fault(&(start..start + wrong.len()), "wrong", Some("mend it".into())).to_string()
    }

    #[test]
    fn the_caret_is_below_the_fault_behind_tabs() {
        let expected = "m.toml, line 2, column 2: wrong\n  2 | \tkind = 7\n    | \t^^^^\n  hint: mend it";
        assert_eq!(shown("a = 1\n\tkind = 7\n", "kind"), expected);
    }

    #[test]
    fn a_wide_character_takes_two_cells() {
        let fault = shown("kind = \"部門\" x\n", "x");
        assert_eq!(fault.lines().nth(2), Some("    |               ^"), "{fault}");
        let fault = shown("name = 部門\n", "部門");
        assert!(fault.contains("| name = 部門\n") && fault.contains("|        ^^^^\n"), "{fault}");
    }

    #[test]
    fn an_excerpt_cannot_move_the_cursor() {
        let fault = shown("kind = \u{1b}[2J\u{202e}x y\r\n", "y");
        assert!(fault.contains("kind = \u{fffd}[2J\u{fffd}x y\n"), "{fault}");
        assert!(fault.contains("column 15: wrong"), "{fault}");
    }

    #[test]
    fn a_span_outside_the_text_is_moved_into_it() {
        let document = Document::new("m.toml", "ä\nb".to_owned());
        assert_eq!(document.fault(&(1..9), "wrong", None).column, 1);
        assert_eq!((document.fault(&(90..99), "wrong", None).line, document.fault(&(90..99), "wrong", None).column), (2, 2));
        assert!(Document::new("m.toml", String::new()).fault(&(0..0), "wrong", None).to_string().contains("line 1, column 1"));
    }
}
