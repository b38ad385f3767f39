//! Files become one reading: unpacked, each read by its kind, their columns the same set.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

use super::error::{Fault, FaultKind, SourceErrors};

use super::{FileSettings, Reading};
use crate::diagnostic::{Note, NoteCode};
use crate::record::Header;

mod background_hash;
pub(super) mod cells;
pub(super) mod code_page;
pub(super) mod csv;
mod csv_scanner;
mod decode;
pub(super) mod delivery;
mod file_handle;
mod footer;
pub(super) mod local;
mod number_format;
mod ods_content;
mod ragged_rows;
pub(super) mod readiness;
pub(super) mod source_file;
pub(super) mod streamed_csv;
#[cfg(test)]
mod streamed_csv_tests;
mod suspect_row;
mod swallowed_rows;
pub(super) mod table_builder;
mod text_window;
mod total_words;
mod trailer;
pub(super) mod unpack;
pub(super) mod workbook;
mod workbook_rows;
#[cfg(test)]
mod workbook_tests;
mod worksheet_xml;
mod wrong_guess;

use self::csv::CsvSettings;
use self::readiness::Arrival;
use self::source_file::{Content, Fetched, joint_sum, sum};
use self::unpack::unpack;

type Expected = Option<(String, Arc<Header>)>;

/// Reads files into one reading, each by what it is.
pub(super) fn read(files: Vec<Fetched>, settings: &FileSettings) -> Result<Reading, SourceErrors> {
    let (mut joined, mut sums): (Option<Reading>, _) = (None, Vec::new());
    for file in files {
        let like = joined.as_ref().map(|first| (first.name.clone(), first.header.clone()));
        let one = read_one(file, settings, like)?;
        sums.push(one.sha256.clone());
        match &mut joined {
            None => joined = Some(one),
            Some(joined) => {
                joined.name = format!("{}+{}", joined.name, one.name);
                joined.records = std::mem::take(&mut joined.records).and(one.records);
                joined.notes.extend(one.notes);
            }
        }
    }
    let mut joined = joined.ok_or_else(|| Fault::of_file("source", FaultKind::NoFile))?;
    joined.sha256 = joint_sum(&sums);
    Ok(joined)
}

fn read_one(file: Fetched, settings: &FileSettings, like: Expected) -> Result<Reading, SourceErrors> {
    let Fetched { name, content, .. } = file;
    if let Content::Opened(opened) = &content
        && opened.length() <= settings.unpack.max_bytes
        && let Some(proven) = streamed_csv::prove(&name, opened, &settings.csv, like.clone(), streamed_csv::WINDOW)
    {
        let streamed_csv::Proven { records, sha256, notes } = proven;
        let notes = vec![Note::new(NoteCode::FileForm, notes).at(&name)];
        return Ok(Reading { name, header: Arc::clone(records.header()), records: records.into(), sha256, notes });
    }
    let bytes = content.bytes()?;
    let (sha256, mut notes) = (sum(&bytes), Vec::new());
    let table = match unpack(&name, bytes, &settings.unpack, &mut notes)? {
        unpack::Content::Workbook(bytes) => workbook::read(&name, &bytes, &settings.sheet, like),
        unpack::Content::Text(bytes) => csv::read(&name, bytes, &settings.csv, like),
    }?;
    notes.push(Note::new(NoteCode::FileForm, table.notes).at(&name));
    Ok(Reading { name, header: table.header, records: table.records.into(), sha256, notes })
}

/// The column names of one file.
pub(super) fn header(file: &Fetched, settings: &FileSettings) -> Result<Vec<String>, SourceErrors> {
    let Fetched { name, content, .. } = file;
    if let Content::Opened(opened) = content
        && let Some(names) = streamed_csv::header(name, opened, &settings.csv, streamed_csv::WINDOW)
    {
        return Ok(names);
    }
    match unpack(name, content.clone().bytes()?, &settings.unpack, &mut Vec::new())? {
        unpack::Content::Workbook(bytes) => workbook::header(name, &bytes, &settings.sheet),
        unpack::Content::Text(bytes) => csv::header(name, bytes, &settings.csv),
    }
}

/// Whether the file holds a workbook, by its content: also one inside an archive.
pub(super) fn is_workbook(file: &Fetched, settings: &FileSettings) -> Result<bool, SourceErrors> {
    let bytes = file.content.clone().bytes()?;
    Ok(matches!(unpack(&file.name, bytes, &settings.unpack, &mut Vec::new())?, unpack::Content::Workbook(_)))
}

/// Opens and reads files of this machine, whatever their age.
pub(super) fn read_paths(paths: &[PathBuf], settings: &FileSettings) -> Result<Reading, SourceErrors> {
    read(local::open(paths, &Arrival::default(), settings.unpack.max_bytes, SystemTime::UNIX_EPOCH)?, settings)
}

/// Reads delimited text files of this machine into one reading.
pub(super) fn read_text(paths: &[PathBuf], settings: &CsvSettings) -> Result<Reading, SourceErrors> {
    read_paths(paths, &FileSettings { csv: settings.clone(), ..FileSettings::default() })
}
