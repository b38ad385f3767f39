//! `hrpush explain`: prints everything about one person.

use super::cli::{Common, Explain, Format};
use super::output::print;
use super::run::{notes, run, settings};
use crate::record::EmployeeId;
use crate::report;
use crate::session;
use crate::session::error::{Ended, Failure};
use crate::session::explain::{ExplainRequest, PersonExplained};
use crate::session::run_end::RunKind;

pub(super) fn explain(common: &Common, args: &Explain) -> Result<Ended, Failure> {
    let request = ExplainRequest {
        key: EmployeeId::new(&args.key).ok_or_else(|| Failure::usage("the key is empty"))?,
        files: args.files.clone(),
        options: (&args.map).into(),
        graph_url: args.target.graph_url.clone(),
    };
    run(common, RunKind::Explain, &settings(common)?, async |session| {
        let explained = session::explain::explain(session, &request).await?;
        let PersonExplained { explanation, plan, notes: remarks } = &explained;
        print(&match common.format() {
            Format::Json => report::json(explanation)?,
            Format::Text => report::explanation(explanation, plan),
        })?;
        notes(common, remarks);
        Ok(Ended::done())
    })
}
