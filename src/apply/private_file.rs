//! Files that only their owner can read.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// Writes a file for this user alone, whole or not at all: an earlier one of that name stays until the new one is on disk.
///
/// # Errors
/// The file system's; nothing is left behind then.
pub fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    if is_device(path) {
        return OpenOptions::new().write(true).open(path)?.write_all(bytes);
    }
    let draft = draft_of(path);
    let write = || {
        let mut file = options().open(&draft)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&draft, path)?;
        sync_folder(path)
    };
    write().inspect_err(|_| drop(fs::remove_file(&draft)))
}

/// Whether the path leads to a device or a pipe, such as /dev/null or /dev/stdout. A rename would put a file in its place.
fn is_device(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|about| !about.is_file() && !about.is_dir())
}

/// Whether a file of that name could be written, found out before anything depends on it.
pub(super) fn is_writable(path: &Path) -> io::Result<()> {
    let draft = draft_of(path);
    options().open(&draft)?;
    fs::remove_file(&draft)
}

/// Moves a file out of the way, to the first free name of the form `name.1.ending`. Never over another file.
pub(super) fn put_by(path: &Path) -> io::Result<()> {
    for count in 1_u32.. {
        let by = numbered(path, count);
        // Making the name first takes it.
        match options().open(&by) {
            Ok(_) => return fs::rename(path, &by).inspect_err(|_| drop(fs::remove_file(&by))),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    Err(io::Error::other("no name is free"))
}

fn numbered(path: &Path, count: u32) -> PathBuf {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let ending = path.extension().map(|ending| format!(".{}", ending.to_string_lossy())).unwrap_or_default();
    path.with_file_name(format!("{stem}.{count}{ending}"))
}

fn draft_of(path: &Path) -> PathBuf {
    let mut draft = path.as_os_str().to_owned();
    draft.push(format!(".{}.part", std::process::id()));
    PathBuf::from(draft)
}

fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// A new name is only kept once its folder is on disk too.
#[cfg(unix)]
fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()
}

#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "it can fail where folders are synced")]
fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn a_device_is_written_to_and_stays_a_device() {
        let folder = tempfile::tempdir().unwrap();
        // By a link, so that a mistake here replaces the link alone.
        let null = folder.path().join("null");
        std::os::unix::fs::symlink("/dev/null", &null).unwrap();
        write_private(&null, b"plan").unwrap();
        assert!(fs::symlink_metadata(&null).unwrap().is_symlink());
        let full = folder.path().join("full");
        std::os::unix::fs::symlink("/dev/full", &full).unwrap();
        assert_eq!(write_private(&full, b"plan").unwrap_err().kind(), io::ErrorKind::StorageFull);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2, "nothing else is left behind");
    }
}
