//! A read that failed.

use std::error::Error;
use std::fmt;

/// A read that failed. Its text is for people; no rule reads it.
#[derive(Debug)]
pub struct TargetError {
    kind: TargetErrorKind,
    facts: String,
    error: Box<dyn Error + Send + Sync>,
}

/// Which part of the connection failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TargetErrorKind {
    /// The target cannot be reached, refuses the request, or gave an unexpected answer.
    Target,
    /// The credential cannot be used.
    Credential,
}

impl TargetError {
    /// Wraps the error of an implementation.
    ///
    /// `facts` is one line without a value of a person: the list of runs, the log and messages repeat it.
    pub fn new(kind: TargetErrorKind, facts: impl Into<String>, error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { kind, facts: facts.into(), error: error.into() }
    }

    /// Which part of the connection failed.
    pub const fn kind(&self) -> TargetErrorKind {
        self.kind
    }

    /// One line without a value of a person.
    pub fn facts(&self) -> &str {
        &self.facts
    }
}

impl fmt::Display for TargetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

/// The wrapped error speaks for itself, so its own cause is the next one.
impl Error for TargetError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.error.source()
    }
}
