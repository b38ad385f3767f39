//! A reading and the mapping that fits its columns.

use std::path::{Path, PathBuf};

use jiff::civil::Date;

use super::error::Failure;
use super::run_reason::{RunReason, RunReasonCode};
use crate::mapping::{self, BoundMapping, Mapping};
use crate::source::Reading;

/// A whole reading with the mapping bound to its columns.
pub(crate) struct MappedReading {
    pub(crate) reading: Reading,
    pub(crate) mapping: Mapping,
    pub(crate) bound: BoundMapping,
    /// The files that a good run moves away, and their new folder.
    pub(crate) delivered: Option<Delivered>,
    /// Whether a second reading of the same bytes is refused.
    pub(crate) refuse_repeated: bool,
    /// Whether a system was queried. Two equal answers of a system are no mistake, unlike the same file twice.
    pub(crate) queried: bool,
}

impl MappedReading {
    /// Binds the mapping to the columns of the reading of a system.
    pub(crate) fn of_system(reading: Reading, mapping: Mapping) -> Result<Self, Failure> {
        let bound = mapping.bind(&reading.header)?;
        Ok(Self { reading, mapping, bound, delivered: None, refuse_repeated: false, queried: true })
    }
}

/// Files that were delivered for one run.
pub(crate) struct Delivered {
    pub(crate) files: Vec<PathBuf>,
    pub(crate) move_to: PathBuf,
}

/// How a source is read.
#[derive(Clone, Debug, Default)]
pub(crate) struct ReadOptions {
    /// The mapping file, instead of the configured one.
    pub(crate) mapping: Option<PathBuf>,
    /// The day of the run, instead of today.
    pub(crate) as_of: Option<Date>,
}

/// The built-in mapping that fits these columns. `name` is that of the reading, for the message.
pub(crate) fn fitting(columns: &[&str], name: &str) -> Result<Mapping, Failure> {
    // The message lists the columns, which are the values of the first record where the header is missing.
    let reason = || RunReason::new(RunReasonCode::Source, format!("{name}: no built-in mapping fits its columns"));
    let (file, text) = mapping::choose(columns).map_err(|error| Failure::usage(format!("{name}: {error}")).because(reason()))?;
    Ok(Mapping::parse(text, Path::new(file))?)
}

/// The built-in mapping that fits the columns of a reading.
pub(crate) fn fitting_columns(reading: &Reading) -> Result<Mapping, Failure> {
    fitting(&reading.header.names().collect::<Vec<_>>(), &reading.name)
}

/// A mapping file, checked whole.
pub(crate) fn load(path: &Path) -> Result<Mapping, Failure> {
    Ok(Mapping::parse(&text_of(path)?, path)?)
}

/// The text of a file that the user named.
pub(crate) fn text_of(path: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(path).map_err(|error| Failure::unreadable(path, &error))
}
