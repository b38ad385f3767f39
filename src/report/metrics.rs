//! The metrics of the feeds as `OpenMetrics` text, for the textfile collector of a monitor.

use std::fmt;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric, text};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Registry;

use crate::plan::GuardName;

/// The figures of one feed. A run that ended before its feed was known belongs to the feed without a name.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FeedFigures {
    /// The name of the feed.
    pub feed: String,
    /// The end of the last run, in seconds since 1970.
    pub last_run: Option<f64>,
    /// The end of the last good run, in seconds since 1970.
    pub last_good_run: Option<f64>,
    /// The duration of the last run in seconds.
    pub duration: Option<f64>,
    /// The exit code of the last run. A crash has none.
    pub exit_code: Option<u8>,
    /// The changes of the last plan by their action.
    pub changes: Vec<(&'static str, u64)>,
    /// The records that the last plan held.
    pub held: Option<u64>,
    /// The guards of the last plan, and whether each tripped.
    pub guards: Vec<(GuardName, bool)>,
    /// The writes of all runs.
    pub writes: u64,
    /// The requests of all runs that the rate limit refused.
    pub throttled: u64,
}

/// One metric of all feeds.
#[derive(Clone, Debug, PartialEq)]
pub struct MetricFamily {
    /// The name, without the `_total` that the text of a counter has.
    pub name: &'static str,
    /// What it measures, as a sentence.
    pub help: &'static str,
    /// The values with their labels.
    pub samples: Samples,
}

/// The values of one metric.
#[derive(Clone, Debug, PartialEq)]
pub enum Samples {
    /// Values that rise and fall.
    Gauge(Vec<(Labels, f64)>),
    /// Values that only rise.
    Counter(Vec<(Labels, u64)>),
}

