//! `hrpush import`: from HR files to the tenant, once confirmed.

use super::cli::{Common, Import};
use super::run::{Choices, carry_out, run, settings_for};
use crate::session::decision::Consent;
use crate::session::error::{Ended, Failure};
use crate::session::feed_run::{FeedRequest, plan};
use crate::session::run_end::RunKind;

pub(super) fn import(common: &Common, args: &Import) -> Result<Ended, Failure> {
    let consent = args.stop.consent(&args.yes);
    let request = FeedRequest {
        files: args.files.clone(),
        options: (&args.map).into(),
        graph_url: args.target.graph_url.clone(),
        only: args.only.only.clone(),
        partial: args.partial.partial,
        may_write: consent != Consent::Never,
        ..FeedRequest::default()
    };
    run(common, RunKind::Import, &settings_for(common, &args.stop, &args.metrics)?, async |session| {
        let pending = plan(session, &request).await?;
        Box::pin(carry_out(session, pending, Choices { common, stop: &args.stop, consent })).await
    })
}
