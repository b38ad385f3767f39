//! Files by their paths: the newest of a pattern, several as one reading.

use std::ffi::OsStr;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use sha2::{Digest, Sha256};

use super::csv::{self, CsvSettings, Table};
use super::error::{Fault, FaultKind, SourceErrors};
use super::{FileSettings, Reading, sheet};

/// Reads files into one reading, each by its kind.
pub(super) fn read(paths: &[PathBuf], settings: &FileSettings) -> Result<Reading, SourceErrors> {
    join(paths, |file, path, bytes, like| {
        if is_workbook(path) {
            sheet::read(file, bytes, &settings.sheet, like)
        } else {
            csv::read(file, bytes, &settings.csv, like)
        }
    })
}

/// Reads delimited text files into one reading.
pub(super) fn read_text(paths: &[PathBuf], settings: &CsvSettings) -> Result<Reading, SourceErrors> {
    join(paths, |file, _, bytes, like| csv::read(file, bytes, settings, like))
}

/// Reads delimited text that is in memory.
pub(super) fn read_bytes(name: &str, bytes: Vec<u8>, settings: &CsvSettings) -> Result<Reading, SourceErrors> {
    let sha256 = hex(&Sha256::digest(&bytes));
    let table = csv::read(name, bytes, settings, None)?;
    Ok(Reading { name: name.to_owned(), header: table.header, records: table.records, sha256, told: vec![table.told] })
}

/// The column names of one file.
pub(super) fn header(path: &Path, settings: &FileSettings) -> Result<Vec<String>, SourceErrors> {
    let path = newest(path)?;
    let file = file_name(&path);
    let bytes = load(&path)?;
    if is_workbook(&path) { sheet::header(&file, bytes, &settings.sheet) } else { csv::header(&file, bytes, &settings.csv) }
}

type Like = Option<(String, std::sync::Arc<crate::record::Header>)>;

fn join(
    paths: &[PathBuf],
    read: impl Fn(&str, &Path, Vec<u8>, Like) -> Result<Table, SourceErrors>,
) -> Result<Reading, SourceErrors> {
    let mut joined: Option<Reading> = None;
    for path in paths {
        let path = newest(path)?;
        let file = file_name(&path);
        let bytes = load(&path)?;
        let sha256 = hex(&Sha256::digest(&bytes));
        let like = joined.as_ref().map(|first| (first.name.clone(), first.header.clone()));
        let table = read(&file, &path, bytes, like)?;
        match &mut joined {
            None => {
                joined =
                    Some(Reading { name: file, header: table.header, records: table.records, sha256, told: vec![table.told] });
            }
            Some(joined) => {
                joined.name = format!("{}+{file}", joined.name);
                joined.records.extend(table.records);
                joined.sha256 = hex(&Sha256::digest(format!("{}\n{sha256}", joined.sha256)));
                joined.told.push(table.told);
            }
        }
    }
    joined.ok_or_else(|| Fault::of_file("source", FaultKind::NoFile).into())
}

/// The path itself, or the newest file that fits its `*`.
fn newest(path: &Path) -> Result<PathBuf, Fault> {
    let Some(pattern) = path.to_str().filter(|text| text.contains('*') && !path.exists()) else {
        return Ok(path.to_path_buf());
    };
    // Only `*` is a pattern: brackets and question marks are characters of file names.
    let escaped = pattern.split('*').map(glob::Pattern::escape).collect::<Vec<_>>().join("*");
    let unreadable = |why: String| Fault::of_file(pattern, FaultKind::Unreadable(why));
    let mut found: Vec<(SystemTime, PathBuf)> = Vec::new();
    for entry in glob::glob(&escaped).map_err(|error| unreadable(error.to_string()))? {
        let path = entry.map_err(|error| unreadable(error.to_string()))?;
        let about = std::fs::metadata(&path).map_err(|error| unreadable(error.to_string()))?;
        if about.is_file() {
            found.push((about.modified().unwrap_or(SystemTime::UNIX_EPOCH), path));
        }
    }
    found.into_iter().max().map(|(_, path)| path).ok_or_else(|| {
        Fault::of_file(pattern, FaultKind::NotFound).with_hint("no file fits the pattern; `*` takes the newest that does")
    })
}

fn load(path: &Path) -> Result<Vec<u8>, Fault> {
    let shown = path.display().to_string();
    std::fs::read(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => Fault::of_file(&shown, FaultKind::NotFound),
        _ => Fault::of_file(&shown, FaultKind::Unreadable(error.to_string())),
    })
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}

fn is_workbook(path: &Path) -> bool {
    let ending = path.extension().and_then(OsStr::to_str).unwrap_or_default().to_ascii_lowercase();
    matches!(ending.as_str(), "xlsx" | "xlsm" | "xlsb" | "xls" | "ods")
}

fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        write!(text, "{byte:02x}").expect("writing to a string cannot fail");
    }
    text
}
