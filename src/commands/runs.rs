//! `hrpush runs`: what was done, when, by which plan.

use super::cli::{Common, Format, Runs, RunsShow};
use super::exit::{Ended, Failure};
use super::files::print;
use super::settings;
use crate::report;
use crate::store::{Recorded, Store, StoreError};

pub(super) fn runs(common: &Common, args: &Runs) -> Result<Ended, Failure> {
    let store = settings::load(common)?.store()?;
    let json = common.format == Format::Json;
    let document = match &args.show {
        None => {
            let rows = store.runs().map_err(|fault| Failure::cannot(&fault))?;
            if json { report::json(&rows) } else { Ok(report::runs(&rows)) }
        }
        Some(RunsShow::Show { run }) => {
            let recorded = recorded(&store, run)?;
            if json { report::json(&recorded) } else { Ok(report::run(&recorded)) }
        }
    };
    print(&document.map_err(|fault| Failure::cannot(&fault))?)?;
    Ok(Ended::done())
}

/// A run by its name or the beginning of it.
pub(super) fn recorded(store: &Store, run: &str) -> Result<Recorded, Failure> {
    store.run(run).map_err(|fault| match fault {
        StoreError::NoRun(_) | StoreError::ManyRuns(_) | StoreError::NoPlan(_) => Failure::usage(fault),
        other => Failure::cannot(&other),
    })
}
