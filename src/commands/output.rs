//! The result on stdout.

use std::io::{self, Write as _};

use crate::session::error::Failure;

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
