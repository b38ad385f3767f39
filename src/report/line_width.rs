//! Lines fitted to the width of a terminal.

use unicode_width::UnicodeWidthChar as _;

/// How far the rest of a broken line is indented behind its beginning.
const HANG: usize = 4;

/// Breaks the lines that are wider than the terminal between words, and indents the rest of each. Escape sequences have no width.
pub(super) fn fit(text: &str, width: Option<usize>) -> String {
    let Some(width) = width.filter(|width| *width >= 20) else { return text.to_owned() };
    let mut fitted = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        if columns(line) <= width { fitted.push_str(line) } else { break_line(&mut fitted, line, width) }
    }
    fitted
}

/// The columns that a text takes. Escape sequences and line ends take none.
pub(super) fn columns(text: &str) -> usize {
    pieces(text).map(|(_, width)| width).sum()
}

/// The beginning of a text that fits into so many columns, with an ellipsis where something is cut off.
pub(super) fn cut(text: &str, most: usize) -> String {
    if columns(text) <= most {
        return text.to_owned();
    }
    let (mut kept, mut used) = (String::new(), 0);
    for (piece, width) in pieces(text) {
        if used + width + 1 > most {
            break;
        }
        kept.push_str(piece);
        used += width;
    }
    kept.push('…');
    kept
}

fn break_line(fitted: &mut String, line: &str, width: usize) {
    let body = line.trim_start_matches(' ');
    let indent = line.len() - body.len();
    let hang = " ".repeat((indent + HANG).min(width / 2));
    fitted.push_str(&line[..indent]);
    let mut used = indent;
    let mut begun = false;
    for word in body.split_inclusive(' ') {
        let needs = columns(word.trim_end_matches([' ', '\n']));
        if begun && used + needs > width {
            while fitted.ends_with(' ') {
                fitted.pop();
            }
            fitted.push('\n');
            fitted.push_str(&hang);
            used = hang.len();
        }
        for (piece, wide) in pieces(word) {
            // A word that is wider than the terminal is broken where it must be.
            if used + wide > width && piece != " " {
                fitted.push('\n');
                fitted.push_str(&hang);
                used = hang.len();
            }
            if used + wide <= width {
                fitted.push_str(piece);
                used += wide;
            }
        }
        begun = true;
    }
}

/// The characters and escape sequences of a text, each with its width.
fn pieces(text: &str) -> impl Iterator<Item = (&str, usize)> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let first = rest.chars().next()?;
        let length = match first {
            '\u{1b}' => rest.find('m').map_or(rest.len(), |end| end + 1),
            _ => first.len_utf8(),
        };
        let (piece, after) = rest.split_at(length);
        rest = after;
        let width = if first == '\u{1b}' { 0 } else { first.width().unwrap_or(0) };
        Some((piece, width))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lines_break_between_words_and_keep_every_word() {
        let text = "  one two three four five six seven eight\nshort\n";
        assert_eq!(fit(text, Some(24)), "  one two three four\n      five six seven\n      eight\nshort\n");
        assert_eq!(fit(text, None), text);
    }

    #[test]
    fn wide_characters_count_twice_and_escape_sequences_nothing() {
        assert_eq!((columns("東京"), columns("\u{1b}[31mab\u{1b}[0m")), (4, 2));
        let fitted = fit("\u{1b}[31mab\u{1b}[0m 東京 東京 東京 東京 東京\n", Some(20));
        assert!(fitted.lines().all(|line| columns(line) <= 20) && fitted.lines().count() == 2, "{fitted:?}");
    }

    #[test]
    fn a_word_wider_than_the_terminal_is_broken() {
        let fitted = fit(&format!("  {}\n", "x".repeat(50)), Some(24));
        assert!(fitted.lines().all(|line| columns(line) <= 24), "{fitted}");
        assert_eq!(fitted.matches('x').count(), 50);
        assert_eq!((cut("abcdef", 4).as_str(), cut("abc", 4).as_str()), ("abc…", "abc"));
    }
}
