//! `hrpush runs`: lists the runs and their plans, and looks after the journal.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::arguments::RunsCommand;
use super::cli::{Common, Format, Runs};
use super::output::print;
use super::run::settings;
use crate::report;
use crate::session::error::{Code, Ended, Failure};
use crate::session::settings::Settings;
use crate::store::{ApprovalRow, RunRow, Store, StoreError};

/// How many runs the table has where no number is given.
const LISTED: usize = 20;

pub(super) fn runs(common: &Common, args: &Runs) -> Result<Ended, Failure> {
    let settings = settings(common)?;
    let store = settings.store()?;
    let json = common.format() == Format::Json;
    match &args.command {
        None => list(&store, args, json),
        Some(RunsCommand::Show { run }) => show(&store, run, json),
        Some(RunsCommand::Prune { keep }) => prune(&settings, store, *keep, json),
        Some(RunsCommand::Verify) => verify(&store, json),
        Some(RunsCommand::Export { since }) => export(&store, *since),
    }
}

fn list(store: &Store, args: &Runs, json: bool) -> Result<Ended, Failure> {
    let since = args.since.map(|age| Timestamp::now() - age);
    let wanted = |row: &RunRow| {
        let began = row.started_at.parse::<Timestamp>().ok();
        since.is_none_or(|since| began.is_some_and(|began| began >= since)) && (args.ended.is_none() || args.ended == row.ended)
    };
    let most = match args.number {
        Some(0) => usize::MAX,
        Some(number) => number,
        None if json => usize::MAX,
        None => LISTED,
    };
    let rows: Vec<RunRow> = store.runs()?.into_iter().filter(wanted).take(most).collect();
    print(&if json { report::json(&rows)? } else { report::runs(&rows, &TimeZone::system()) })?;
    Ok(Ended::done())
}

fn show(store: &Store, run: &str, json: bool) -> Result<Ended, Failure> {
    let row = store.run_line(run)?;
    let zone = TimeZone::system();
    print(&match store.run(&row.run.0) {
        Ok(recorded) if json => report::json(&recorded)?,
        Ok(recorded) => report::run(&recorded, &zone),
        Err(StoreError::NoPlan(_)) if json => report::json(&row)?,
        Err(StoreError::NoPlan(_)) => report::run_line(&row, &zone),
        Err(fault) => return Err(fault.into()),
    })?;
    if !json {
        print(&report::answers(&answers(store, &row)?))?;
    }
    Ok(Ended::done())
}

/// The answers to the plan of a run that did not carry it out.
fn answers(store: &Store, row: &RunRow) -> Result<Vec<ApprovalRow>, Failure> {
    let Some(fingerprint) = row.fingerprint.as_deref().filter(|_| row.approved_by.is_none()) else { return Ok(Vec::new()) };
    Ok(store.approvals_of(fingerprint)?)
}

fn prune(settings: &Settings, mut store: Store, keep: Option<jiff::SignedDuration>, json: bool) -> Result<Ended, Failure> {
    let _lock = store.lock()?;
    let keep = keep.unwrap_or(settings.config.journal.keep);
    let pruned = store.prune(Timestamp::now() - keep)?;
    print(&if json {
        report::json(&serde_json::json!({ "runs": pruned.runs, "requests": pruned.requests }))?
    } else {
        format!("{} runs lost their values, with {} requests; their lines and counts are kept\n", pruned.runs, pruned.requests)
    })?;
    Ok(Ended::done())
}

fn verify(store: &Store, json: bool) -> Result<Ended, Failure> {
    let chain = store.verify_chain()?;
    let head = chain.head.as_deref().unwrap_or("none");
    print(&if json {
        report::json(&chain)?
    } else {
        format!("{} runs are linked, {} of them pruned; the head is {head}\n", chain.runs, chain.pruned)
    })?;
    Ok(match &chain.broken {
        Some(run) => Ended::with(Code::CannotRun, vec![format!("error: the run {run} is not as it was recorded")]),
        None => Ended::done(),
    })
}

fn export(store: &Store, since: Timestamp) -> Result<Ended, Failure> {
    let mut lines = String::new();
    for run in store.export_runs(since)? {
        lines.push_str(&serde_json::to_string(&run)?);
        lines.push('\n');
    }
    print(&lines)?;
    Ok(Ended::done())
}
