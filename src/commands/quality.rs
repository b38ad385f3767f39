//! `hrpush quality`: prints what HR should correct.

use std::path::Path;

use super::cli::{Common, Format, Quality};
use super::output::print;
use super::run::{run, settings};
use crate::report;
use crate::session::error::{Code, Ended, Failure};
use crate::session::output::write_private;
use crate::session::quality::{QualityReport, check};
use crate::session::run_end::RunKind;

pub(super) fn quality(common: &Common, args: &Quality) -> Result<Ended, Failure> {
    run(common, RunKind::Quality, &settings(common)?, async |session| {
        let QualityReport { name, records, sha256, findings } = check(session, &args.files, &(&args.map).into()).await?;
        if let Some(path) = &args.csv {
            let text = report::quality_csv(&findings)?;
            only_over_a_report(path)?;
            write_private(path, &text)?;
        }
        print(&match common.format() {
            Format::Json => report::json(&report::quality_json(&name, records, &sha256, &findings))?,
            Format::Text => report::quality(&name, records, &findings),
        })?;
        if findings.is_empty() {
            return Ok(Ended::done());
        }
        Ok(Ended::with(Code::Attention, vec![format!("{} things to correct in {records} rows", findings.len())]))
    })
}

/// Refuses to overwrite anything but an earlier report: the HR file itself is easily named by mistake.
fn only_over_a_report(path: &Path) -> Result<(), Failure> {
    match std::fs::read(path) {
        Ok(before) if !before.starts_with(report::QUALITY_CSV_HEADER.as_bytes()) => Err(Failure::usage(format!(
            "{} exists already and is not an earlier report\n  hint: --csv names the report to write, not the HR file",
            path.display()
        ))),
        _ => Ok(()),
    }
}
