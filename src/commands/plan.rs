//! `hrpush plan`: computes a plan, shows it and saves it.

use super::cli::{Common, PlanArgs};
use super::run::{Choices, carry_out, run, settings};
use crate::session::decision::Consent;
use crate::session::error::{Ended, Failure};
use crate::session::feed_run::{self, FeedRequest};
use crate::session::output::write_private;
use crate::session::run_end::RunKind;

pub(super) fn plan(common: &Common, args: &PlanArgs) -> Result<Ended, Failure> {
    let request = FeedRequest {
        files: args.files.clone(),
        options: (&args.map).into(),
        graph_url: args.target.graph_url.clone(),
        only: args.only.only.clone(),
        partial: args.partial.partial,
        ..FeedRequest::default()
    };
    run(common, RunKind::Plan, &settings(common)?, async |session| {
        let mut pending = feed_run::plan(session, &request).await?;
        if let Some(path) = &args.out {
            write_private(path, &pending.document()?)?;
            pending.stage()?;
        }
        Box::pin(carry_out(session, pending, Choices { common, stop: &args.stop, consent: Consent::Never })).await
    })
}
