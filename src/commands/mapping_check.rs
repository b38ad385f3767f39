//! `hrpush mapping check`: prints every fault of a mapping, and its effect on the records of a file.

use std::fmt::Write as _;
use std::path::Path;

use serde_json::json;

use super::cli::{Common, Format};
use super::output::print;
use super::run::settings;
use crate::mapping::{Checked, Survey};
use crate::report::{self, shown};
use crate::session::error::{Code, Ended, Failure};
use crate::session::mapping_check::{self, MappingReport};

pub(super) fn check(common: &Common, file: &Path, against: Option<&Path>) -> Result<Ended, Failure> {
    // Without a file of records, a configuration with faults of its own does not keep the mapping from being checked.
    let settings = if against.is_some() { Some(settings(common)?) } else { settings(common).ok() };
    let MappingReport { checked, missing, survey } = mapping_check::check(file, against, settings.as_ref())?;
    if common.format() == Format::Json {
        let faults: Vec<_> = checked
            .faults
            .iter()
            .map(|fault| json!({ "file": fault.file, "line": fault.line, "column": fault.column, "message": fault.message, "hint": fault.hint }))
            .collect();
        let document = json!({
            "name": checked.name,
            "faults": faults,
            "used": checked.used,
            "unused": checked.unused,
            "missing": missing,
            "survey": survey,
        });
        print(&report::json(&document)?)?;
    } else if checked.faults.is_empty() {
        print(&text_report(&checked, file, survey.as_ref()))?;
    }
    if checked.faults.is_empty() {
        return Ok(Ended::done());
    }
    Ok(Ended::with(Code::Usage, checked.faults.iter().map(ToString::to_string).collect()))
}

fn text_report(checked: &Checked, file: &Path, survey: Option<&Survey>) -> String {
    let mut text = format!("{}: \"{}\" has no faults.\n", file.display(), checked.name.as_deref().map(shown).unwrap_or_default());
    if !checked.unused.is_empty() {
        let _ = writeln!(text, "unused columns: {}", shown(&checked.unused.join(", ")));
    }
    let Some(survey) = survey else { return text };
    let held: usize = survey.held.values().sum();
    let _ =
        writeln!(text, "{} records: {} mapped, {held} held, {} out of scope", survey.records, survey.mapped, survey.out_of_scope);
    for first in &survey.first_held {
        let count = survey.held.get(first.code).copied().unwrap_or_default();
        let _ = writeln!(text, "  {count} {}, first {}: {}", first.code, shown(&first.place), shown(&first.message));
    }
    let width = survey.attributes.keys().map(|name| name.chars().count()).max().unwrap_or(0).max("attribute".len());
    let _ = writeln!(text, "{:width$} {:>9} {:>9} {:>9} {:>9}", "attribute", "set", "clear", "leave", "hold");
    for (name, tally) in &survey.attributes {
        let _ = writeln!(text, "{name:width$} {:>9} {:>9} {:>9} {:>9}", tally.set, tally.clear, tally.leave, tally.hold);
    }
    text
}
