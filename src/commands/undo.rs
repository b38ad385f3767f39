//! `hrpush undo`: carries out the inverse of an earlier run.

use super::cli::{Common, Undo};
use super::run::{Choices, carry_out, run, settings_for};
use crate::session::error::{Ended, Failure};
use crate::session::run_end::RunKind;
use crate::session::undo;

pub(super) fn undo(common: &Common, args: &Undo) -> Result<Ended, Failure> {
    run(common, RunKind::Undo, &settings_for(common, &args.stop, &args.metrics)?, async |session| {
        let pending = undo::plan(session, &args.run, args.target.graph_url.as_deref()).await?;
        Box::pin(carry_out(session, pending, Choices { common, stop: &args.stop, consent: args.stop.consent(&args.yes) })).await
    })
}
