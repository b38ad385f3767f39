//! Faults of a configuration file, each with its place, the line and a caret.

use std::fmt;
use std::ops::Range;
use std::path::Path;

use super::mask;

/// One fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigFault {
    /// The line, from 1; 0 where the file as a whole is at fault.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
    shown: String,
    width: usize,
}

impl ConfigFault {
    /// A fault of a text whose lines may be shown as `masked` has them.
    pub(crate) fn new(text: &str, masked: &str, span: &Range<usize>, message: &str, hint: Option<String>) -> Self {
        let start = floor(text, span.start);
        let from = text[..start].rfind('\n').map_or(0, |end| end + 1);
        let to = text[start..].find('\n').map_or(text.len(), |end| start + end);
        let end = floor(text, span.end).clamp(start, to);
        let line = text[..start].matches('\n').count();
        Self {
            line: line + 1,
            column: text[from..start].chars().count() + 1,
            message: mask::message(message),
            hint,
            shown: masked.split('\n').nth(line).unwrap_or_default().trim_end().to_owned(),
            width: text[start..end].trim_end().chars().count().max(1),
        }
    }

    /// Faults of a text that is no TOML at all.
    pub(crate) fn of_toml(text: &str, errors: &[toml::de::Error]) -> Vec<Self> {
        let masked = mask::document(text, &[]);
        let fault = |error: &toml::de::Error| {
            Self::new(text, &masked, &error.span().unwrap_or(0..0), &error.message().trim().replace('\n', ", "), None)
        };
        errors.iter().map(fault).collect()
    }
}

/// The last character boundary at or before a byte.
fn floor(text: &str, at: usize) -> usize {
    (0..=at.min(text.len())).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0)
}

/// Every fault of one file, in the order of the lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigErrors {
    /// The file.
    pub file: String,
    /// Its faults; never empty.
    pub faults: Vec<ConfigFault>,
}

impl ConfigErrors {
    pub(crate) fn new(path: &Path, mut faults: Vec<ConfigFault>) -> Self {
        faults.sort_by_key(|fault| (fault.line, fault.column));
        Self { file: path.display().to_string(), faults }
    }

    pub(crate) fn of_file(path: &Path, message: &str) -> Self {
        let fault = ConfigFault { line: 0, column: 0, message: message.to_owned(), hint: None, shown: String::new(), width: 0 };
        Self::new(path, vec![fault])
    }
}

impl fmt::Display for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, fault) in self.faults.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            if fault.line == 0 {
                write!(f, "{}: {}", self.file, fault.message)?;
                continue;
            }
            let number = fault.line.to_string();
            let gutter = " ".repeat(number.len());
            // Tabs are kept so that the caret stands where the eye sees the fault.
            let indent: String = fault.shown.chars().take(fault.column - 1).map(|c| if c == '\t' { '\t' } else { ' ' }).collect();
            writeln!(f, "{}, line {}, column {}: {}", self.file, fault.line, fault.column, fault.message)?;
            writeln!(f, "  {number} | {}", fault.shown)?;
            write!(f, "  {gutter} | {indent}{}", "^".repeat(fault.width))?;
            if let Some(hint) = &fault.hint {
                write!(f, "\n  hint: {hint}")?;
            }
        }
        Ok(())
    }
}

impl std::error::Error for ConfigErrors {}
