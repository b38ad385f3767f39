//! `hrpush runs`: lists the runs and their plans.

use super::cli::{Common, Format, Runs, RunsShow};
use super::output::print;
use super::run::settings;
use crate::report;
use crate::session::error::{Ended, Failure};

pub(super) fn runs(common: &Common, args: &Runs) -> Result<Ended, Failure> {
    let store = settings(common)?.store()?;
    let json = common.format == Format::Json;
    let document = match &args.show {
        None => {
            let rows = store.runs()?;
            if json { report::json(&rows)? } else { report::runs(&rows) }
        }
        Some(RunsShow::Show { run }) => {
            let recorded = store.run(run)?;
            if json { report::json(&recorded)? } else { report::run(&recorded) }
        }
    };
    print(&document)?;
    Ok(Ended::done())
}
