//! `hrpush sync`: from the configured source to the tenant, unattended.

use super::cli::{Common, Sync};
use super::run::{Choices, carry_out, run, settings_for};
use crate::session::decision::Consent;
use crate::session::error::{Ended, Failure};
use crate::session::feed_run::{Attendance, FeedRequest, plan};
use crate::session::run_end::RunKind;

pub(super) fn sync(common: &Common, args: &Sync) -> Result<Ended, Failure> {
    let consent = if args.stop.dry_run { Consent::Never } else { Consent::Given };
    let request = FeedRequest {
        options: (&args.map).into(),
        graph_url: args.target.graph_url.clone(),
        only: args.only.only.clone(),
        may_write: consent != Consent::Never,
        attendance: Attendance::Unattended { approves: args.stop.approve.clone() },
        ..FeedRequest::default()
    };
    run(common, RunKind::Sync, &settings_for(common, &args.stop, &args.metrics)?, async |session| {
        let pending = plan(session, &request).await?;
        Box::pin(carry_out(session, pending, Choices { common, stop: &args.stop, consent })).await
    })
}
