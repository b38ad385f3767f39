//! How a run ends: the exit codes and what must be said about them.

use std::process::ExitCode;

use thiserror::Error;

/// Why a command could not do what it was asked for. The text says what, where, and the way out.
#[derive(Debug, Error)]
pub(crate) enum Failure {
    /// Arguments, configuration, mapping or input file: exit code 2.
    #[error("{0}")]
    Usage(String),
    /// Network, credential, permission, state or HR system: exit code 1.
    #[error("{0}")]
    CannotRun(String),
    /// The user or the system stopped it before anything was written: exit code 130.
    #[error("interrupted, nothing was written")]
    Interrupted,
}

impl Failure {
    /// Anything that is the user's to correct.
    pub(crate) fn usage(fault: impl std::fmt::Display) -> Self {
        Self::Usage(fault.to_string())
    }

    /// Anything that kept the run from running, with what caused it.
    pub(crate) fn cannot(fault: &dyn std::error::Error) -> Self {
        let mut text = fault.to_string();
        let mut cause = fault.source();
        while let Some(fault) = cause {
            let next = fault.to_string();
            // Transparent wrappers repeat their cause word for word.
            if !text.ends_with(&next) {
                text.push_str(": ");
                text.push_str(&next);
            }
            cause = fault.source();
        }
        Self::CannotRun(text)
    }

    /// Writing this file or folder failed.
    pub(crate) fn file(doing: &str, path: &std::path::Path, fault: &std::io::Error) -> Self {
        Self::CannotRun(format!("cannot {doing} {}: {fault}", path.display()))
    }
}

/// How a command ended that ran.
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

/// A code with the lines that explain it; they reach stderr even with `-q`.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: Code,
    pub(crate) why: Vec<String>,
}

impl Ended {
    pub(crate) fn done() -> Self {
        Self { code: Code::Done, why: Vec::new() }
    }

    pub(crate) fn with(code: Code, why: Vec<String>) -> Self {
        Self { code, why }
    }
}

/// Tells why on stderr and gives the process its code.
pub(crate) fn conclude(result: Result<Ended, Failure>) -> ExitCode {
    let (code, why) = match result {
        Ok(Ended { code, why }) => (code, why),
        Err(Failure::Usage(text)) => (Code::Usage, vec![format!("error: {text}")]),
        Err(Failure::CannotRun(text)) => (Code::CannotRun, vec![format!("error: {text}")]),
        Err(fault @ Failure::Interrupted) => (Code::Interrupted, vec![fault.to_string()]),
    };
    tracing::info!(exit_code = code.number(), "ended");
    for text in why {
        anstream::eprintln!("{}", harmless(&text));
    }
    ExitCode::from(code.number())
}

/// A text of several lines on its way to a terminal: the names of columns and files that it quotes are not ours, and an address that it
/// quotes may hold a password.
fn harmless(text: &str) -> String {
    let text = &crate::diagnostic::mask::message(text);
    let line = |line: &str| line.split('\t').map(crate::report::shown).collect::<Vec<_>>().join("\t");
    text.split('\n').map(line).collect::<Vec<_>>().join("\n")
}
