//! Why a run could not do its work, and how it ended: the exit code of every error is decided here, once.

use std::error::Error;
use std::path::Path;

use crate::apply::{ApplyError, DeliveryError, JournalError};
use crate::config::SecretError;
use crate::diagnostic::Faults;
use crate::endpoint::EndpointError;
use crate::graph::{CredentialError, GraphError};
use crate::sandbox::SandboxError;
use crate::source::SourceErrors;
use crate::store::StoreError;

/// Why a command could not do what it was asked for. The text names the cause, its place and the way out.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// Arguments, configuration, mapping or input file: exit code 2.
    #[error("{0}")]
    Usage(String),
    /// Network, credential, permission, state or HR system: exit code 1.
    #[error("{0}")]
    CannotRun(String),
    /// The user or the system stopped the run before anything was written: exit code 130.
    #[error("interrupted, nothing was written")]
    Interrupted,
}

impl Failure {
    /// An error that the user can correct.
    pub(crate) fn usage(error: impl std::fmt::Display) -> Self {
        Self::Usage(error.to_string())
    }

    /// An error of the surroundings, with its chain of causes.
    pub(crate) fn cannot(error: &dyn Error) -> Self {
        let mut text = error.to_string();
        let mut cause = error.source();
        while let Some(error) = cause {
            let next = error.to_string();
            // Transparent wrappers repeat their cause word for word.
            if !text.ends_with(&next) {
                text.push_str(": ");
                text.push_str(&next);
            }
            cause = error.source();
        }
        Self::CannotRun(text)
    }

    /// A file or folder that could not be written or opened.
    pub(crate) fn file(doing: &str, path: &Path, error: &std::io::Error) -> Self {
        Self::CannotRun(format!("cannot {doing} {}: {error}", path.display()))
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::NoRun(_) | StoreError::ManyRuns(_) | StoreError::NoPlan(_) => Self::usage(error),
            other => Self::cannot(&other),
        }
    }
}

/// Only a failure of the HR system is none of the user's: everything else in a reading can be corrected.
impl From<SourceErrors> for Failure {
    fn from(errors: SourceErrors) -> Self {
        if errors.exit_code() == 1 { Self::cannot(&errors) } else { Self::usage(errors) }
    }
}

macro_rules! exit_class {
    (usage: $($usage:ty),+; cannot: $($cannot:ty),+ $(,)?) => {
        $(impl From<$usage> for Failure {
            fn from(error: $usage) -> Self {
                Self::usage(error)
            }
        })+
        $(impl From<$cannot> for Failure {
            fn from(error: $cannot) -> Self {
                Self::cannot(&error)
            }
        })+
    };
}

exit_class! {
    usage: Faults;
    cannot: GraphError, CredentialError, EndpointError, SandboxError, SecretError, DeliveryError, ApplyError, JournalError, serde_json::Error, csv::Error, std::io::Error,
}

/// The exit code of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Code {
    Done,
    CannotRun,
    Usage,
    Guard,
    Attention,
    Pending,
    Interrupted,
}

impl Code {
    /// The number that the process returns.
    pub(crate) fn number(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::CannotRun => 1,
            Self::Usage => 2,
            Self::Guard => 3,
            Self::Attention => 4,
            Self::Pending => 5,
            Self::Interrupted => 130,
        }
    }
}

/// An exit code with the lines that explain it. The lines reach stderr even with `-q`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ended {
    pub(crate) code: Code,
    pub(crate) why: Vec<String>,
}

impl Ended {
    /// An ending with exit code 0 and nothing to explain.
    pub(crate) fn done() -> Self {
        Self::with(Code::Done, Vec::new())
    }

    pub(crate) fn with(code: Code, why: Vec<String>) -> Self {
        Self { code, why }
    }

    /// Exit code 4 where something needs attention, else 0.
    pub(crate) fn attention(why: Vec<String>) -> Self {
        let code = if why.is_empty() { Code::Done } else { Code::Attention };
        Self::with(code, why)
    }
}

impl From<&Failure> for Ended {
    fn from(failure: &Failure) -> Self {
        match failure {
            Failure::Usage(text) => Self::with(Code::Usage, vec![format!("error: {text}")]),
            Failure::CannotRun(text) => Self::with(Code::CannotRun, vec![format!("error: {text}")]),
            Failure::Interrupted => Self::with(Code::Interrupted, vec![failure.to_string()]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exit_class_of_an_error_is_decided_by_its_type() {
        let code = |failure: Failure| Ended::from(&failure).code.number();
        assert_eq!(code(StoreError::NoRun("x".into()).into()), 2);
        assert_eq!(code(StoreError::ManyRuns("x".into()).into()), 2);
        assert_eq!(code(std::io::Error::other("disk full").into()), 1);
        let locked = StoreError::Locked { folder: "a".into(), lock: "a/lock".into() };
        assert_eq!(code(locked.into()), 1);
        assert_eq!(code(SecretError::Unset("HRPUSH_X".into()).into()), 1);
        assert_eq!(code(Failure::Interrupted), 130);
        assert_eq!(code(crate::config::parse("[tenantt]", Path::new("hrpush.toml")).unwrap_err().into()), 2);
    }

    #[test]
    fn a_cause_is_named_once() {
        #[derive(Debug, thiserror::Error)]
        #[error("cannot open the file: {0}")]
        struct Repeats(#[source] std::io::Error);
        #[derive(Debug, thiserror::Error)]
        #[error("cannot open the file")]
        struct Names(#[source] std::io::Error);
        let repeats = Failure::cannot(&Repeats(std::io::Error::other("disk full"))).to_string();
        let names = Failure::cannot(&Names(std::io::Error::other("disk full"))).to_string();
        assert_eq!((repeats.as_str(), names.as_str()), ("cannot open the file: disk full", "cannot open the file: disk full"));
    }
}