/// The labels of one sample.
pub type Labels = Vec<(&'static str, String)>;

/// The metrics of the feeds, for the metrics file and for a collector alike.
///
/// ```
/// use hrpush::report::{FeedFigures, Samples, metric_families};
///
/// let feed = FeedFigures { feed: "HR".to_owned(), writes: 17, ..FeedFigures::default() };
/// let families = metric_families(&[feed]);
/// let writes = families.iter().find(|family| family.name == "hrpush_writes").unwrap();
/// assert_eq!(writes.samples, Samples::Counter(vec![(vec![("feed", "HR".to_owned())], 17)]));
/// ```
pub fn metric_families(feeds: &[FeedFigures]) -> Vec<MetricFamily> {
    let changes =
        |feed: &FeedFigures| feed.changes.iter().map(|(action, count)| ("action", (*action).to_owned(), float(*count))).collect();
    let guards = |feed: &FeedFigures| {
        feed.guards.iter().map(|(name, tripped)| ("guard", name.to_string(), if *tripped { 1.0 } else { 0.0 })).collect()
    };
    let family = |name, help, samples| MetricFamily { name, help, samples };
    vec![
        family("hrpush_last_run_timestamp_seconds", "The end of the last run.", gauge(feeds, |feed| feed.last_run)),
        family(
            "hrpush_last_good_run_timestamp_seconds",
            "The end of the last good run.",
            gauge(feeds, |feed| feed.last_good_run),
        ),
        family("hrpush_run_duration_seconds", "The duration of the last run.", gauge(feeds, |feed| feed.duration)),
        family("hrpush_run_exit_code", "The exit code of the last run.", gauge(feeds, |feed| feed.exit_code.map(f64::from))),
        family("hrpush_changes", "The changes of the last plan.", labelled(feeds, changes)),
        family("hrpush_held", "The records that the last plan held.", gauge(feeds, |feed| feed.held.map(float))),
        family("hrpush_guard_tripped", "Whether the guard tripped in the last plan.", labelled(feeds, guards)),
        family("hrpush_writes", "The writes of all runs.", counter(feeds, |feed| feed.writes)),
        family(
            "hrpush_throttled",
            "The requests of all runs that the rate limit refused.",
            counter(feeds, |feed| feed.throttled),
        ),
    ]
}

fn gauge(feeds: &[FeedFigures], value: impl Fn(&FeedFigures) -> Option<f64>) -> Samples {
    Samples::Gauge(feeds.iter().filter_map(|feed| Some((labels(feed), value(feed)?))).collect())
}

/// A gauge with a second label.
fn labelled(feeds: &[FeedFigures], values: impl Fn(&FeedFigures) -> Vec<(&'static str, String, f64)>) -> Samples {
    let of_feed = |feed: &FeedFigures| {
        let samples = values(feed).into_iter().map(|(label, word, value)| {
            let mut labels = labels(feed);
            labels.push((label, word));
            (labels, value)
        });
        samples.collect::<Vec<_>>()
    };
    Samples::Gauge(feeds.iter().flat_map(of_feed).collect())
}

fn counter(feeds: &[FeedFigures], value: impl Fn(&FeedFigures) -> u64) -> Samples {
    Samples::Counter(feeds.iter().map(|feed| (labels(feed), value(feed))).collect())
}

/// The text of the metrics file.
///
/// ```
/// use hrpush::report::{FeedFigures, metrics};
///
/// let feed = FeedFigures { feed: "HR".to_owned(), exit_code: Some(3), ..FeedFigures::default() };
/// let text = metrics(&[feed]);
/// assert!(text.contains("hrpush_run_exit_code{feed=\"HR\"} 3.0\n") && text.ends_with("# EOF\n"));
/// ```
pub fn metrics(feeds: &[FeedFigures]) -> String {
    let mut registry = Registry::default();
    registry.register_collector(Box::new(Families(metric_families(feeds))));
    let mut written = String::new();
    // Writing into a text cannot fail.
    let _ = text::encode(&mut written, &registry);
    written
}

#[derive(Debug)]
struct Families(Vec<MetricFamily>);

impl Collector for Families {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        for MetricFamily { name, help, samples } in &self.0 {
            match samples {
                Samples::Gauge(samples) => {
                    let mut metric = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
                    for (labels, value) in samples {
                        ConstGauge::new(*value).encode(metric.encode_family(labels)?)?;
                    }
                }
                Samples::Counter(samples) => {
                    let mut metric = encoder.encode_descriptor(name, help, None, MetricType::Counter)?;
                    for (labels, value) in samples {
                        ConstCounter::new(*value).encode(metric.encode_family(labels)?)?;
                    }
                }
            }
        }
        Ok(())
    }
}

fn labels(feed: &FeedFigures) -> Labels {
    vec![("feed", feed.feed.clone())]
}

/// Counts of people are far below the 53 bits that are exact.
#[expect(clippy::cast_precision_loss, reason = "2^53 people do not exist")]
fn float(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_metric_of_the_contract_has_a_sample() {
        let feed = FeedFigures {
            feed: "HR \"north\"\\".to_owned(),
            last_run: Some(1_795_575_604.5),
            last_good_run: Some(1_795_489_204.0),
            duration: Some(3.25),
            exit_code: Some(4),
            changes: vec![("create", 3), ("update", 14)],
            held: Some(2),
            guards: vec![(GuardName::Disable, false), (GuardName::Feed, true)],
            writes: 17,
            throttled: 1,
        };
        let text = metrics(&[feed]);
        let label = "feed=\"HR \\\"north\\\"\\\\\"";
        for line in [
            format!("hrpush_last_run_timestamp_seconds{{{label}}} 1795575604.5"),
            format!("hrpush_last_good_run_timestamp_seconds{{{label}}} 1795489204.0"),
            format!("hrpush_run_duration_seconds{{{label}}} 3.25"),
            format!("hrpush_run_exit_code{{{label}}} 4.0"),
            format!("hrpush_changes{{{label},action=\"update\"}} 14.0"),
            format!("hrpush_held{{{label}}} 2.0"),
            format!("hrpush_guard_tripped{{{label},guard=\"feed\"}} 1.0"),
            format!("hrpush_writes_total{{{label}}} 17"),
            format!("hrpush_throttled_total{{{label}}} 1"),
            "# TYPE hrpush_writes counter".to_owned(),
        ] {
            assert!(text.lines().any(|found| found == line), "{line}\n{text}");
        }
    }

    #[test]
    fn what_is_not_known_has_no_sample() {
        let text = metrics(&[FeedFigures::default()]);
        assert!(!text.contains("hrpush_held{") && !text.contains("hrpush_run_exit_code{"), "{text}");
        assert!(text.contains("hrpush_writes_total{feed=\"\"} 0\n"), "{text}");
    }
}
