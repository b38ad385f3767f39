//! What the errors of libraries say to the reader.

use std::error::Error;

use crate::diagnostic::with_causes;

/// An error with its causes, each said once, on one line.
pub(super) fn chain(error: &dyn Error) -> String {
    one_line(&with_causes(error))
}

/// Returns foreign text on one line, without the control characters that a terminal would obey.
pub(super) fn one_line(text: &str) -> String {
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    words.replace(|c: char| c.is_control(), "\u{fffd}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_from_outside_cannot_steer_a_terminal() {
        assert_eq!(one_line("no\n such \u{1b}[31mtable"), "no such \u{fffd}[31mtable");
    }
}
