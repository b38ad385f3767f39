//! `hrpush mapping check`: prints every fault of a mapping, and its effect on the records of a file.

use std::fmt::Write as _;
use std::path::Path;

use serde_json::json;

use super::cli::{Common, Format};
use super::output::print;
use super::run::settings as load_settings;
use crate::config;
use crate::expr::Context;
use crate::mapping::{self, Checked, Mapping, Survey};
use crate::record::Header;
use crate::report::{self, shown};
use crate::session::error::{Code, Ended, Failure};
use crate::session::load_source::file_settings;
use crate::session::mapped_reading::text_of;
use crate::source::{self, FileSettings};

/// Used for the tenant's default domain, which a check does not read.
const SOME_DOMAIN: &str = "example.com";

pub(super) fn check(common: &Common, file: &Path, against: Option<&Path>) -> Result<Ended, Failure> {
    let json = common.format == Format::Json;
    let text = text_of(file)?;
    let csv = Mapping::parse(&text, file).map(|mapping| mapping.csv()).unwrap_or_default();
    let settings = match against {
        Some(_) => file_settings(&load_settings(common)?, file, csv),
        None => FileSettings::default(),
    };
    let header = against.map(|path| header(path, &settings)).transpose()?;
    if is_preset(&text) {
        config::check_rest(&text, file).map_err(Failure::Usage)?;
    }
    let checked = mapping::check(&text, file, header.as_ref());
    let survey = match against {
        Some(path) if checked.faults.is_empty() => Some(survey(&text, file, path, &settings)?),
        _ => None,
    };
    if json {
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
            "missing": missing(&checked, header.as_ref()),
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

/// Whether the file also says how a web service is read.
fn is_preset(text: &str) -> bool {
    let document: toml::Table = text.parse().unwrap_or_default();
    document.get("source").and_then(|source| source.get("kind")).and_then(toml::Value::as_str) == Some("rest")
}

fn header(against: &Path, settings: &FileSettings) -> Result<Header, Failure> {
    let names = source::header_of(against, settings)?;
    Header::new(names).map_err(|name| Failure::usage(format!("{}: the column `{name}` occurs twice", against.display())))
}

/// The columns that the mapping uses and the file lacks.
fn missing(checked: &Checked, header: Option<&Header>) -> Vec<String> {
    let Some(header) = header else { return Vec::new() };
    checked.used.iter().filter(|name| header.position(name).is_none()).cloned().collect()
}

fn survey(text: &str, file: &Path, against: &Path, settings: &FileSettings) -> Result<Survey, Failure> {
    let mapping = Mapping::parse(text, file)?;
    let reading = source::read_files(&[against.to_owned()], settings)?;
    let bound = mapping.bind(&reading.header)?;
    let today = jiff::Timestamp::now().to_zoned(mapping.time_zone().clone()).date();
    let context = Context::on(today, Some(SOME_DOMAIN.to_owned()));
    let mut survey = Survey::default();
    reading.records.each(|record| survey.count(&bound, &record, &context))?;
    Ok(survey)
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
