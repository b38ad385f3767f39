//! Covers secrets in what messages show: lines of a configuration or mapping file, and texts that quote a value.
//!
//! A configuration should name secrets and never contain them, but some do, and cron mails what stderr shows. A list of keys alone would miss
//! a misspelled key, a file with a syntax error, or an address with a password in it. So the file is read token by token, also where it is no
//! valid TOML, and each token is judged by the keys above it and by what it looks like. In doubt it is covered: the caret still shows the
//! place.
//!
//! Characters are replaced one by one, so that lines and columns stay what they are.

mod broken_lines;
mod keys;
mod lexer;
#[cfg(test)]
mod tests;
mod text;
mod vocabulary;

use std::ops::Range;

use text::Where;
pub(crate) use vocabulary::is_plain_name;

/// A document without its secrets and comments; every line has the characters it had, and the caret under it fits.
///
/// ```
/// use hrpush::diagnostic::mask;
/// assert_eq!(mask::document("secret = \"hunter2\"   # old", &[]).trim_end(), "secret = \"*******\"");
/// assert_eq!(mask::document("url = \"sftp://hr:hunter2@host/a.csv\"", &[]), "url = \"sftp://hr:*******@host/a.csv\"");
/// ```
#[must_use]
pub fn document(text: &str, also: &[Range<usize>]) -> String {
    let mut cover = Cover::new(text);
    lexer::cover(&mut cover);
    if !toml::de::DeTable::parse_recoverable(text).1.is_empty() {
        broken_lines::cover(&mut cover);
    }
    for span in also {
        let start = text.get(..span.start).map_or(0, |before| before.chars().count());
        let width = text.get(span.clone()).map_or(0, |part| part.chars().count());
        cover.star(start..start + width);
    }
    cover.finish()
}

/// A message without the passwords, tokens and query values that a value quoted in it may hold.
///
/// ```
/// use hrpush::diagnostic::mask;
/// assert_eq!(mask::message("`https://u:hunter2@host` is no address"), "`https://*********@host` is no address");
/// ```
#[must_use]
pub fn message(text: &str) -> String {
    if !text::is_suspicious(text) {
        return text.to_owned();
    }
    let mut cover = Cover::new(text);
    text::cover(&mut cover, 0..text.chars().count(), Where::Message);
    cover.finish()
}

/// A message about a file that people write. It may quote a value of the file, so an address in it keeps only its host and known words.
#[must_use]
pub(super) fn fault(text: &str) -> String {
    let mut cover = Cover::new(text);
    text::cover(&mut cover, 0..text.chars().count(), Where::Fault);
    cover.finish()
}

/// A name from a file for a message: stars in place of a name that may be a secret.
#[must_use]
pub(super) fn name(name: &str) -> String {
    if is_plain_name(name) { name.to_owned() } else { "*".repeat(name.chars().count()) }
}

/// Whether a key is among those that the documentation names, so that every message shows it.
#[cfg(test)]
pub(crate) fn is_documented(key: &str) -> bool {
    vocabulary::is_known(key)
}

/// What becomes of a character.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Paint {
    Shown,
    Star,
    Blank,
}

/// A text and what is covered of it, by character.
struct Cover {
    chars: Vec<char>,
    paint: Vec<Paint>,
}

impl Cover {
    fn new(text: &str) -> Self {
        let chars: Vec<char> = text.chars().collect();
        let paint = vec![Paint::Shown; chars.len()];
        Self { chars, paint }
    }

    /// Covers some characters; line ends stay, or columns would not fit.
    fn star(&mut self, range: Range<usize>) {
        self.set(range, Paint::Star);
    }

    /// Leaves a comment out.
    fn blank(&mut self, range: Range<usize>) {
        self.set(range, Paint::Blank);
    }

    fn set(&mut self, range: Range<usize>, paint: Paint) {
        for at in range.start..range.end.min(self.chars.len()) {
            if !matches!(self.chars[at], '\n' | '\r') {
                self.paint[at] = paint;
            }
        }
    }

    fn finish(self) -> String {
        let shown = |(character, paint): (char, Paint)| match paint {
            Paint::Shown => character,
            Paint::Star => '*',
            Paint::Blank => ' ',
        };
        self.chars.into_iter().zip(self.paint).map(shown).collect()
    }
}
