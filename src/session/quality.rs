//! `hrpush quality`: what HR should correct, in HR's words, to send back to HR.

use std::path::Path;

use super::error::{Code, Ended, Failure};
use super::interrupt::{block_on, unless_interrupted};
use super::load_source;
use super::output::{print, write_private};
use super::settings;
use crate::commands::cli::{Common, Format, Quality};
use crate::mapping::{self, Mapping};
use crate::report;
use crate::source::Reading;

pub(crate) fn quality(common: &Common, args: &Quality) -> Result<Ended, Failure> {
    let settings = settings::load(common)?;
    block_on(|cancelled| async move {
        let now = jiff::Zoned::now();
        let today = args.map.as_of.unwrap_or_else(|| now.date());
        let (reading, mapping) = match unless_interrupted(&cancelled, load_source::read(&settings, &args.files, &args.map)).await
        {
            Ok(read) => (read.reading, read.mapping),
            // Without a mapping that fits, the words of the header must do.
            Err(fault) if args.map.mapping.is_some() => return Err(fault),
            Err(fault) => {
                let plainly = load_source::read_plainly(&settings, &args.files, today);
                let Ok(reading) = unless_interrupted(&cancelled, plainly).await else { return Err(fault) };
                let Some(mapping) = guessed(&reading) else { return Err(fault) };
                (reading, mapping)
            }
        };
        let bound = mapping.bind(&reading.header).map_err(Failure::usage)?;
        let held = reading.records.held().map_err(Failure::usage)?;
        let findings = bound.quality(&held, &mapping.required(), today);
        if let Some(path) = &args.csv {
            let text = report::quality_csv(&findings).map_err(|fault| Failure::cannot(&fault))?;
            only_over_a_report(path)?;
            write_private(path, &text)?;
        }
        let records = reading.records.len();
        print(&match common.format {
            Format::Json => report::json(&report::quality_json(&reading.name, records, &reading.sha256, &findings))
                .map_err(|fault| Failure::cannot(&fault))?,
            Format::Text => report::quality(&reading.name, records, &findings),
        })?;
        if findings.is_empty() {
            return Ok(Ended::done());
        }
        Ok(Ended::with(Code::Attention, vec![format!("{} things to correct in {records} rows", findings.len())]))
    })
}

/// Refuses to write over anything but an earlier report: the list itself is named easily by mistake.
fn only_over_a_report(path: &Path) -> Result<(), Failure> {
    match std::fs::read(path) {
        Ok(before) if !before.starts_with(report::QUALITY_CSV_HEADER.as_bytes()) => Err(Failure::usage(format!(
            "{} is there already and is no earlier report\n  hint: --csv names the report that is written, not the list",
            path.display()
        ))),
        _ => Ok(()),
    }
}

fn guessed(reading: &Reading) -> Option<Mapping> {
    let guess = mapping::guess(&reading.name, &reading.header, &reading.records.held().ok()?, None).ok()?;
    Mapping::parse(&guess.text, Path::new("guessed.toml")).ok()
}
