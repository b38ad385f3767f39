//! Files that only their owner can read.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// Writes a file for this user alone, whole or not at all: an earlier one of that name stays until the new one is on disk.
///
/// A device, a pipe or a link such as `/dev/stdout` is written to and never replaced.
///
/// # Errors
/// The file system's; nothing is left behind then.
pub fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    if fs::symlink_metadata(path).is_ok_and(|about| !about.is_file() && !about.is_dir()) {
        return OpenOptions::new().write(true).truncate(true).open(path)?.write_all(bytes);
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
    use std::os::unix::fs::{FileTypeExt as _, PermissionsExt as _, symlink};

    use super::*;

    #[test]
    fn a_file_is_replaced_and_a_device_or_a_link_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let (file, link, device) = (folder.path().join("plan"), folder.path().join("link"), folder.path().join("null"));
        write_private(&file, b"one").unwrap();
        write_private(&file, b"two").unwrap();
        assert_eq!(fs::read(&file).unwrap(), b"two");
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        symlink(&file, &link).unwrap();
        write_private(&link, b"three").unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read(&file).unwrap(), b"three");
        symlink("/dev/null", &device).unwrap();
        write_private(&device, b"four").unwrap();
        assert!(fs::symlink_metadata(&device).unwrap().is_symlink());
        assert!(fs::metadata("/dev/null").unwrap().file_type().is_char_device());
        // A full device is an error, and is still there afterwards.
        let full = folder.path().join("full");
        symlink("/dev/full", &full).unwrap();
        assert_eq!(write_private(&full, b"plan").unwrap_err().kind(), io::ErrorKind::StorageFull);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 4, "nothing else is left behind");
    }
}
