//! Metrics and spans by OTLP: protobuf over HTTP, sent by this program's own HTTP client.
//!
//! The exporter of OpenTelemetry reads its settings from the environment: the address, headers, compression and the time-out, each for all
//! signals or for one. An address or a header may be a secret, so no error shows one.

use std::env;
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

use async_trait::async_trait;
use opentelemetry::metrics::MeterProvider as _;
use opentelemetry::trace::{SpanContext, SpanId, SpanKind, Status, TraceFlags, TraceId, TraceState};
use opentelemetry::{InstrumentationScope, KeyValue, Value};
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{MetricExporter, Protocol, SpanExporter, WithExportConfig as _, WithHttpConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::{OTelSdkError, OTelSdkResult};
use opentelemetry_sdk::metrics::data::ResourceMetrics;
use opentelemetry_sdk::metrics::exporter::PushMetricExporter as _;
use opentelemetry_sdk::metrics::reader::MetricReader;
use opentelemetry_sdk::metrics::{InstrumentKind, ManualReader, Pipeline, SdkMeterProvider, Temporality};
use opentelemetry_sdk::trace::{SpanData, SpanEvents, SpanExporter as _, SpanLinks};
use url::Url;

use super::error::NotifyError;
use super::http::{Repeats, client};
use super::run_span::{RunSpan, SpanFact};
use crate::diagnostic::is_loopback;
use crate::diagnostic::network::{self, NetworkFault};
use crate::record::lock;
use crate::report::{Labels, MetricFamily, Samples};

/// The time for the answers of the collector, if the environment names none.
const TIMEOUT: Duration = Duration::from_secs(10);

/// The largest answer that is read.
const LARGEST_ANSWER: usize = 1 << 20;

pub(super) async fn send(metrics: Vec<MetricFamily>, span: RunSpan) -> Result<(), NotifyError> {
    check_protocol()?;
    let timeout = timeout();
    let collector = Collector { timeout, fault: Arc::default() };
    let resource = resource();
    let sent = async {
        let metrics = send_metrics(&collector, &resource, metrics).await;
        let span = send_span(&collector, &resource, span).await;
        metrics.and(span)
    };
    let sent = tokio::time::timeout(timeout, sent).await.map_err(|_| NotifyError::Slow(timeout))?;
    // The exporter keeps no reason of a request that was not answered.
    sent.map_err(|error| lock(&collector.fault).take().unwrap_or(error))
}

/// The exporter takes other protocols for this one, so a collector that expects them would get what it cannot read.
fn check_protocol() -> Result<(), NotifyError> {
    let names = ["OTEL_EXPORTER_OTLP_PROTOCOL", "OTEL_EXPORTER_OTLP_METRICS_PROTOCOL", "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL"];
    for name in names {
        if env::var(name).is_ok_and(|value| !value.trim().is_empty() && value.trim() != "http/protobuf") {
            return Err(NotifyError::Telemetry(format!("{name} asks for another protocol than http/protobuf")));
        }
    }
    Ok(())
}

fn timeout() -> Duration {
    let set = env::var("OTEL_EXPORTER_OTLP_TIMEOUT").ok().and_then(|text| text.trim().parse().ok());
    set.map_or(TIMEOUT, Duration::from_millis)
}

fn resource() -> Resource {
    let named = Resource::builder().build();
    // Without a name from the environment the detectors say `unknown_service`.
    let is_named = named.get(&"service.name".into()).is_some_and(|name| !name.as_str().starts_with("unknown_service"));
    let builder = Resource::builder();
    let builder = if is_named { builder } else { builder.with_service_name("hrpush") };
    builder.with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION"))).build()
}

async fn send_metrics(collector: &Collector, resource: &Resource, families: Vec<MetricFamily>) -> Result<(), NotifyError> {
    let exporter = MetricExporter::builder()
        .with_http()
        .with_http_client(collector.clone())
        .with_protocol(Protocol::HttpBinary)
        .with_temporality(Temporality::Cumulative)
        .build()
        .map_err(|_| unusable())?;
    let reader = OnDemand(Arc::new(ManualReader::builder().build()));
    let provider = SdkMeterProvider::builder().with_reader(reader.clone()).with_resource(resource.clone()).build();
    let meter = provider.meter("hrpush");
    for MetricFamily { name, help, samples } in families {
        match samples {
            Samples::Gauge(samples) => {
                let samples = with_attributes(samples);
                let gauge = meter.f64_observable_gauge(name).with_description(help);
                gauge.with_callback(move |to| samples.iter().for_each(|(labels, value)| to.observe(*value, labels))).build();
            }
            Samples::Counter(samples) => {
                let samples = with_attributes(samples);
                let counter = meter.u64_observable_counter(name).with_description(help);
                counter.with_callback(move |to| samples.iter().for_each(|(labels, value)| to.observe(*value, labels))).build();
            }
        }
    }
    let mut collected = ResourceMetrics::default();
    reader.collect(&mut collected).map_err(|error| refused(&error))?;
    exporter.export(&collected).await.map_err(|error| refused(&error))
}

fn with_attributes<T>(samples: Vec<(Labels, T)>) -> Vec<(Vec<KeyValue>, T)> {
    let attributes = |labels: Labels| labels.into_iter().map(|(name, value)| KeyValue::new(name, value)).collect();
    samples.into_iter().map(|(labels, value)| (attributes(labels), value)).collect()
}

async fn send_span(collector: &Collector, resource: &Resource, span: RunSpan) -> Result<(), NotifyError> {
    let mut exporter = SpanExporter::builder()
        .with_http()
        .with_http_client(collector.clone())
        .with_protocol(Protocol::HttpBinary)
        .build()
        .map_err(|_| unusable())?;
    exporter.set_resource(resource);
    let attribute = |(name, fact)| {
        let value: Value = match fact {
            SpanFact::Text(text) => text.into(),
            SpanFact::Count(count) => i64::try_from(count).unwrap_or(i64::MAX).into(),
            SpanFact::Flag(flag) => flag.into(),
        };
        KeyValue::new(name, value)
    };
    let data = SpanData {
        span_context: context()?,
        parent_span_id: SpanId::INVALID,
        parent_span_is_remote: false,
        span_kind: SpanKind::Internal,
        name: span.name.into(),
        start_time: span.started,
        end_time: span.finished,
        attributes: span.facts.into_iter().map(attribute).collect(),
        dropped_attributes_count: 0,
        events: SpanEvents::default(),
        links: SpanLinks::default(),
        status: span.failure.map_or(Status::Ok, Status::error),
        instrumentation_scope: InstrumentationScope::builder("hrpush").with_version(env!("CARGO_PKG_VERSION")).build(),
    };
    exporter.export(vec![data]).await.map_err(|error| refused(&error))
}

fn context() -> Result<SpanContext, NotifyError> {
    let (mut trace, mut span) = ([0; 16], [0; 8]);
    let random = |bytes: &mut [u8]| getrandom::fill(bytes).map_err(|error| NotifyError::Telemetry(error.to_string()));
    random(&mut trace)?;
    random(&mut span)?;
    let (trace, span) = (TraceId::from_bytes(trace), SpanId::from_bytes(span));
    Ok(SpanContext::new(trace, span, TraceFlags::SAMPLED, false, TraceState::default()))
}

/// The text of a fault in the settings may quote an address, so it is not shown.
fn unusable() -> NotifyError {
    NotifyError::Telemetry("a setting of the environment cannot be used: see OTEL_EXPORTER_OTLP_ENDPOINT and its like".to_owned())
}

fn refused(error: &OTelSdkError) -> NotifyError {
    NotifyError::Telemetry(format!("the collector did not take the figures: {error}"))
}

/// A reader that collects when it is asked to.
#[derive(Clone, Debug)]
struct OnDemand(Arc<ManualReader>);

impl MetricReader for OnDemand {
    fn register_pipeline(&self, pipeline: Weak<Pipeline>) {
        self.0.register_pipeline(pipeline);
    }

    fn collect(&self, metrics: &mut ResourceMetrics) -> OTelSdkResult {
        self.0.collect(metrics)
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.0.force_flush()
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.0.shutdown_with_timeout(timeout)
    }

    fn temporality(&self, kind: InstrumentKind) -> Temporality {
        self.0.temporality(kind)
    }
}

/// The way to the collector.
#[derive(Clone, Debug)]
struct Collector {
    timeout: Duration,
    /// Why the last request was not answered.
    fault: Arc<Mutex<Option<NotifyError>>>,
}

#[async_trait]
impl HttpClient for Collector {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        self.answer(request).await.map_err(|error| {
            let text = error.to_string();
            *lock(&self.fault) = Some(error);
            text.into()
        })
    }
}

