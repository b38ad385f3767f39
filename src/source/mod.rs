//! Where worker records come from.
//!
//! A source reads everything or fails: there is no reading that is half a list and looks whole. Nothing here interprets a value;
//! text stays text, so leading zeros live.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;

use crate::record::{Header, Record};

mod assemble;
mod csv;
mod decode;
mod error;
mod files;
mod profile;
mod scan;
mod sheet;
#[cfg(test)]
mod tests;

pub use csv::CsvSettings;
pub use error::{Fault, FaultKind, SourceErrors, Spot};
pub use profile::{ColumnProfile, profile};
pub use sheet::SheetSettings;

/// A whole reading of a source.
#[derive(Debug)]
pub struct Reading {
    /// The name of the file without its folder; several are joined by `+`.
    pub name: String,
    /// The columns, shared by all records.
    pub header: Arc<Header>,
    /// All records, in the order of the source; each knows its place.
    pub records: Vec<Record>,
    /// The SHA-256 of what was read, in lower-case hexadecimal digits.
    pub sha256: String,
    /// What was found out about the source, to be told: its encoding, delimiter, line ends.
    pub told: Vec<String>,
}

/// Something that HR data can be read from.
#[async_trait]
pub trait Source: Send + Sync {
    /// Reads everything, or fails.
    async fn read(&self) -> Result<Reading, SourceErrors>;
}

/// How the files of a reading are to be read: workbooks by their ending, everything else as delimited text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FileSettings {
    /// For delimited text.
    pub csv: CsvSettings,
    /// For workbooks.
    pub sheet: SheetSettings,
}

/// Files as a source.
#[derive(Clone, Debug)]
pub struct Files {
    /// The files, or patterns with `*` that take the newest match.
    pub paths: Vec<PathBuf>,
    /// How to read them.
    pub settings: FileSettings,
}

#[async_trait]
impl Source for Files {
    async fn read(&self) -> Result<Reading, SourceErrors> {
        let Files { paths, settings } = self.clone();
        tokio::task::spawn_blocking(move || read_files(&paths, &settings)).await.unwrap_or_else(|error| {
            let fault = Fault::of_file("source", FaultKind::Unreadable(error.to_string()));
            Err(fault.into())
        })
    }
}

/// Reads files into one reading: `.xlsx`, `.xlsm`, `.xlsb`, `.xls` and `.ods` as workbooks, everything else as delimited text.
pub fn read_files(paths: &[PathBuf], settings: &FileSettings) -> Result<Reading, SourceErrors> {
    files::read(paths, settings)
}

/// Reads delimited text files into one reading; their columns must be the same set.
pub fn read_csv(paths: &[PathBuf], settings: &CsvSettings) -> Result<Reading, SourceErrors> {
    files::read_text(paths, settings)
}

/// Reads delimited text that is already in memory.
pub fn read_csv_bytes(name: &str, bytes: &[u8], settings: &CsvSettings) -> Result<Reading, SourceErrors> {
    files::read_bytes(name, bytes.to_vec(), settings)
}

/// The column names of one file, trimmed, in their order.
pub fn header_of(path: &Path, settings: &FileSettings) -> Result<Vec<String>, SourceErrors> {
    files::header(path, settings)
}
