//! One run as a span, and the metrics of all feeds, for a collector of OpenTelemetry.

use std::time::SystemTime;

use super::error::NotifyError;
use crate::report::MetricFamily;

/// A run as a collector of traces shows it. No part of it names a person.
#[derive(Clone, Debug, PartialEq)]
pub struct RunSpan {
    /// The command, such as `hrpush sync`.
    pub name: String,
    /// When the run began.
    pub started: SystemTime,
    /// When it ended.
    pub finished: SystemTime,
    /// Why it failed, where it did. The text names nobody.
    pub failure: Option<String>,
    /// What is known of the run, by the name of the attribute.
    pub facts: Vec<(&'static str, SpanFact)>,
}

/// The value of an attribute of a span.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SpanFact {
    /// A word, such as the kind of the end.
    Text(String),
    /// A number.
    Count(u64),
    /// A yes or no.
    Flag(bool),
}

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
#[expect(clippy::unused_async, reason = "the build with the feature waits for the collector")]
pub async fn send_telemetry(_metrics: Vec<MetricFamily>, _span: RunSpan) -> Result<(), NotifyError> {
    let why = "this build lacks the feature `otlp`; released binaries have it";
    Err(NotifyError::Telemetry(why.to_owned()))
}
