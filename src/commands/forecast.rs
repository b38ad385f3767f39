//! `hrpush forecast`: prints what the dated records bring, day by day.

use super::cli::{Common, Forecast};
use super::format::ForecastFormat;
use super::output::print;
use super::run::{notes, run, settings};
use crate::report;
use crate::session::error::{Ended, Failure};
use crate::session::feed_run::FeedRequest;
use crate::session::forecast;
use crate::session::run_end::RunKind;

pub(super) fn forecast(common: &Common, args: &Forecast) -> Result<Ended, Failure> {
    let request = FeedRequest {
        files: args.files.clone(),
        options: (&args.map).into(),
        graph_url: args.target.graph_url.clone(),
        ..FeedRequest::default()
    };
    run(common, RunKind::Forecast, &settings(common)?, async |session| {
        let found = Box::pin(forecast::forecast(session, &request, args.weeks)).await?;
        print(&match args.format {
            ForecastFormat::Json => report::json(&found.days)?,
            ForecastFormat::Csv => report::forecast_csv(&found.days)?,
            ForecastFormat::Text => report::forecast(&found.days),
        })?;
        notes(common, &found.notes);
        Ok(found.ended)
    })
}
