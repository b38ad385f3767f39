//! The arguments of records and quality.

use std::path::PathBuf;

use clap::Args;

use super::shared_options::MapArgs;
use super::value::civil_day;

#[derive(Debug, Args)]
pub(crate) struct Records {
    /// The HR files [default: the configured source]
    #[arg(value_name = "FILE", conflicts_with = "source")]
    pub(crate) files: Vec<PathBuf>,
    /// Read the configured source (the default)
    #[arg(long)]
    pub(crate) source: bool,
    /// The number of records to show, 0 for all [default: 20 as a table, all as JSON]
    #[arg(long, value_name = "N")]
    pub(crate) limit: Option<usize>,
    /// Choose rows by this day (YYYY-MM-DD) instead of today
    #[arg(long, value_name = "DATE", value_parser = civil_day)]
    pub(crate) as_of: Option<jiff::civil::Date>,
}

#[derive(Debug, Args)]
pub(crate) struct Quality {
    /// The HR files [default: the configured source]
    #[arg(value_name = "FILE", conflicts_with = "source")]
    pub(crate) files: Vec<PathBuf>,
    /// Read the configured source (the default)
    #[arg(long)]
    pub(crate) source: bool,
    /// Also write the report as CSV for a spreadsheet
    #[arg(long, value_name = "FILE")]
    pub(crate) csv: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) map: MapArgs,
}
