//! Waits for the network that have become long, so that a silent program is not taken for one that hangs.

use std::future::Future;
use std::time::Duration;

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::Instant;

/// After this time a wait is reported.
const LONG: Duration = Duration::from_secs(3);
/// After these times it is reported again, and from then on every minute.
const AGAIN: [Duration; 2] = [Duration::from_secs(15), Duration::from_mins(1)];

/// A wait that has become long.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LongWait {
    /// What is waited for, with its host.
    pub what: String,
    /// For how many seconds by now.
    pub seconds: u64,
}

/// Where long waits are reported. The default reports to nowhere.
#[derive(Clone, Debug, Default)]
pub struct WaitReporter(Option<UnboundedSender<LongWait>>);

impl WaitReporter {
    /// A reporter, and what receives its reports.
    pub fn channel() -> (Self, UnboundedReceiver<LongWait>) {
        let (sender, receiver) = unbounded_channel();
        (Self(Some(sender)), receiver)
    }

    /// Begins to count what one request waits, its repetitions included.
    pub fn watch(&self, what: impl Into<String>) -> WaitWatch {
        WaitWatch { reporter: self.clone(), what: what.into(), waited: Duration::ZERO, reports: 0 }
    }
}

/// The time that one request has waited.
#[derive(Debug)]
pub struct WaitWatch {
    reporter: WaitReporter,
    what: String,
    waited: Duration,
    reports: u32,
}

impl WaitWatch {
    /// Does the work, counts its time, and reports once the sum is long.
    ///
    /// ```
    /// # use hrpush::diagnostic::wait::WaitReporter;
    /// # tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(async {
    /// let (reporter, mut reports) = WaitReporter::channel();
    /// reporter.watch("graph.microsoft.com").during(tokio::time::sleep(std::time::Duration::from_secs(4))).await;
    /// assert_eq!(reports.recv().await.unwrap().seconds, 3);
    /// # });
    /// ```
    pub async fn during<T>(&mut self, work: impl Future<Output = T>) -> T {
        let begun = Instant::now();
        let before = self.waited;
        let mut work = std::pin::pin!(work);
        loop {
            let due = begun + self.next().saturating_sub(before);
            tokio::select! {
                biased;
                done = &mut work => {
                    self.waited = before + begun.elapsed();
                    return done;
                }
                () = tokio::time::sleep_until(due) => self.report(before + begun.elapsed()),
            }
        }
    }

    /// At which sum of waits the next report is due.
    fn next(&self) -> Duration {
        match self.reports {
            0 => LONG,
            1 => AGAIN[0],
            more => AGAIN[1] * (more - 1),
        }
    }

    fn report(&mut self, waited: Duration) {
        self.reports += 1;
        if let WaitReporter(Some(sender)) = &self.reporter {
            // Without a receiver the run is over.
            let _sent = sender.send(LongWait { what: self.what.clone(), seconds: waited.as_secs() });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reports(reports: &mut UnboundedReceiver<LongWait>) -> Vec<u64> {
        std::iter::from_fn(|| reports.try_recv().ok()).map(|wait| wait.seconds).collect()
    }

    async fn seconds(seconds: u64) {
        tokio::time::sleep(Duration::from_secs(seconds)).await;
    }

    #[tokio::test(start_paused = true)]
    async fn a_wait_is_reported_after_three_seconds_and_then_less_and_less_often() {
        let (reporter, mut reported) = WaitReporter::channel();
        reporter.watch("a").during(seconds(2)).await;
        assert!(reports(&mut reported).is_empty());
        reporter.watch("a").during(seconds(200)).await;
        assert_eq!(reports(&mut reported), [3, 15, 60, 120, 180]);
    }

    #[tokio::test(start_paused = true)]
    async fn repetitions_of_a_request_are_one_wait() {
        let (reporter, mut reported) = WaitReporter::channel();
        let mut watch = reporter.watch("a");
        for _ in 0..4 {
            watch.during(seconds(1)).await;
            // What is done between two waits is no wait.
            seconds(60).await;
        }
        assert_eq!(reports(&mut reported), [3]);
        let other = WaitReporter::default();
        other.watch("nobody listens").during(seconds(5)).await;
    }
}
