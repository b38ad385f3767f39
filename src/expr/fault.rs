//! A fault that the checker reports for an expression.

use std::fmt;
use std::ops::Range;

/// A fault in the text of an expression, found before the first record is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The bytes of the expression that the fault concerns.
    pub span: Range<usize>,
    /// The kind of fault, in kebab case.
    pub code: &'static str,
    /// What is wrong, in one sentence without the place.
    pub message: String,
    /// How to correct it.
    pub hint: Option<String>,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}
