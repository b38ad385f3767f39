//! Where worker records come from.
//!
//! A source reads everything or fails: there is no reading that is half a list and looks whole. Nothing here interprets a value;
//! text stays text, so leading zeros live.
//!
//! Large files of this machine that are UTF-8 text are not held in memory: a first pass proves them whole, and [`Records`] parses
//! them anew whenever it is asked. Text in another encoding, workbooks, archives, and a file with a fault are read into memory.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use async_trait::async_trait;

use crate::diagnostic::Note;
use crate::record::Header;

mod effective_rows;
mod error;
mod error_text;
mod files;
mod join;
mod join_keys;
mod profile;
mod pushed;
mod records;
pub mod remote;
pub mod rest;
pub mod sql;
#[cfg(test)]
mod tests;
mod wildcard;

pub use effective_rows::{RowRule, one_row_each};
pub use error::{Fault, FaultKind, FaultLocation, SourceErrors};
pub use files::csv::CsvSettings;
pub use files::delivery::{AllRows, Delivery, JoinedFile, OpenDelivery, PlainDelivery};
pub use files::local::open;
pub use files::readiness::{Arrival, Listed, newest};
pub use files::source_file::Fetched;
pub use files::unpack::UnpackSettings;
pub use files::workbook::SheetSettings;
pub use join::{JoinRule, join};
pub use profile::{ColumnProfile, Profiler};
pub use pushed::{PushedFeed, PushedRecord};
pub use records::Records;

/// A whole reading of a source.
#[derive(Clone, Debug)]
pub struct Reading {
    /// The name of the file without its folder; several are joined by `+`.
    pub name: String,
    /// The columns, shared by all records.
    pub header: Arc<Header>,
    /// All records, in the order of the source; each knows its place.
    pub records: Records,
    /// The SHA-256 of what was read, in lower-case hexadecimal digits.
    pub sha256: String,
    /// Notes for the user on what was detected about the source: its encoding, delimiter, line ends.
    pub notes: Vec<Note>,
}

/// Something that HR data can be read from.
#[async_trait]
pub trait Source: Send + Sync {
    /// Reads everything, or fails.
    async fn read(&self) -> Result<Reading, SourceErrors>;
}

/// How files are to be read. The first bytes identify workbooks and archives; everything else is delimited text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FileSettings {
    /// The settings for delimited text; ignored for workbooks.
    pub csv: CsvSettings,
    /// The settings for workbooks; ignored for delimited text.
    pub sheet: SheetSettings,
    /// The settings for compressed files and archives: which member is read, and how large it may be.
    pub unpack: UnpackSettings,
}

/// Files of this machine as a source.
#[derive(Clone, Debug)]
pub struct Files {
    /// The files, or patterns with `*` that take the newest match.
    pub paths: Vec<PathBuf>,
    /// What must hold before they are read.
    pub arrival: Arrival,
    /// How to read them.
    pub settings: FileSettings,
    /// The moment by which their age is judged.
    pub now: SystemTime,
}

#[async_trait]
impl Source for Files {
    async fn read(&self) -> Result<Reading, SourceErrors> {
        let Files { paths, arrival, settings, now } = self.clone();
        let read = move || read_fetched(open(&paths, &arrival, settings.unpack.max_bytes, now)?, &settings);
        tokio::task::spawn_blocking(read).await.unwrap_or_else(|error| {
            let fault = Fault::of_file("source", FaultKind::Unreadable(error.to_string()));
            Err(fault.into())
        })
    }
}

/// Reads files into one reading; their columns must be the same set.
pub fn read_fetched(files: Vec<Fetched>, settings: &FileSettings) -> Result<Reading, SourceErrors> {
    files::read(files, settings)
}

/// The column names of a file, trimmed, in their order. Of a large text file only the beginning is read.
pub fn header_in(file: &Fetched, settings: &FileSettings) -> Result<Vec<String>, SourceErrors> {
    files::header(file, settings)
}

/// Whether a file holds a workbook, by its content and not by its name.
///
/// # Errors
/// A file or an archive that cannot be read.
pub fn is_workbook(file: &Fetched, settings: &FileSettings) -> Result<bool, SourceErrors> {
    files::is_workbook(file, settings)
}

/// Reads files of this machine into one reading.
pub fn read_files(paths: &[PathBuf], settings: &FileSettings) -> Result<Reading, SourceErrors> {
    files::read_paths(paths, settings)
}

/// Reads delimited text files into one reading; their columns must be the same set.
pub fn read_csv(paths: &[PathBuf], settings: &CsvSettings) -> Result<Reading, SourceErrors> {
    files::read_text(paths, settings)
}

/// Reads delimited text that is already in memory.
pub fn read_csv_bytes(name: &str, bytes: &[u8], settings: &CsvSettings) -> Result<Reading, SourceErrors> {
    let file = Fetched::new(name, bytes.to_vec(), None);
    files::read(vec![file], &FileSettings { csv: settings.clone(), ..FileSettings::default() })
}

/// Whether an encoding goes by this name.
pub fn is_encoding(name: &str) -> bool {
    files::code_page::CodePage::named(name).is_some()
}

/// The column names of one file, trimmed, in their order.
pub fn header_of(path: &Path, settings: &FileSettings) -> Result<Vec<String>, SourceErrors> {
    let files = open(&[path.to_path_buf()], &Arrival::default(), settings.unpack.max_bytes, SystemTime::UNIX_EPOCH)?;
    files::header(&files[0], settings)
}
