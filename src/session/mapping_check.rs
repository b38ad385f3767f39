//! The check of a mapping, alone or against the records of a file.

use std::path::Path;

use jiff::Timestamp;

use super::error::Failure;
use super::load_source::file_settings;
use super::mapped_reading::text_of;
use super::settings::Settings;
use super::target_fit::fitted;
use crate::config;
use crate::expr::Context;
use crate::mapping::{self, Checked, Mapping, Survey};
use crate::record::Header;
use crate::source::{self, FileSettings};

/// Used for the tenant's default domain, which a check does not read.
const SOME_DOMAIN: &str = "example.com";

/// The result of a check.
pub(crate) struct MappingReport {
    pub(crate) checked: Checked,
    /// The columns that the mapping uses and the file lacks.
    pub(crate) missing: Vec<String>,
    /// The effect on the records of the file, if the mapping has no faults.
    pub(crate) survey: Option<Survey>,
}

/// Checks a mapping, also against the configured target. `against` is an HR file, with the settings by which a run would read it.
pub(crate) fn check(file: &Path, against: Option<&Path>, settings: Option<&Settings>) -> Result<MappingReport, Failure> {
    let text = text_of(file)?;
    let against = against.zip(settings);
    let csv = Mapping::parse(&text, file).map(|mapping| mapping.csv()).unwrap_or_default();
    let against = against.map(|(path, settings)| (path, file_settings(settings, file, csv)));
    let header = against.as_ref().map(|(path, settings)| header(path, settings)).transpose()?;
    if is_preset(&text) {
        config::check_rest(&text, file).map_err(Failure::usage)?;
    }
    let checked = mapping::check(&text, file, header.as_ref());
    if let Some(settings) = settings.filter(|_| checked.faults.is_empty()) {
        fitted(settings, Mapping::parse(&text, file)?)?;
    }
    let survey = match &against {
        Some((path, settings)) if checked.faults.is_empty() => Some(survey(&text, file, path, settings)?),
        _ => None,
    };
    Ok(MappingReport { missing: missing(&checked, header.as_ref()), checked, survey })
}

/// Whether the file also contains the settings of a web service.
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
    let today = Timestamp::now().to_zoned(mapping.time_zone().clone()).date();
    let context = Context::on(today, Some(SOME_DOMAIN.to_owned()));
    let mut survey = Survey::default();
    reading.records.each(|record| survey.count(&bound, &record, &context))?;
    Ok(survey)
}
