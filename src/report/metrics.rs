//! The metrics of the feeds as `OpenMetrics` text, for the textfile collector of a monitor.

use std::fmt;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric, text};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Registry;

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
    pub guards: Vec<(String, bool)>,
    /// The writes of all runs.
    pub writes: u64,
    /// The requests of all runs that the rate limit refused.
    pub throttled: u64,
}

/// The text of the metrics file.
///
/// ```
/// use hrpush::report::{FeedFigures, metrics};
///
/// let feed = FeedFigures { feed: "HR".to_owned(), exit_code: Some(3), ..FeedFigures::default() };
/// let text = metrics(vec![feed]);
/// assert!(text.contains("hrpush_run_exit_code{feed=\"HR\"} 3.0\n") && text.ends_with("# EOF\n"));
/// ```
pub fn metrics(feeds: Vec<FeedFigures>) -> String {
    let mut registry = Registry::default();
    registry.register_collector(Box::new(Feeds(feeds)));
    let mut written = String::new();
    // Writing into a text cannot fail.
    let _ = text::encode(&mut written, &registry);
    written
}

#[derive(Debug)]
struct Feeds(Vec<FeedFigures>);

/// The labels of one sample.
type Labels = Vec<(&'static str, String)>;

impl Collector for Feeds {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        self.gauge(&mut encoder, "last_run_timestamp_seconds", "The end of the last run.", |feed| feed.last_run)?;
        self.gauge(&mut encoder, "last_good_run_timestamp_seconds", "The end of the last good run.", |feed| feed.last_good_run)?;
        self.gauge(&mut encoder, "run_duration_seconds", "The duration of the last run.", |feed| feed.duration)?;
        self.gauge(&mut encoder, "run_exit_code", "The exit code of the last run.", |feed| feed.exit_code.map(f64::from))?;
        let changes = |feed: &FeedFigures| {
            feed.changes.iter().map(|(action, count)| ("action", (*action).to_owned(), float(*count))).collect()
        };
        self.labelled(&mut encoder, "changes", "The changes of the last plan.", changes)?;
        self.gauge(&mut encoder, "held", "The records that the last plan held.", |feed| feed.held.map(float))?;
        let guards = |feed: &FeedFigures| {
            feed.guards.iter().map(|(name, tripped)| ("guard", name.clone(), if *tripped { 1.0 } else { 0.0 })).collect()
        };
        self.labelled(&mut encoder, "guard_tripped", "Whether the guard tripped in the last plan.", guards)?;
        self.counter(&mut encoder, "writes", "The writes of all runs.", |feed| feed.writes)?;
        self.counter(&mut encoder, "throttled", "The requests of all runs that the rate limit refused.", |feed| feed.throttled)
    }
}

impl Feeds {
    fn gauge(
        &self,
        encoder: &mut DescriptorEncoder<'_>,
        name: &str,
        help: &str,
        value: impl Fn(&FeedFigures) -> Option<f64>,
    ) -> fmt::Result {
        let samples = self.0.iter().filter_map(|feed| Some((labels(feed), value(feed)?)));
        family(encoder, name, help, samples)
    }

    /// A gauge with a second label.
    fn labelled(
        &self,
        encoder: &mut DescriptorEncoder<'_>,
        name: &str,
        help: &str,
        values: impl Fn(&FeedFigures) -> Vec<(&'static str, String, f64)>,
    ) -> fmt::Result {
        let of_feed = |feed: &FeedFigures| {
            let samples = values(feed).into_iter().map(|(label, word, value)| {
                let mut labels = labels(feed);
                labels.push((label, word));
                (labels, value)
            });
            samples.collect::<Vec<_>>()
        };
        family(encoder, name, help, self.0.iter().flat_map(of_feed))
    }

    fn counter(
        &self,
        encoder: &mut DescriptorEncoder<'_>,
        name: &str,
        help: &str,
        value: impl Fn(&FeedFigures) -> u64,
    ) -> fmt::Result {
        let name = format!("hrpush_{name}");
        let mut metric = encoder.encode_descriptor(&name, help, None, MetricType::Counter)?;
        for feed in &self.0 {
            ConstCounter::new(value(feed)).encode(metric.encode_family(&labels(feed))?)?;
        }
        Ok(())
    }
}

fn family(
    encoder: &mut DescriptorEncoder<'_>,
    name: &str,
    help: &str,
    samples: impl Iterator<Item = (Labels, f64)>,
) -> fmt::Result {
    let name = format!("hrpush_{name}");
    let mut metric = encoder.encode_descriptor(&name, help, None, MetricType::Gauge)?;
    for (labels, value) in samples {
        ConstGauge::new(value).encode(metric.encode_family(&labels)?)?;
    }
    Ok(())
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
            guards: vec![("disable".to_owned(), false), ("feed".to_owned(), true)],
            writes: 17,
            throttled: 1,
        };
        let text = metrics(vec![feed]);
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
        let text = metrics(vec![FeedFigures::default()]);
        assert!(!text.contains("hrpush_held{") && !text.contains("hrpush_run_exit_code{"), "{text}");
        assert!(text.contains("hrpush_writes_total{feed=\"\"} 0\n"), "{text}");
    }
}
