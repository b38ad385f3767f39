//! The findings that HR should correct.

use std::path::{Path, PathBuf};

use jiff::Zoned;

use super::error::Failure;
use super::load_source;
use super::mapped_reading::ReadOptions;
use super::run::Session;
use crate::mapping::{self, Finding, Mapping};
use crate::source::Reading;

/// A reading with the findings of its rows.
pub(crate) struct QualityReport {
    pub(crate) name: String,
    pub(crate) records: usize,
    pub(crate) sha256: String,
    pub(crate) findings: Vec<Finding>,
}

/// Reads the source and checks every record.
pub(crate) async fn check(session: &Session<'_>, files: &[PathBuf], options: &ReadOptions) -> Result<QualityReport, Failure> {
    let today = options.as_of.unwrap_or_else(|| Zoned::now().date());
    let (reading, mapping) = match session.unless_interrupted(load_source::read(session, files, options)).await {
        Ok(read) => (read.reading, read.mapping),
        Err(failure) if options.mapping.is_some() => return Err(failure),
        // Without a mapping that fits, one is guessed from the header.
        Err(failure) => {
            let plainly = load_source::read_plainly(session, files, today);
            let Ok(reading) = session.unless_interrupted(plainly).await else { return Err(failure) };
            let Some(mapping) = guessed(&reading) else { return Err(failure) };
            (reading, mapping)
        }
    };
    let bound = mapping.bind(&reading.header)?;
    let findings = bound.quality(&reading.records.held()?, &mapping.required(), today);
    Ok(QualityReport { records: reading.records.len(), name: reading.name, sha256: reading.sha256, findings })
}

fn guessed(reading: &Reading) -> Option<Mapping> {
    let guess = mapping::guess(&reading.name, &reading.header, &reading.records.held().ok()?, None).ok()?;
    Mapping::parse(&guess.text, Path::new("guessed.toml")).ok()
}
