//! Reports: a plan or an outcome as text, JSON or HTML.
//!
//! A finished [`Plan`](crate::plan::Plan) or outcome comes in, text goes out. This room decides nothing: the order of the report and its counts
//! come from the plan. Every string from outside is escaped.

mod answers;
mod attribute_words;
mod concerns;
mod counts;
mod decisions;
mod edit_groups;
mod explanation;
mod forecast;
mod guard_text;
mod headline;
mod html;
mod line_width;
mod metrics;
mod outcome;
mod person_line;
mod quality;
mod records;
mod runs;
mod spreadsheet;
#[cfg(test)]
mod tests;
mod text;
mod view;

pub use crate::diagnostic::escape::{Shown, shown};
pub use answers::{answers, guards};
pub use concerns::{concerns, concerns_in_short, concerns_on_terminal};
pub use decisions::{decided, decision, decision_list, forgotten};
pub use explanation::{DecisionExplained, Explanation, Match, Owner, RecordExplained, Standing, explanation};
pub use forecast::{ForecastDay, ForecastPerson, forecast, forecast_csv};
pub use guard_text::guard_count;
pub use html::html;
pub use metrics::{FeedFigures, Labels, MetricFamily, Samples, metric_families, metrics};
pub use outcome::outcome;
pub use quality::{QUALITY_CSV_HEADER, quality, quality_csv, quality_json};
pub use records::records;
pub use runs::{run, run_line, runs};
pub use text::preview;
pub use view::{Detail, Prospect, View};

/// A document as `--format json` prints it: two spaces of indent and a line end.
///
/// # Errors
/// Only where a document cannot be JSON.
pub fn json<T: serde::Serialize>(document: &T) -> Result<String, serde_json::Error> {
    let mut text = serde_json::to_string_pretty(document)?;
    text.push('\n');
    Ok(text)
}
