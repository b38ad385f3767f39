//! The formats of stdout and of the log.

use clap::ValueEnum;
use clap::builder::{PossibleValuesParser, TypedValueParser};

/// A format of stdout, or of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    Text,
    Json,
}

/// A format of the forecast.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ForecastFormat {
    Text,
    Json,
    /// A row for each person
    Csv,
}

/// Reads the formats that every command has. The values have the type of the forecast's option: clap keeps one type for an option that a
/// subcommand overrides.
pub(super) fn text_or_json() -> impl TypedValueParser<Value = ForecastFormat> {
    PossibleValuesParser::new(["text", "json"])
        .map(|word| if word == "json" { ForecastFormat::Json } else { ForecastFormat::Text })
}
