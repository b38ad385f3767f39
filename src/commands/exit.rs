//! The end of the process: the reasons on stderr, and the exit code.

use std::process::ExitCode;

use super::output::complain;
use super::screen::SHOWN;
use crate::diagnostic::mask;
use crate::report;
use crate::session::error::{Ended, Failure};

/// Prints the reasons on stderr and returns the exit code of the process.
pub(super) fn conclude(result: Result<Ended, Failure>) -> ExitCode {
    let unlisted = result.is_err();
    let Ended { code, why, reason } = result.unwrap_or_else(|failure| (&failure).into());
    if let Some(reason) = reason.filter(|_| unlisted) {
        tracing::error!(target: SHOWN, reason_code = reason.code().as_str(), reason = %reason, "the command failed");
    }
    tracing::info!(exit_code = code.number(), "ended");
    for text in why {
        complain(&harmless(&text));
    }
    ExitCode::from(code.number())
}

/// Escapes a text of several lines for a terminal. It quotes column and file names from outside, and addresses that may hold a password.
fn harmless(text: &str) -> String {
    let line = |line: &str| line.split('\t').map(report::shown).collect::<Vec<_>>().join("\t");
    mask::message(text).split('\n').map(line).collect::<Vec<_>>().join("\n")
}
