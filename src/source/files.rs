//! Files become one reading: unpacked, each read by its kind, their columns the same set.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

use super::arrival::Arrival;
use super::csv::{self, CsvSettings, Table};
use super::error::{Fault, FaultKind, SourceErrors};
use super::fetched::{Fetched, joint_sum};
use super::local;
use super::unpack::{Content, unpack};
use super::{FileSettings, Reading, sheet};
use crate::record::Header;

type Like = Option<(String, Arc<Header>)>;

/// Reads files that are in memory into one reading, each by what it is.
pub(super) fn read(files: Vec<Fetched>, settings: &FileSettings) -> Result<Reading, SourceErrors> {
    let (mut joined, mut sums): (Option<Reading>, _) = (None, Vec::new());
    for file in files {
        let like = joined.as_ref().map(|first| (first.name.clone(), first.header.clone()));
        let mut told = Vec::new();
        sums.push(file.sha256);
        let table = table(&file.name, file.bytes, settings, like, &mut told)?;
        told.push(table.told);
        match &mut joined {
            None => {
                let sha256 = String::new();
                joined = Some(Reading { name: file.name, header: table.header, records: table.records.into(), sha256, told });
            }
            Some(joined) => {
                joined.name = format!("{}+{}", joined.name, file.name);
                joined.records = std::mem::take(&mut joined.records).and(table.records.into());
                joined.told.extend(told);
            }
        }
    }
    let mut joined = joined.ok_or_else(|| Fault::of_file("source", FaultKind::NoFile))?;
    joined.sha256 = joint_sum(&sums);
    Ok(joined)
}

fn table(name: &str, bytes: Vec<u8>, settings: &FileSettings, like: Like, told: &mut Vec<String>) -> Result<Table, SourceErrors> {
    match unpack(name, bytes, &settings.unpack, told)? {
        Content::Workbook(bytes) => sheet::read(name, bytes, &settings.sheet, like),
        Content::Text(bytes) => csv::read(name, bytes, &settings.csv, like),
    }
}

/// The column names of one file.
pub(super) fn header(file: &Fetched, settings: &FileSettings) -> Result<Vec<String>, SourceErrors> {
    match unpack(&file.name, file.bytes.clone(), &settings.unpack, &mut Vec::new())? {
        Content::Workbook(bytes) => sheet::header(&file.name, bytes, &settings.sheet),
        Content::Text(bytes) => csv::header(&file.name, bytes, &settings.csv),
    }
}

/// Opens and reads files of this machine, whatever their age.
pub(super) fn read_paths(paths: &[PathBuf], settings: &FileSettings) -> Result<Reading, SourceErrors> {
    read(local::open(paths, &Arrival::default(), settings.unpack.max_bytes, SystemTime::UNIX_EPOCH)?, settings)
}

/// Reads delimited text files of this machine into one reading.
pub(super) fn read_text(paths: &[PathBuf], settings: &CsvSettings) -> Result<Reading, SourceErrors> {
    read_paths(paths, &FileSettings { csv: settings.clone(), ..FileSettings::default() })
}
