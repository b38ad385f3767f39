//! The formats of stdout.

use clap::ValueEnum;
use clap::builder::{PossibleValuesParser, TypedValueParser};

/// A format of stdout.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    Text,
    Json,
    /// A row for each person; of `forecast` alone.
    Csv,
}

/// Reads the formats that every command has.
pub(super) fn text_or_json() -> impl TypedValueParser<Value = Format> {
    PossibleValuesParser::new(["text", "json"]).map(|word| if word == "json" { Format::Json } else { Format::Text })
}
