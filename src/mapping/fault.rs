//! What is wrong with a mapping file, and where.

use std::fmt;
use std::ops::Range;
use std::sync::OnceLock;

use crate::diagnostic::mask;

/// A mapping file as it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Document {
    /// The file as messages name it.
    pub(super) file: String,
    /// Its text.
    pub(super) text: String,
    /// The text as messages may show it.
    masked: OnceLock<String>,
}

/// One fault of a mapping file, with the line it stands on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The file.
    pub file: String,
    /// The line, counted from 1.
    pub line: usize,
    /// The character within the line, counted from 1.
    pub column: usize,
    /// How many characters of that line the fault concerns; at least 1.
    pub width: usize,
    /// The line itself.
    pub excerpt: String,
    /// What is wrong, without a period.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
}

/// Everything that is wrong with a mapping file, in the order of the places.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct MappingErrors {
    /// The faults; never empty.
    pub faults: Vec<Fault>,
}

impl Document {
    pub(super) fn new(file: String, text: String) -> Self {
        Self { file, text, masked: OnceLock::new() }
    }

    /// A fault at some bytes of the file.
    pub(super) fn fault(&self, span: &Range<usize>, message: impl Into<String>, hint: Option<String>) -> Fault {
        let start = floor(&self.text, span.start);
        let line_start = self.text[..start].rfind('\n').map_or(0, |at| at + 1);
        let line_end = self.text[start..].find('\n').map_or(self.text.len(), |at| start + at);
        let end = floor(&self.text, span.end).clamp(start, line_end);
        let line = self.text[..start].matches('\n').count();
        let masked = self.masked.get_or_init(|| mask::document(&self.text, &[]));
        let message: String = message.into();
        Fault {
            file: self.file.clone(),
            line: line + 1,
            column: self.text[line_start..start].chars().count() + 1,
            width: self.text[start..end].trim_end().chars().count().max(1),
            excerpt: masked.split('\n').nth(line).unwrap_or_default().trim_end().replace('\t', " "),
            message: mask::message(&message),
            hint,
        }
    }
}

/// The nearest boundary of characters at or before an offset.
fn floor(text: &str, offset: usize) -> usize {
    let offset = offset.min(text.len());
    (0..=offset).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, line, column, width, excerpt, message, hint } = self;
        let number = line.to_string();
        let margin = " ".repeat(number.len());
        writeln!(f, "{file}:{line}:{column}: {message}")?;
        writeln!(f, "  {number} | {excerpt}")?;
        write!(f, "  {margin} | {}{}", " ".repeat(column - 1), "^".repeat(*width))?;
        match hint {
            Some(hint) => write!(f, "\n  {margin} hint: {hint}"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for MappingErrors {
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

/// The known name that is nearest to an unknown one, where one is near enough to have been meant.
pub(super) fn nearest<'n>(unknown: &str, known: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    let folded = fold(unknown);
    let length = folded.chars().count();
    let near = |name: &'n str| {
        let (other, most) = (fold(name), (name.chars().count() / 3).max(1));
        // The distance is at least the difference of the lengths, which costs far less.
        let comparable = length.abs_diff(other.chars().count()) <= most;
        comparable.then(|| strsim::damerau_levenshtein(&folded, &other)).filter(|distance| *distance <= most)
    };
    known.into_iter().filter_map(|name| Some((near(name)?, name))).min_by_key(|(distance, _)| *distance).map(|(_, name)| name)
}

fn fold(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// The hint for an unknown name.
pub(super) fn did_you_mean<'n>(unknown: &str, known: impl IntoIterator<Item = &'n str>) -> Option<String> {
    nearest(unknown, known).map(|name| format!("did you mean `{name}`?"))
}
