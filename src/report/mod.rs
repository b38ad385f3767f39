//! The report: a plan or an outcome, drawn for people and for programs.
//!
//! In comes a finished [`Plan`](crate::plan::Plan) or outcome, out goes text, JSON or HTML. Nothing is decided here: what
//! heads the report and what is counted was settled by the rooms before. Every string from outside is escaped on its way.

mod concerns;
mod decisions;
mod explanation;
mod html;
mod outcome;
mod quality;
mod records;
mod text;

pub use crate::diagnostic::escape::{Shown, shown};
pub use concerns::concerns;
pub use decisions::{decided, decision, decision_list, forgotten};
pub use explanation::{DecisionExplained, Explanation, Match, Owner, RecordExplained, Standing, explanation};
pub use html::html;
pub use outcome::{outcome, run, runs};
pub use quality::{QUALITY_CSV_HEADER, quality, quality_csv, quality_json};
pub use records::records;
pub(crate) use text::lost_column;
pub use text::preview;

/// A document as `--format json` prints it: two spaces of indent and a line end.
///
/// # Errors
/// Only where a document cannot be JSON.
pub fn json<T: serde::Serialize>(document: &T) -> Result<String, serde_json::Error> {
    let mut text = serde_json::to_string_pretty(document)?;
    text.push('\n');
    Ok(text)
}