impl Collector {
    async fn answer(&self, request: Request<Bytes>) -> Result<Response<Bytes>, NotifyError> {
        let (parts, body) = request.into_parts();
        let url = Url::parse(&parts.uri.to_string()).map_err(|_| NotifyError::Address("is not a URL"))?;
        check(&url, &parts.headers)?;
        let client = client(&url, Repeats::Body, self.timeout)?;
        let sent = client.post(url.clone()).headers(parts.headers).body(body).send().await;
        let mut answer = sent.map_err(|error| self.unanswered(error, &url))?;
        let mut whole = Response::builder().status(answer.status().as_u16());
        if let Some(wait) = answer.headers().get("retry-after") {
            whole = whole.header("retry-after", wait);
        }
        let mut body = Vec::new();
        while let Some(part) = answer.chunk().await.map_err(|error| self.unanswered(error, &url))? {
            body.extend_from_slice(&part);
            if body.len() > LARGEST_ANSWER {
                return Err(NotifyError::Telemetry("the answer of the collector is larger than 1 MiB".to_owned()));
            }
        }
        whole.body(Bytes::from(body)).map_err(|error| NotifyError::Telemetry(error.to_string()))
    }

    fn unanswered(&self, error: reqwest::Error, url: &Url) -> NotifyError {
        if error.is_timeout() {
            return NotifyError::Slow(self.timeout);
        }
        NotifyError::Connection(NetworkFault::of(&error.without_url(), &network::host(url), false).to_string())
    }
}

