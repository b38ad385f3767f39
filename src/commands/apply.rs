//! `hrpush apply`: carries out a saved plan and nothing else.

use super::cli::{Apply, Common};
use super::run::{Choices, carry_out, run, settings_for};
use crate::session::error::{Ended, Failure};
use crate::session::run_end::RunKind;
use crate::session::saved_plan;

pub(super) fn apply(common: &Common, args: &Apply) -> Result<Ended, Failure> {
    run(common, RunKind::Apply, &settings_for(common, &args.stop, &args.metrics)?, async |session| {
        let graph_url = args.target.graph_url.as_deref();
        let pending = saved_plan::plan(session, &args.plan, graph_url, args.stop.approve.as_deref()).await?;
        Box::pin(carry_out(session, pending, Choices { common, stop: &args.stop, consent: args.stop.consent(&args.yes) })).await
    })
}
