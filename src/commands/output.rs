//! The result on stdout.

use std::io::{self, IsTerminal as _, Write as _};

use crate::session::error::Failure;

/// The columns of the terminal: those that `COLUMNS` names, else those of stdout. A file or a pipe has none.
pub(super) fn columns() -> Option<usize> {
    let named = std::env::var("COLUMNS").ok().and_then(|columns| columns.trim().parse().ok());
    named.or_else(|| {
        let stdout = io::stdout();
        let size = stdout.is_terminal().then(|| terminal_size::terminal_size_of(&stdout)).flatten();
        size.map(|(width, _)| usize::from(width.0))
    })
}

/// Prints a line to stderr. A full disk behind it ends no run: what must be known is in the journal, and a leaver loses access all the same.
pub(super) fn complain(line: &str) {
    let _lost = writeln!(anstream::stderr().lock(), "{line}");
}

/// Prints to stdout. A pipe that was closed by its reader (`| head`) is not an error.
pub(super) fn print(text: &str) -> Result<(), Failure> {
    let written = if text.contains('\u{1b}') {
        let mut out = anstream::stdout().lock();
        out.write_all(text.as_bytes()).and_then(|()| out.flush())
    } else {
        // Without escape sequences there is nothing to strip, which saves time on a plan of thousands of changes.
        let mut out = io::stdout().lock();
        out.write_all(text.as_bytes()).and_then(|()| out.flush())
    };
    match written {
        Err(fault) if fault.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::cannot_run(format!("cannot write to stdout: {fault}")))
        }
        _ => Ok(()),
    }
}
