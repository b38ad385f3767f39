//! Files that only their owner can read.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;

use super::error::Failure;
use super::run_reason::{RunReason, RunReasonCode};

/// Writes a file that only its owner can read, completely or not at all. Plans contain personal data.
pub(crate) fn write_private(path: &Path, text: &str) -> Result<(), Failure> {
    crate::apply::write_private(path, text.as_bytes()).map_err(|fault| Failure::file("write", path, &fault))
}

/// Opens a file to append to, readable by its owner alone. The mode of an existing file is changed; pipes and devices stay as they are.
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
        // The mode is set on the open file, so that the path cannot be exchanged in between.
        if about.is_file() && about.permissions().mode() & 0o077 != 0 {
            file.set_permissions(std::fs::Permissions::from_mode(0o600))?;
        }
    }
    Ok(file)
}

/// Writes a new file that only its owner can read. An existing file is never overwritten.
pub(crate) fn write_new(path: &Path, text: &str) -> Result<(), Failure> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path).and_then(|mut file| file.write_all(text.as_bytes()).and_then(|()| file.sync_all())) {
        Ok(()) => Ok(()),
        Err(fault) if fault.kind() == io::ErrorKind::AlreadyExists => {
            let fact = format!("{} exists already", path.display());
            Err(Failure::usage(format!("{fact}\n  hint: move it away first")).because(RunReason::new(RunReasonCode::File, &fact)))
        }
        Err(fault) => Err(Failure::file("write", path, &fault)),
    }
}
