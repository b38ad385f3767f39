//! `hrpush decide`: records, lists and ends decisions by hand.

use super::cli::{Common, Decide, Format};
use super::output::print;
use super::run::{run, settings};
use crate::record::EmployeeId;
use crate::report;
use crate::session::decide::{decide as record, forget, list};
use crate::session::error::{Ended, Failure};
use crate::session::manual_decision::{Choice, DecideRequest};
use crate::session::run_end::RunKind;
use crate::store::DecisionRow;

pub(super) fn decide(common: &Common, args: &Decide) -> Result<Ended, Failure> {
    let settings = settings(common)?;
    let key = args.key.as_deref().map(|key| EmployeeId::new(key).ok_or_else(|| Failure::usage("the key is empty")));
    let key = key.transpose()?;
    let Some(key) = key.filter(|_| !args.action.list) else {
        let key = args.key.as_deref().and_then(EmployeeId::new);
        let rows = list(&settings, key.as_ref())?;
        return show(common, &rows, |rows| report::decision_list(rows));
    };
    if args.action.forget {
        let row = forget(&settings, &key, args.target.graph_url.as_deref())?;
        return show(common, &row, report::forgotten);
    }
    let choice = match &args.action.same {
        Some(account) => Choice::Same(account.trim().to_owned()),
        None if args.action.new => Choice::New,
        None => Choice::Keep,
    };
    let request = DecideRequest {
        key,
        choice,
        note: args.note.clone(),
        files: args.files.clone(),
        options: (&args.map).into(),
        graph_url: args.target.graph_url.clone(),
    };
    run(common, RunKind::Decide, &settings, async |session| {
        let row: DecisionRow = record(session, &request).await?;
        show(common, &row, report::decided)
    })
}

fn show<T: serde::Serialize>(common: &Common, document: &T, text: impl FnOnce(&T) -> String) -> Result<Ended, Failure> {
    print(&match common.format() {
        Format::Json => report::json(document)?,
        Format::Text => text(document),
    })?;
    Ok(Ended::done())
}
