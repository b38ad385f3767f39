//! Files of this machine: the newest of a pattern, whether it may be read, and its bytes while it holds still.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::arrival::{Arrival, Listed, newest};
use super::error::{Fault, FaultKind, SourceErrors};
use super::fetched::Fetched;

/// Opens files of this machine, each a path or a pattern whose newest match is taken.
///
/// # Errors
/// The first file that is not there, is no file, may not be read yet, cannot be read, or changes meanwhile.
pub fn open(paths: &[PathBuf], arrival: &Arrival, max_bytes: u64, now: SystemTime) -> Result<Vec<Fetched>, SourceErrors> {
    if paths.is_empty() {
        return Err(Fault::of_file("source", FaultKind::NoFile).into());
    }
    let open = |path: &PathBuf| open_one(path, arrival, max_bytes, now).map_err(SourceErrors::from);
    paths.iter().map(open).collect()
}

fn open_one(path: &Path, arrival: &Arrival, max_bytes: u64, now: SystemTime) -> Result<Fetched, Fault> {
    let path = newest_match(path)?;
    let shown = path.display().to_string();
    let about = std::fs::metadata(&path).map_err(|error| unreadable(&shown, &error))?;
    if about.is_dir() {
        return Err(Fault::of_file(&shown, FaultKind::Folder));
    }
    if !about.is_file() {
        // Opening a pipe that nobody writes to would wait for ever.
        return Err(Fault::of_file(&shown, FaultKind::NotRegular));
    }
    if about.len() > max_bytes {
        return Err(Fault::of_file(&shown, FaultKind::TooBig { most: max_bytes }));
    }
    let listed = Listed { name: file_name(&path), modified: about.modified().ok() };
    let done = arrival.done_name(&listed.name).and_then(|name| {
        let about = std::fs::metadata(path.with_file_name(&name)).ok()?;
        Some(Listed { name, modified: about.modified().ok() })
    });
    arrival.judge(&listed, done.as_ref(), now)?;
    let file = std::fs::File::open(&path).map_err(|error| unreadable(&shown, &error))?;
    let state = || {
        let about = std::fs::metadata(&path)?;
        Ok((about.len(), about.modified().ok()))
    };
    let bytes = steadily(&shown, file, state, max_bytes)?;
    Ok(Fetched { path: Some(path), ..Fetched::new(listed.name, bytes, listed.modified) })
}

/// Reads to the end and makes sure that the file is the same before and after: what is still being written is half a list.
fn steadily(
    shown: &str,
    file: impl Read,
    state: impl Fn() -> std::io::Result<(u64, Option<SystemTime>)>,
    max_bytes: u64,
) -> Result<Vec<u8>, Fault> {
    let before = state().map_err(|error| unreadable(shown, &error))?;
    let mut bytes = Vec::with_capacity(usize::try_from(before.0.min(max_bytes)).unwrap_or(0));
    file.take(max_bytes.saturating_add(1)).read_to_end(&mut bytes).map_err(|error| unreadable(shown, &error))?;
    let after = state().map_err(|error| unreadable(shown, &error))?;
    if before != after || bytes.len() as u64 != before.0 {
        return Err(Fault::of_file(shown, FaultKind::Changed));
    }
    Ok(bytes)
}

fn unreadable(shown: &str, error: &std::io::Error) -> Fault {
    match error.kind() {
        std::io::ErrorKind::NotFound => Fault::of_file(shown, FaultKind::NotFound),
        std::io::ErrorKind::PermissionDenied => Fault::of_file(shown, FaultKind::Unreadable(error.to_string()))
            .with_hint("give the account that runs hrpush the right to read it"),
        _ => Fault::of_file(shown, FaultKind::Unreadable(error.to_string())),
    }
}

/// The path itself, or the newest file that fits its `*`.
fn newest_match(path: &Path) -> Result<PathBuf, Fault> {
    let Some(pattern) = path.to_str().filter(|text| text.contains('*') && !path.exists()) else {
        return Ok(path.to_path_buf());
    };
    // Only `*` is a pattern: brackets and question marks are characters of file names.
    let escaped = pattern.split('*').map(glob::Pattern::escape).collect::<Vec<_>>().join("*");
    let failed = |why: String| Fault::of_file(pattern, FaultKind::Unreadable(why));
    let mut found: Vec<(Listed, PathBuf)> = Vec::new();
    for entry in glob::glob(&escaped).map_err(|error| failed(error.to_string()))? {
        let path = entry.map_err(|error| failed(error.to_string()))?;
        let about = std::fs::metadata(&path).map_err(|error| failed(error.to_string()))?;
        if about.is_file() {
            found.push((Listed { name: path.display().to_string(), modified: about.modified().ok() }, path));
        }
    }
    let best = newest(found.iter().map(|(listed, _)| listed)).cloned();
    found.into_iter().find(|(listed, _)| Some(listed) == best.as_ref()).map(|(_, path)| path).ok_or_else(|| {
        Fault::of_file(pattern, FaultKind::NotFound).with_hint("no file fits the pattern; `*` takes the newest that does")
    })
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[test]
    fn a_file_that_grows_while_it_is_read_is_refused() {
        let grown = Cell::new(3);
        let state = || Ok((grown.replace(4), None));
        let fault = steadily("hr.csv", &b"abc"[..], state, 100).unwrap_err();
        assert_eq!(fault.kind, FaultKind::Changed);
        assert_eq!(steadily("hr.csv", &b"abc"[..], || Ok((3, None)), 100).unwrap(), b"abc");
        assert_eq!(steadily("hr.csv", &b"ab"[..], || Ok((3, None)), 100).unwrap_err().kind, FaultKind::Changed);
    }
}