/// Refuses to send a secret in the clear: a header of the environment, or a password in the address.
fn check(url: &Url, headers: &http::HeaderMap) -> Result<(), NotifyError> {
    if !url.username().is_empty() || url.password().is_some() {
        return Err(NotifyError::Address("of the collector has a password: put it into OTEL_EXPORTER_OTLP_HEADERS"));
    }
    let is_open = url.scheme() == "http" && !url.host_str().is_some_and(is_loopback);
    let own = ["content-type", "content-encoding", "user-agent"];
    if is_open && headers.keys().any(|name| !own.contains(&name.as_str())) {
        return Err(NotifyError::Address(
            "of the collector uses plain http, and OTEL_EXPORTER_OTLP_HEADERS may have a secret: use https",
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_secret_leaves_in_the_clear() {
        let headers = |names: &[&'static str]| {
            let pairs = names.iter().map(|name| (http::HeaderName::from_static(name), http::HeaderValue::from_static("x")));
            pairs.collect::<http::HeaderMap>()
        };
        let judged = |url: &str, names: &[&'static str]| check(&Url::parse(url).unwrap(), &headers(names)).is_ok();
        assert!(judged("http://collector.example:4318/v1/metrics", &["content-type", "user-agent"]));
        assert!(!judged("http://collector.example:4318/v1/metrics", &["content-type", "api-key"]));
        assert!(judged("https://collector.example/v1/metrics", &["api-key"]));
        assert!(judged("http://127.0.0.1:4318/v1/metrics", &["api-key"]));
        assert!(!judged("https://user:secret@collector.example/v1/metrics", &[]));
    }
}
