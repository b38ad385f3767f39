//! Reports: a plan or an outcome as text, JSON or HTML.
//!
//! A finished [`Plan`](crate::plan::Plan) or outcome comes in, text goes out. This room decides nothing: the order of the report and its counts
//! come from the plan. Every string from outside is escaped.

mod concerns;
mod decisions;
mod explanation;
mod html;
mod outcome;
mod quality;
mod records;
mod runs;
mod text;

pub use crate::diagnostic::escape::{Shown, shown};
pub use concerns::concerns;
pub use decisions::{decided, decision, decision_list, forgotten};
pub use explanation::{DecisionExplained, Explanation, Match, Owner, RecordExplained, Standing, explanation};
pub use html::html;
pub use outcome::outcome;
pub use quality::{QUALITY_CSV_HEADER, quality, quality_csv, quality_json};
pub use records::records;
pub use runs::{run, run_line, runs};
pub(crate) use text::lost_column;
pub use text::{preview, preview_of_rest};

/// A document as `--format json` prints it: two spaces of indent and a line end.
///
/// # Errors
/// Only where a document cannot be JSON.
pub fn json<T: serde::Serialize>(document: &T) -> Result<String, serde_json::Error> {
    let mut text = serde_json::to_string_pretty(document)?;
    text.push('\n');
    Ok(text)
}
