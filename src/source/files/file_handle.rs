//! A file of this machine that is open, and whether it is still what it was.

use std::fs::{File, Metadata};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use crate::diagnostic::nearest;
use crate::source::error::{Fault, FaultKind};

/// An open file, which can be read by several at once.
#[derive(Debug)]
pub(in crate::source) struct Opened {
    shown: String,
    path: PathBuf,
    file: File,
    state: State,
    settled: bool,
}

/// The clocks of some file systems are so coarse that a second write within this time may leave the same time of change.
const COARSEST: Duration = Duration::from_secs(3);

/// The facts that differ after any other process has written to the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct State {
    length: u64,
    modified: Option<SystemTime>,
}

impl State {
    fn of(about: &Metadata) -> Self {
        Self { length: about.len(), modified: about.modified().ok() }
    }
}

impl Opened {
    /// Opens a file that was found to be so at this moment; another one in its place is a fault.
    pub(in crate::source) fn new(path: &Path, about: &Metadata, now: SystemTime) -> Result<Self, Fault> {
        let shown = path.display().to_string();
        let file = File::open(path).map_err(|error| unreadable(&shown, &error))?;
        let state = State::of(about);
        let age = state.modified.and_then(|modified| now.duration_since(modified).ok());
        let opened = Self { shown, path: path.to_path_buf(), file, state, settled: age.is_some_and(|age| age > COARSEST) };
        opened.unchanged()?;
        Ok(opened)
    }

    pub(in crate::source) fn length(&self) -> u64 {
        self.state.length
    }

    /// Whether its time of change proves that it was not written to, even if the length is the same.
    pub(super) fn settled(&self) -> bool {
        self.settled
    }

    /// All its bytes, if it is the same before and after, in its place too: what is still being written is half a list.
    pub(in crate::source) fn bytes(&self) -> Result<Vec<u8>, Fault> {
        self.in_place()?;
        let mut bytes = Vec::new();
        self.append(&mut bytes, 0, usize::try_from(self.length()).map_err(|_| self.changed())?)?;
        self.in_place()?;
        Ok(bytes)
    }

    /// Adds so many bytes from there on; fewer are a fault.
    pub(in crate::source) fn append(&self, bytes: &mut Vec<u8>, from: u64, count: usize) -> Result<(), Fault> {
        let start = bytes.len();
        bytes.resize(start + count, 0);
        let mut at = start;
        while at < bytes.len() {
            match read_at(&self.file, &mut bytes[at..], from + (at - start) as u64) {
                Ok(0) => return Err(self.changed()),
                Ok(read) => at += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(unreadable(&self.shown, &error)),
            }
        }
        Ok(())
    }

    /// Checks that no other process has written to the file since it was found.
    pub(super) fn unchanged(&self) -> Result<(), Fault> {
        let now = self.file.metadata().map_err(|error| unreadable(&self.shown, &error))?;
        if State::of(&now) == self.state { Ok(()) } else { Err(self.changed()) }
    }

    /// The same, and its path still leads to it.
    pub(super) fn in_place(&self) -> Result<(), Fault> {
        self.unchanged()?;
        let now = std::fs::metadata(&self.path).map_err(|error| unreadable(&self.shown, &error))?;
        if State::of(&now) == self.state { Ok(()) } else { Err(self.changed()) }
    }

    pub(in crate::source) fn changed(&self) -> Fault {
        Fault::of_file(&self.shown, FaultKind::Changed)
    }
}

pub(in crate::source) fn unreadable(shown: &str, error: &io::Error) -> Fault {
    match error.kind() {
        io::ErrorKind::NotFound => match near_name(Path::new(shown)) {
            Some(hint) => Fault::of_file(shown, FaultKind::NotFound).with_hint(hint),
            None => Fault::of_file(shown, FaultKind::NotFound),
        },
        io::ErrorKind::PermissionDenied => Fault::of_file(shown, FaultKind::Unreadable(error.to_string()))
            .with_hint("give the account that runs hrpush the right to read it"),
        _ => Fault::of_file(shown, FaultKind::Unreadable(error.to_string())),
    }
}

/// Where a file was looked for, and the file there with nearly its name.
fn near_name(path: &Path) -> Option<String> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let shown = folder.canonicalize().unwrap_or_else(|_| folder.to_path_buf());
    let Ok(entries) = std::fs::read_dir(folder) else {
        return Some(format!("there is no folder {}", shown.display()));
    };
    // A folder of thousands of deliveries is not compared name by name.
    let names: Vec<String> = entries.take(1_000).flatten().filter_map(|entry| entry.file_name().into_string().ok()).collect();
    let near = nearest(path.file_name()?.to_str()?, names.iter().map(String::as_str));
    Some(match near {
        Some(near) => format!("did you mean `{near}`, in {}?", shown.display()),
        None => format!("it was looked for in {}", shown.display()),
    })
}

#[cfg(windows)]
fn read_at(file: &File, bytes: &mut [u8], from: u64) -> io::Result<usize> {
    std::os::windows::fs::FileExt::seek_read(file, bytes, from)
}

#[cfg(not(windows))]
fn read_at(file: &File, bytes: &mut [u8], from: u64) -> io::Result<usize> {
    std::os::unix::fs::FileExt::read_at(file, bytes, from)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    #[test]
    fn a_file_that_grows_or_is_replaced_while_it_is_read_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("hr.csv");
        std::fs::write(&path, "abc").unwrap();
        let open = || Opened::new(&path, &std::fs::metadata(&path).unwrap(), SystemTime::now()).unwrap();
        let opened = open();
        assert_eq!(opened.bytes().unwrap(), b"abc");
        File::options().append(true).open(&path).unwrap().write_all(b"d").unwrap();
        assert_eq!(opened.bytes().unwrap_err().kind, FaultKind::Changed);
        let opened = open();
        std::fs::write(folder.path().join("other"), "another").unwrap();
        std::fs::rename(folder.path().join("other"), &path).unwrap();
        assert!(opened.unchanged().is_ok(), "the open file is whole");
        assert_eq!(opened.bytes().unwrap_err().kind, FaultKind::Changed, "but not the one that would move away");
        let opened = open();
        File::options().write(true).open(&path).unwrap().set_len(2).unwrap();
        assert_eq!(opened.append(&mut Vec::new(), 0, 7).unwrap_err().kind, FaultKind::Changed);
    }
}
