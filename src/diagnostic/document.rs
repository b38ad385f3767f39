//! The text of one file and the faults found in it.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use toml::Spanned;
use toml::de::DeTable;

use super::{escape, mask};

/// A file that people write, as it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Document {
    path: PathBuf,
    /// The text of the document, to which all spans refer.
    pub(crate) text: String,
    /// The text as messages may show it, once a message needed it.
    masked: OnceLock<String>,
}

/// One fault of a file: its place, the line and what is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The file as the user named it.
    pub file: String,
    /// The line, counted from 1; 0 if the fault concerns the whole file.
    pub line: usize,
    /// The character within the line, counted from 1.
    pub column: usize,
    /// How many characters of that line the fault concerns; at least 1.
    pub width: usize,
    /// The line without its secrets and without characters that could move the cursor.
    pub excerpt: String,
    /// What is wrong, without a period.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
}

/// All faults of one file, in the order of their places; never empty.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct Faults {
    /// Each with its own place in the file.
    pub faults: Vec<Fault>,
}

impl Document {
    pub(crate) fn new(path: impl Into<PathBuf>, text: String) -> Self {
        Self { path: path.into(), text, masked: OnceLock::new() }
    }

    /// The folder of the file; relative paths in the file start here.
    pub(crate) fn folder(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new(""))
    }

    /// A fault at some bytes of the file.
    pub(crate) fn fault(&self, span: &Range<usize>, message: impl Into<String>, hint: Option<String>) -> Fault {
        let masked = self.masked.get_or_init(|| mask::document(&self.text, &[]));
        self.fault_within(masked, span, &message.into(), hint)
    }

    /// Creates a fault that shows its line as `masked` has it.
    pub(super) fn fault_within(&self, masked: &str, span: &Range<usize>, message: &str, hint: Option<String>) -> Fault {
        let start = floor(&self.text, span.start);
        let line_start = self.text[..start].rfind('\n').map_or(0, |at| at + 1);
        let line_end = self.text[start..].find('\n').map_or(self.text.len(), |at| start + at);
        let end = floor(&self.text, span.end).clamp(start, line_end);
        let line = self.text[..start].matches('\n').count();
        let shown = masked.split('\n').nth(line).unwrap_or_default();
        Fault {
            file: self.path.display().to_string(),
            line: line + 1,
            column: self.text[line_start..start].chars().count() + 1,
            width: self.text[start..end].trim_end().chars().count().max(1),
            excerpt: shown.trim_end().chars().map(visible).collect(),
            message: escape::shown(&mask::fault(message)),
            hint: hint.map(|hint| escape::shown(&hint)),
        }
    }

    /// The tables of the file, as far as it is TOML, and every fault of its syntax.
    pub(crate) fn toml(&self) -> (Spanned<DeTable<'_>>, Vec<Fault>) {
        let (table, errors) = DeTable::parse_recoverable(&self.text);
        let fault =
            |error: &toml::de::Error| self.fault(&error.span().unwrap_or(0..0), error.message().trim().replace('\n', ", "), None);
        (table, errors.iter().map(fault).collect())
    }
}

/// A character as an excerpt shows it: one that could move the cursor or turn the line is replaced, so that the columns stay.
fn visible(character: char) -> char {
    if character != '\t' && escape::is_dangerous(character) { '\u{fffd}' } else { character }
}

/// The last character boundary at or before a byte.
fn floor(text: &str, at: usize) -> usize {
    (0..=at.min(text.len())).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0)
}

impl Faults {
    /// Faults in the order of their places.
    pub(crate) fn new(mut faults: Vec<Fault>) -> Self {
        faults.sort_by_key(|fault| (fault.line, fault.column));
        Self { faults }
    }

    /// One fault that concerns the whole file.
    pub(crate) fn of_file(path: &Path, message: &str, hint: Option<String>) -> Self {
        let file = path.display().to_string();
        let fault = Fault { file, line: 0, column: 0, width: 0, excerpt: String::new(), message: message.to_owned(), hint };
        Self { faults: vec![fault] }
    }
}
