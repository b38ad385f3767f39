//! The arguments of forecast.

use std::path::PathBuf;

use clap::Args;

use super::shared_options::{MapArgs, TargetArgs};
use crate::commands::format::ForecastFormat;

#[derive(Debug, Args)]
pub(crate) struct Forecast {
    /// The HR files [default: the configured source]
    #[arg(value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// The number of weeks to look ahead
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..=104))]
    pub(crate) weeks: u16,
    /// The format of stdout
    #[arg(long, id = "format", value_name = "FORMAT", value_enum, default_value_t = ForecastFormat::Text)]
    pub(crate) format: ForecastFormat,
    #[command(flatten)]
    pub(crate) target: TargetArgs,
    #[command(flatten)]
    pub(crate) map: MapArgs,
}
