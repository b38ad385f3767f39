//! The metrics of all feeds and the span of one run, for a collector of OpenTelemetry.

use super::error::NotifyError;
use super::run_span::RunSpan;
use crate::report::MetricFamily;

/// Sends metrics and span to the collector that `OTEL_EXPORTER_OTLP_ENDPOINT` names, as protobuf over HTTP.
///
/// # Errors
/// The collector is not reached, refuses them or does not answer in time, or this build lacks the feature `otlp`. No text contains an
/// address or a header.
#[cfg(feature = "otlp")]
pub async fn send_telemetry(metrics: Vec<MetricFamily>, span: RunSpan) -> Result<(), NotifyError> {
    super::otlp::send(metrics, span).await
}

/// This build sends none.
///
/// # Errors
/// Always.
#[cfg(not(feature = "otlp"))]
pub async fn send_telemetry(_metrics: Vec<MetricFamily>, _span: RunSpan) -> Result<(), NotifyError> {
    let why = "this build lacks the feature `otlp`; released binaries have it";
    Err(NotifyError::Telemetry(why.to_owned()))
}
