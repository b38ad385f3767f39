//! Why a run could not do its work, and how it ended: the exit code of every error is decided here, once.

use std::error::Error;
use std::fmt;
use std::io::ErrorKind;
use std::path::Path;

use super::run_reason::{RunReason, RunReasonCode};
use crate::apply::{ApplyError, DeliveryError, JournalError};
use crate::config::SecretError;
use crate::diagnostic::{Faults, with_causes};
use crate::endpoint::EndpointError;
use crate::graph::{CredentialError, GraphError};
use crate::sandbox::SandboxError;
use crate::source::SourceErrors;
use crate::store::StoreError;
use crate::target::TargetError;

/// Why a command could not do what it was asked for. The text names the cause, its place and the way out.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// Arguments, configuration, mapping or input file: exit code 2.
    #[error("{0}")]
    Usage(Described),
    /// Network, credential, permission, state or HR system: exit code 1.
    #[error("{0}")]
    CannotRun(Described),
    /// The user or the system stopped the run before anything was written: exit code 130.
    #[error("interrupted, nothing was written")]
    Interrupted,
}

/// A message for the person at the terminal, and the reason that others may read.
#[derive(Debug)]
pub(crate) struct Described {
    text: String,
    reason: RunReason,
}

impl fmt::Display for Described {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Failure {
    /// An error that the user can correct.
    pub(crate) fn usage(error: impl fmt::Display) -> Self {
        Self::Usage(Described { text: error.to_string(), reason: RunReasonCode::Refused.into() })
    }

    /// An error of the surroundings.
    pub(crate) fn cannot_run(error: impl fmt::Display) -> Self {
        Self::CannotRun(Described { text: error.to_string(), reason: RunReasonCode::Surroundings.into() })
    }

    /// The same with a reason that may be listed, logged and sent. The message itself stays on the terminal: it may show a value of HR.
    pub(crate) fn because(self, reason: impl Into<RunReason>) -> Self {
        match self {
            Self::Usage(error) => Self::Usage(Described { reason: reason.into(), ..error }),
            Self::CannotRun(error) => Self::CannotRun(Described { reason: reason.into(), ..error }),
            Self::Interrupted => Self::Interrupted,
        }
    }

    /// An error of the surroundings, with its chain of causes.
    pub(crate) fn cannot(error: &dyn Error) -> Self {
        Self::cannot_run(with_causes(error))
    }

    /// A file or folder that could not be written or opened.
    pub(crate) fn file(doing: &str, path: &Path, error: &std::io::Error) -> Self {
        let facts = format!("cannot {doing} {}", path.display());
        Self::cannot_run(format!("{facts}: {error}{}", way_out(error))).because(RunReason::new(RunReasonCode::File, &facts))
    }

    /// A file that the user named and that cannot be read.
    pub(crate) fn unreadable(path: &Path, error: &std::io::Error) -> Self {
        let reason = RunReason::new(RunReasonCode::File, format!("cannot read {}", path.display()));
        Self::usage(format!("{}: {error}{}", path.display(), way_out(error))).because(reason)
    }
}

/// What to do about an error of the operating system, as the end of a message.
fn way_out(error: &std::io::Error) -> &'static str {
    match error.kind() {
        ErrorKind::NotFound => {
            "\n  hint: check the path; a relative one starts at the working folder, or at that of the file that names it"
        }
        ErrorKind::PermissionDenied => "\n  hint: let the user that runs hrpush use this path, or name another one",
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => "\n  hint: free space on this disk, or name a path on another one",
        ErrorKind::IsADirectory => "\n  hint: this is a folder; name a file",
        ErrorKind::InvalidData => "\n  hint: save the file as UTF-8 text",
        ErrorKind::ReadOnlyFilesystem => "\n  hint: this disk is read-only; name a path on another one",
        _ => "",
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        let reason = RunReason::from(&error);
        match error {
            StoreError::NoRun(_) | StoreError::ManyRuns(_) | StoreError::NoPlan(_) => Self::usage(error),
            other => Self::cannot(&other),
        }
        .because(reason)
    }
}

/// Only a failure of the HR system is none of the user's: everything else in a reading can be corrected.
impl From<SourceErrors> for Failure {
    fn from(errors: SourceErrors) -> Self {
        let reason = RunReason::from(&errors);
        if errors.exit_code() == 1 { Self::cannot(&errors) } else { Self::usage(errors) }.because(reason)
    }
}

macro_rules! exit_class {
    (usage: $($usage:ty),+; cannot: $($cannot:ty),+ $(,)?) => {
        $(impl From<$usage> for Failure {
            fn from(error: $usage) -> Self {
                Self::usage(&error).because(&error)
            }
        })+
        $(impl From<$cannot> for Failure {
            fn from(error: $cannot) -> Self {
                Self::cannot(&error).because(&error)
            }
        })+
    };
}

exit_class! {
    usage: Faults;
    cannot: GraphError, CredentialError, TargetError, EndpointError, SandboxError, SecretError, DeliveryError, ApplyError, JournalError, serde_json::Error, csv::Error, std::io::Error,
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
    /// Why it did not end with 0, without a value of a person. A command that is no run has none.
    pub(crate) reason: Option<RunReason>,
}

impl Ended {
    /// An ending with exit code 0 and nothing to explain.
    pub(crate) fn done() -> Self {
        Self::with(Code::Done, Vec::new())
    }

    pub(crate) fn with(code: Code, why: Vec<String>) -> Self {
        Self { code, why, reason: None }
    }

    /// The same with a reason that others may read.
    pub(crate) fn because(self, reason: impl Into<RunReason>) -> Self {
        Self { reason: Some(reason.into()), ..self }
    }

    /// Exit code 4 where something needs attention, else 0.
    pub(crate) fn attention(why: Vec<String>) -> Self {
        if why.is_empty() {
            return Self::done();
        }
        let reason = RunReason::attention(why.len());
        Self::with(Code::Attention, why).because(reason)
    }
}

impl From<&Failure> for Ended {
    fn from(failure: &Failure) -> Self {
        match failure {
            Failure::Usage(error) => Self::with(Code::Usage, vec![format!("error: {error}")]).because(error.reason.clone()),
            Failure::CannotRun(error) => {
                Self::with(Code::CannotRun, vec![format!("error: {error}")]).because(error.reason.clone())
            }
            Failure::Interrupted => Self::with(Code::Interrupted, vec![failure.to_string()]).because(RunReasonCode::Interrupted),
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
