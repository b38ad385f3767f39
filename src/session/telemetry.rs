//! What a collector of OpenTelemetry gets after a run: the metrics of the metrics file, and the run as a span.

use std::env;

use super::metrics::figures;
use super::run_end::RunEnd;
use super::settings::Settings;
use crate::notify::{self, RunSpan, SpanFact};
use crate::report;
use crate::store::EndKind;

/// The variable that names the collector. Without it nothing is sent.
const ENDPOINT: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";

/// Sends metrics and span of a run, if the environment names a collector. A failure is a line of the log and nothing else.
pub(super) async fn send(settings: &Settings, end: &RunEnd) {
    let is_disabled = env::var("OTEL_SDK_DISABLED").is_ok_and(|word| word.trim().eq_ignore_ascii_case("true"));
    let is_named = env::var_os(ENDPOINT).is_some_and(|endpoint| !endpoint.is_empty());
    if !end.kind.plans() || !is_named || is_disabled {
        return;
    }
    // A run without its state folder still is a span.
    let feeds = settings.store().and_then(|store| figures(&store)).unwrap_or_default();
    if let Err(fault) = notify::send_telemetry(report::metric_families(&feeds), span(end)).await {
        tracing::warn!("metrics and span of this run were not sent to the collector in {ENDPOINT}: {fault}");
    }
}

fn span(end: &RunEnd) -> RunSpan {
    let facts = &end.facts;
    let text = |text: &Option<String>| text.clone().map(SpanFact::Text);
    let reason = end.reason();
    let all = [
        ("hrpush.command", Some(SpanFact::Text(end.kind.as_str().to_owned()))),
        ("hrpush.run", text(&facts.run)),
        ("hrpush.feed", text(&facts.feed)),
        ("hrpush.tenant", facts.tenant.as_ref().map(|tenant| SpanFact::Text(tenant.0.clone()))),
        ("hrpush.ended", Some(SpanFact::Text(end.end.as_str().to_owned()))),
        ("hrpush.exit_code", end.ended.as_ref().map(|ended| SpanFact::Count(ended.code.number().into()))),
        ("hrpush.reason_code", reason.as_ref().map(|reason| SpanFact::Text(reason.code().as_str().to_owned()))),
        ("hrpush.changes", Some(SpanFact::Count(facts.changes as u64))),
        ("hrpush.applied", Some(SpanFact::Count(facts.applied))),
        ("hrpush.failed", Some(SpanFact::Count(facts.failed as u64))),
        ("hrpush.held", facts.summary.as_ref().map(|summary| SpanFact::Count(summary.held))),
        ("hrpush.dry_run", Some(SpanFact::Flag(facts.dry_run))),
    ];
    let is_failure =
        matches!(end.end, EndKind::CannotRun | EndKind::Refused | EndKind::Crashed | EndKind::Stopped | EndKind::Interrupted);
    let failure = is_failure.then(|| reason.map_or_else(|| end.end.as_str().to_owned(), |reason| reason.to_string()));
    RunSpan {
        name: format!("hrpush {}", end.kind.as_str()),
        started: end.started.into(),
        finished: end.finished.into(),
        failure,
        facts: all.into_iter().filter_map(|(name, fact)| Some((name, fact?))).collect(),
    }
}
