//! Output: stdout, and files that only their owner can read.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;

use super::error::Failure;

/// The result on stdout. A reader who has gone away (`| head`) is no fault.
pub(crate) fn print(text: &str) -> Result<(), Failure> {
    let written = if text.contains('\u{1b}') {
        let mut out = anstream::stdout().lock();
        out.write_all(text.as_bytes()).and_then(|()| out.flush())
    } else {
        // Nothing is coloured, so nothing has to be looked through for colours: a plan of thousands is long.
        let mut out = io::stdout().lock();
        out.write_all(text.as_bytes()).and_then(|()| out.flush())
    };
    match written {
        Err(fault) if fault.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::CannotRun(format!("cannot write to stdout: {fault}")))
        }
        _ => Ok(()),
    }
}

/// Writes a file that only its owner can read, whole or not at all: a plan holds personal data.
pub(crate) fn write_private(path: &Path, text: &str) -> Result<(), Failure> {
    crate::apply::write_private(path, text.as_bytes()).map_err(|fault| Failure::file("write", path, &fault))
}

/// Opens a file to append to, which only its owner can read: an older file is narrowed. Pipes and devices stay as they are.
pub(crate) fn append_private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(path)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let about = file.metadata()?;
        // By the open file, so that nothing is put in its place meanwhile.
        if about.is_file() && about.permissions().mode() & 0o077 != 0 {
            file.set_permissions(std::fs::Permissions::from_mode(0o600))?;
        }
    }
    Ok(file)
}

/// Writes a file that only its owner can read, and never over another one.
pub(crate) fn write_new(path: &Path, text: &str) -> Result<(), Failure> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path).and_then(|mut file| file.write_all(text.as_bytes()).and_then(|()| file.sync_all())) {
        Ok(()) => Ok(()),
        Err(fault) if fault.kind() == io::ErrorKind::AlreadyExists => {
            Err(Failure::usage(format!("{} is there already\n  hint: move it away first", path.display())))
        }
        Err(fault) => Err(Failure::file("write", path, &fault)),
    }
}
