//! Lines of a document that is no TOML. Where a quote or an equals sign is missing, no reader can say which word is a value. If the line, the
//! lines above it or the table speak of a secret or an address, only documented words stay.

use std::ops::Range;

use super::keys::is_secret;
use super::vocabulary::{is_known, is_nearly_known, is_token_like};
use super::{Cover, Paint};

/// Covers every word that is not documented in lines that may contain a secret.
pub(super) fn cover(cover: &mut Cover) {
    let chars = cover.chars.clone();
    let mut at = 0;
    let mut section = false;
    let mut above = [false; 2];
    let mut strict = false;
    for line in chars.split(|character| *character == '\n') {
        let text: String = line.iter().collect();
        let code = text.split('#').next().unwrap_or_default();
        if !code.trim().is_empty() {
            let header = code.trim_start().starts_with('[');
            let own = is_about_secrets(code, true);
            if header {
                // The table `[password]` holds settings.
                section = code.trim() != "[password]" && is_about_secrets(code, false);
            }
            // A line without an equals sign belongs to the line before it.
            strict = own || section || above.contains(&true) || (strict && !code.contains('=') && !header);
            above = [above[1], !header && is_about_secrets(code, false)];
        }
        words(cover, at..at + line.len(), strict);
        at += line.len() + 1;
    }
}

/// Whether a line speaks of a secret or an address. The names of a variable or file that holds one count only for the line itself.
fn is_about_secrets(line: &str, names_count: bool) -> bool {
    let words = || line.split(|character: char| !(character.is_alphanumeric() || character == '_'));
    let counts = |word: &str| names_count || !["_env", "_file", "_url"].iter().any(|end| word.ends_with(end));
    let address = ["url", "http", "client_id", "://"].iter().any(|part| names_count && line.to_lowercase().contains(part));
    let folded: String = words().filter(|word| counts(word)).collect();
    address || words().any(|word| counts(word) && is_secret(word)) || is_secret(&folded)
}

/// Covers the words of a line that are not documented; of a line that is not strict, those that look like a token.
fn words(cover: &mut Cover, range: Range<usize>, strict: bool) {
    let part_of_word = |character: char| !character.is_whitespace() && !"=\"'[]{},.:/?#&@()`".contains(character);
    let mut from = range.start;
    while from < range.end {
        let end = (from..range.end).find(|&at| !part_of_word(cover.chars[at])).unwrap_or(range.end);
        let word: String = cover.chars[from..end].iter().collect();
        let variable = word.contains('_') && word.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_');
        let number = word.len() <= 4 && word.chars().all(|c| c.is_ascii_digit());
        let key = is_nearly_known(&word) && word.chars().all(|c| c.is_alphabetic() || c == '_');
        let shown = word.is_empty() || variable || number || key || is_known(&word);
        if !shown && (strict || (is_token_like(&word) && !word.starts_with("age1"))) {
            for at in from..end {
                if cover.paint[at] == Paint::Shown {
                    cover.star(at..at + 1);
                }
            }
        }
        from = end.max(from + 1);
    }
}
