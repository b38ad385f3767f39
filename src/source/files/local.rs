//! Files of this machine: the newest of a pattern, whether it may be read, and its bytes where they are few.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use super::file_handle::{Opened, unreadable};
use super::readiness::{Arrival, Listed, newest};
use super::source_file::{Content, Fetched};
use crate::source::error::{Fault, FaultKind, SourceErrors};
use crate::source::wildcard::escaped;

/// Files with fewer bytes are held in memory: to read them twice would gain nothing.
const HELD: u64 = 4 << 20;

/// Opens files of this machine. Each is a path, or a pattern that stands for its newest match.
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
        // Opening a pipe without a writer would wait for ever.
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
    let opened = Opened::new(&path, &about, now)?;
    let content = if about.len() < HELD { Content::Bytes(opened.bytes()?) } else { Content::Opened(Arc::new(opened)) };
    Ok(Fetched { name: listed.name, path: Some(path), modified: listed.modified, content })
}

/// The path itself, or the newest file that fits its `*`.
fn newest_match(path: &Path) -> Result<PathBuf, Fault> {
    let Some(pattern) = path.to_str().filter(|text| text.contains('*') && !path.exists()) else {
        return Ok(path.to_path_buf());
    };
    let failed = |why: String| Fault::of_file(pattern, FaultKind::Unreadable(why));
    let mut found: Vec<(Listed, PathBuf)> = Vec::new();
    for entry in glob::glob(&escaped(pattern)).map_err(|error| failed(error.to_string()))? {
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
